"""Labels that say that there is none, and means over the others.

Aff-Wild2 labels some videos with expressions, some with action units, some with both. The
released APViT code marks a missing label by 255, the data set itself by -1; we take both.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

UNLABELLED = (255, -1)


def labelled(labels: Tensor, ignored: Collection[int] = UNLABELLED) -> Tensor:
    """Where labels (any shape) are none of ``ignored``, bool of the same shape."""
    mask = torch.ones_like(labels, dtype=torch.bool)
    for one in ignored:
        mask = mask & (labels != one)
    return mask


def mean_where(mask: Tensor, values: Tensor) -> Tensor:
    """Mean of ``values`` where ``mask`` (same shape); 0, with a gradient of 0, if nowhere."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)
