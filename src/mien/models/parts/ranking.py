"""How attentive pooling ranks positions, and how many it keeps.

Both poolings of APViT reduce a bundle of values per position to one score, by the same three
hand-designed criteria (paper, section 3.2): patch pooling over channels, token pooling over
the heads of self-attention.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from ...errors import ModelError

CRITERIA: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": lambda values: values.abs().sum(1),
    "sum": lambda values: values.sum(1),
    "max": lambda values: values.amax(1),
}
"""Reductions (N, bundle, ...) -> (N, ...) over channels or heads."""

Ratio = tuple[int, int]
"""Numerator and denominator: whole numbers, which a compiled graph can reckon with."""


def score(values: Tensor, criterion: str) -> Tensor:
    """Scores (N, ...) of values (N, bundle, ...), in float32 at least.

    The eight bits of a bfloat16 would make one score of many.
    """
    return CRITERIA[criterion](values.to(torch.promote_types(values.dtype, torch.float32)))


def best(scores: Tensor, number: int) -> Tensor:
    """Indices (N, number), ascending, of the highest of scores (N, n).

    Of equal scores the first positions win. Devices and ONNX each have their own order
    there, so only the lowest score that is kept comes from them.
    """
    scores = scores.detach()
    lowest = scores.topk(number, dim=1).values[:, -1:]
    above, level = scores > lowest, scores == lowest
    places_left = number - above.sum(1, keepdim=True)
    keep = above | (level & (level.cumsum(1) <= places_left))
    places = torch.arange(scores.shape[1], device=scores.device)
    first_the_kept = torch.where(keep, places, places + scores.shape[1])
    return first_the_kept.sort(dim=1).indices[:, :number]


def gather(tokens: Tensor, kept: Tensor) -> Tensor:
    """The tokens (N, k, D) at indices kept (N, k) of tokens (N, n, D)."""
    return tokens.gather(1, kept.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))


def exact(share: float) -> Fraction:
    """The decimal number that was written: 0.7 of 90 is 63, in binary floats 62.99."""
    return Fraction(str(share))


def decayed(progress: float) -> Fraction:
    """Share of the way to the final numbers, checked.

    Raises:
        ModelError: if it is outside 0 to 1.
    """
    if not 0 <= progress <= 1:
        raise ModelError(f"progress is {progress}; it must lie between 0 and 1")
    return exact(progress)
