"""DAN's affinity loss: features near their class's centre, centres far from each other.

Paper, Eq. 2: L_af = sum_i ||x_i - c_{y_i}||^2 / sigma_c, where sigma_c is "the standard
deviation among class centers". The released code, which we follow, differs twice: it divides
by the sum over dimensions of the *variance* among centres, and by the number of pictures.
The paper draws the centres from a Gaussian and does not say that they learn; in the code they
do, and since the gradient runs through the denominator as well, they are driven apart.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import TensorError
from ..options import check_count
from .checks import check_floats, check_labels
from .precision import single

# Bounds of one picture's term, of the released code.
_LEAST, _MOST = 1e-12, 1e12


def centre_spread(centres: Tensor) -> Tensor:
    """The denominator S: variance over the centres (unbiased), summed over dimensions.

    About D for the centres (K, D) of a fresh :class:`AffinityLoss`.

    Raises:
        TensorError: if there is only one centre, or all are equal or not finite.
    """
    if centres.ndim != 2 or centres.shape[0] < 2 or not centres.is_floating_point():
        raise TensorError(
            "centres are floating point (K, D) with K of at least 2, "
            f"not {centres.dtype} {tuple(centres.shape)}"
        )
    spread = single(centres).var(dim=0).sum()
    if not torch.compiler.is_compiling() and not spread > 0:
        raise TensorError("the centres are all equal, or contain NaN or infinite values")
    return spread


def affinity_loss(pooled: Tensor, labels: Tensor, centres: Tensor) -> Tensor:
    """Mean over the pictures of ||x_i - c_{y_i}||^2 / S.

    Args:
        pooled: float (N, D), global average of the backbone's maps, not normalised.
        labels: int64 (N,), class indices below K.
        centres: float (K, D), one for each class, and more if wanted: those that are nobody's
            class count in S alone.

    Returns:
        A scalar, float32 at least; gradients reach ``pooled``, ``centres`` and S.

    Raises:
        TensorError: naming the tensor that is wrong.
    """
    check_floats("pooled features", pooled, "N, D")
    spread = centre_spread(centres)
    if pooled.shape[1] != centres.shape[1]:
        raise TensorError(
            f"pooled features have {pooled.shape[1]} dimensions, centres {centres.shape[1]}"
        )
    check_labels(labels, pooled.shape[0], centres.shape[0])
    distances = (single(pooled) - single(centres)[labels]).square().sum(dim=1)
    # The code clamps a matrix of all centres, masked by the labels, so that every other
    # centre adds 1e-12 to a picture's term. We leave that constant out.
    return (distances / spread).clamp(_LEAST, _MOST).mean()


class AffinityLoss(nn.Module):
    """:func:`affinity_loss` with centres that learn.

    The released code gives centres and network to one optimiser, in one group: same rate,
    momentum and weight decay. Hand it ``parameters()`` of this module too.

    Args:
        classes: M, number of classes.
        width: D, dimensions of the pooled features.
        centres: number of centres, ``classes`` if ``None``; 8 with 7 classes is the released
            RAF-DB run, where the eighth acts through S only.

    Raises:
        ModelError: naming the option that is out of bounds.
    """

    def __init__(self, classes: int, width: int, centres: int | None = None) -> None:
        super().__init__()
        number = classes if centres is None else centres
        check_count("classes", classes, 1)
        check_count("width", width, 1)
        check_count("centres", number, max(classes, 2))
        self.classes = classes
        self.centres = nn.Parameter(torch.randn(number, width))

    def forward(self, pooled: Tensor, labels: Tensor) -> Tensor:
        """Pooled features (N, D) and class indices (N,) to a scalar."""
        check_labels(labels, pooled.shape[0], self.classes)
        return affinity_loss(pooled, labels, self.centres)
