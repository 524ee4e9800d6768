"""Cross entropy of the logits, and MSA-Net's, which is scaled by 0.6.

DAN, TransFER, LLA-Net and APViT train with the plain one. MSA-Net, Eq. 2, multiplies it by
beta = 0.6. (There w_i and b_i stand in the numerator; meant is the column of the true class.)
Under SGD the factor only scales the learning rate, weight decay apart; it matters beside
other losses and where gradients are clipped.
"""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn
from torch.nn import functional

from ..errors import ModelError
from ..options import check_weight
from .checks import check_floats, check_targets
from .precision import single
from .unlabelled import labelled, mean_where


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    label_smoothing: float = 0.0,
    ignored: Collection[int] = (),
) -> Tensor:
    """Mean over the pictures of -sum over classes of target * log softmax.

    Args:
        logits: float (N, M), N pictures, M classes.
        targets: int64 (N,) class indices, or float (N, M) distributions over the classes.
        label_smoothing: share of each target that is spread evenly over all classes.
        ignored: indices that mark pictures without a label; the mean leaves them out, and is
            0 if no picture has a label.

    Returns:
        A scalar, float32 at least.

    Raises:
        TensorError: naming the tensor that is wrong.
    """
    check_floats("logits", logits, "N, M")
    check_targets(targets, logits, ignored)
    logits = single(logits)
    if targets.is_floating_point():
        targets = targets.to(logits.dtype)
        return functional.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    mask = labelled(targets, ignored)
    entropy = functional.cross_entropy(
        logits, targets.where(mask, 0), reduction="none", label_smoothing=label_smoothing
    )
    return mean_where(mask, entropy)


class CrossEntropy(nn.Module):
    """:func:`cross_entropy` times ``scale``; MSA-Net's with 0.6.

    Raises:
        ModelError: if the scale is negative or the smoothing is outside 0 to 1.
    """

    def __init__(self, scale: float = 1.0, label_smoothing: float = 0.0) -> None:
        super().__init__()
        check_weight("scale", scale)
        if not 0 <= label_smoothing <= 1:
            raise ModelError(f"label_smoothing is {label_smoothing}; it must lie between 0 and 1")
        self.scale = scale
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (N, M) and targets (N,) or (N, M) to a scalar."""
        loss = cross_entropy(logits, targets, label_smoothing=self.label_smoothing)
        return self.scale * loss
