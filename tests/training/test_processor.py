from __future__ import annotations

import platform
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mien.training.processor import has_bfloat16, has_matrix_unit  # noqa: E402

CPU_INFO = Path("/proc/cpuinfo")
says_what_it_has = pytest.mark.skipif(
    not CPU_INFO.exists() or platform.machine() != "x86_64",
    reason="the system does not say what its processor has",
)


@says_what_it_has
def test_the_matrix_unit_is_the_one_that_the_system_names() -> None:
    assert has_matrix_unit() == ("amx_tile" in CPU_INFO.read_text().split())


@says_what_it_has
def test_bfloat16_is_there_where_the_system_names_it() -> None:
    assert has_bfloat16() == ("avx512_bf16" in CPU_INFO.read_text().split())


def test_elsewhere_onednn_is_asked_if_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apple's processors have it, and torch no kernels for it without oneDNN."""
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not has_bfloat16()


@pytest.mark.parametrize("emulated", [True, False])
def test_what_an_accelerator_emulates_it_has_not(
    emulated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(*, including_emulation: bool) -> bool:
        return including_emulation or not emulated

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert has_bfloat16("cuda") != emulated
