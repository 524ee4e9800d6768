"""What every network of mien returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Output(NamedTuple):
    """Named results of ``forward(images: float32 (N, 3, H, W))``.

    Attributes:
        logits: (N, M), one column per class.
        features: (N, D), what the classifier sees.
        attention: maps or token scores, where a network has them.
    """

    logits: Tensor
    features: Tensor
    attention: Tensor | None = None
