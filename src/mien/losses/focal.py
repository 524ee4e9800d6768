"""Focal loss over classes (Lin et al. 2017), for pictures of which some have no label.

Lin et al., Eq. 4: -(1 - p)^gamma log p, with p the probability of the true class; their alpha
is 1 here. APViT's repository carries it for Aff-Wild2. Two things differ from that code: it
has a mistake, dividing the mean over the batch once more by the number of labelled pictures,
which makes the loss about a batch too small, where we divide the sum by that number once; and
it adds 1e-4 to p against log 0, where the log-softmax needs nothing.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..options import check_weight
from .checks import check_floats, check_labels
from .precision import single
from .unlabelled import UNLABELLED, labelled, mean_where


def focal_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    gamma: float = 2.0,
    ignored: Collection[int] = UNLABELLED,
) -> Tensor:
    """Mean over the labelled pictures of -(1 - p)^gamma log p.

    Args:
        logits: float (N, M), N pictures, M classes.
        labels: int64 (N,), class indices or one of ``ignored``.
        gamma: 0 is cross entropy; the larger, the less count pictures that are right anyway.
        ignored: indices that mark pictures without a label.

    Returns:
        A scalar, float32 at least; 0, with a gradient of 0, if no picture has a label.

    Raises:
        TensorError: naming the tensor that is wrong.
        ModelError: if gamma is negative.
    """
    check_weight("gamma", gamma)
    check_floats("logits", logits, "N, M")
    check_labels(labels, logits.shape[0], logits.shape[1], ignored)
    mask = labelled(labels, ignored)
    entropy = functional.cross_entropy(single(logits), labels.where(mask, 0), reduction="none")
    # 1 - exp(-entropy), exact near 0. The bound keeps the power's slope finite at p = 1, where
    # for gamma below 1 it would be infinite and times 0.
    rest = -torch.expm1(-entropy)
    rest = rest.clamp(min=torch.finfo(rest.dtype).tiny)
    return mean_where(mask, rest.pow(gamma) * entropy)


class FocalLoss(nn.Module):
    """:func:`focal_loss` with its options.

    Raises:
        ModelError: if gamma is negative.
    """

    def __init__(self, gamma: float = 2.0, ignored: Collection[int] = UNLABELLED) -> None:
        super().__init__()
        check_weight("gamma", gamma)
        self.gamma = gamma
        self.ignored = tuple(ignored)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits (N, M) and class indices (N,) to a scalar."""
        return focal_loss(logits, labels, gamma=self.gamma, ignored=self.ignored)
