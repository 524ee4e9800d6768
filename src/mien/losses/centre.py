"""Centre loss (Wen et al. 2016), which DAN's Table 1 compares with its affinity loss.

Wen et al., Eq. 2: L_C = 1/2 sum_i ||x_i - c_{y_i}||^2. Two things are ours: the mean over the
pictures instead of the sum, so that the weight does not depend on the batch, and centres that
learn by the loss's own gradient, like those of the affinity loss. (Wen et al., Eq. 4, move
them by a rule of their own, damped for classes with few pictures.) Nothing drives the centres
apart here: that is the difference DAN is about.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import TensorError
from ..options import check_count
from .checks import check_floats, check_labels
from .precision import single


def centre_loss(pooled: Tensor, labels: Tensor, centres: Tensor) -> Tensor:
    """Half the mean over the pictures of ||x_i - c_{y_i}||^2.

    Args:
        pooled: float (N, D), features, not normalised.
        labels: int64 (N,), class indices below K.
        centres: float (K, D), one for each class.

    Returns:
        A scalar, float32 at least; gradients reach ``pooled`` and ``centres``.

    Raises:
        TensorError: naming the tensor that is wrong.
    """
    check_floats("pooled features", pooled, "N, D")
    check_floats("centres", centres, "K, D")
    if pooled.shape[1] != centres.shape[1]:
        raise TensorError(
            f"pooled features have {pooled.shape[1]} dimensions, centres {centres.shape[1]}"
        )
    check_labels(labels, pooled.shape[0], centres.shape[0])
    return (single(pooled) - single(centres)[labels]).square().sum(dim=1).mean() / 2


class CentreLoss(nn.Module):
    """:func:`centre_loss` with centres that learn by gradient, drawn from N(0, 1).

    Hand the optimiser ``parameters()`` of this module too.

    Args:
        classes: M, number of classes.
        width: D, dimensions of the pooled features.

    Raises:
        ModelError: naming the option that is out of bounds.
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        check_count("classes", classes, 1)
        check_count("width", width, 1)
        self.centres = nn.Parameter(torch.randn(classes, width))

    def forward(self, pooled: Tensor, labels: Tensor) -> Tensor:
        """Pooled features (N, D) and class indices (N,) to a scalar."""
        return centre_loss(pooled, labels, self.centres)
