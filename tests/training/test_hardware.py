from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.errors import InputError  # noqa: E402
from mien.training.hardware import Hardware  # noqa: E402
from mien.training.recipes.ferplus_cpu import DAN  # noqa: E402


@pytest.mark.parametrize(
    ("wanted", "accelerator", "on_processors_with", "on_others"),
    [
        ("bf16-mixed", "cpu", "bf16-mixed", "32-true"),
        ("bf16-true", "cpu", "bf16-true", "32-true"),
        ("16-mixed", "cpu", "16-mixed", "16-mixed"),
        ("32-true", "cpu", "32-true", "32-true"),
        ("bf16-mixed", "gpu", "bf16-mixed", "32-true"),
        ("16-mixed", "auto", "16-mixed", "16-mixed"),
    ],
)
def test_bfloat16_gives_way_where_the_processor_lacks_it(
    wanted: str,
    accelerator: str,
    on_processors_with: str,
    on_others: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    hardware, recipe = Hardware(accelerator=accelerator), replace(DAN, precision=wanted)
    for has, used in ((True, on_processors_with), (False, on_others)):
        monkeypatch.setattr("mien.training.hardware.has_bfloat16", lambda _, has=has: has)
        assert hardware.precision(recipe) == used


@pytest.mark.parametrize(("cuda", "taken"), [(True, "cuda"), (False, "cpu")])
def test_apple_s_gpu_is_never_taken(
    cuda: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert Hardware().settings()["accelerator"] == taken
    Hardware().check(DAN)
    for name in ("mps", "gpu") if not cuda else ("mps",):
        with pytest.raises(InputError, match="take --accelerator cpu"):
            Hardware(accelerator=name).check(DAN)
