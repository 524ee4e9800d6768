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
def test_bfloat16_comes_with_the_wide_registers() -> None:
    """oneDNN counts on AVX-512 with bytes and words, its conversions of bfloat16 or not."""
    assert has_bfloat16() == ("avx512bw" in CPU_INFO.read_text().split())


def test_without_onednn_there_is_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not has_bfloat16()
