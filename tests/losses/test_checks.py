"""What is refused before a loss is computed."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from mien.losses.checks import is_finite  # noqa: E402


@pytest.mark.parametrize("wrong", [[math.nan], [math.inf], [-math.inf], [math.inf, -math.inf]])
def test_one_value_that_is_not_finite_is_found(wrong: list[float]) -> None:
    tensor = torch.randn(2, 3, 5)
    assert is_finite(tensor)
    tensor.view(-1)[3 : 3 + len(wrong)] = torch.tensor(wrong)
    assert not is_finite(tensor)


@pytest.mark.parametrize(
    ("kind", "large"), [(torch.float32, 3e38), (torch.float16, 6e4), (torch.bfloat16, 3e38)]
)
def test_a_sum_beyond_all_numbers_is_of_finite_ones(kind: torch.dtype, large: float) -> None:
    tensor = torch.full((4,), large, dtype=kind)
    assert not tensor.sum().isfinite()
    assert is_finite(tensor)
    assert is_finite(torch.empty(0, 3, dtype=kind))
