"""DAN's partition loss: attention heads that differ from each other.

Paper, Eq. 6: L_pt = 1/(NC) sum_ij log(1 + k / sigma_ij^2), with k heads and sigma_ij^2 the
variance over the heads of channel j on picture i. The released code takes the mean of the
variances first and one logarithm after, which is never more (Jensen: log(1 + k/v) is convex)
and does not punish single dead channels. "Attention maps" are in both the pooled vectors of
the heads. A log-softmax over the heads, as DAN's fusion has it (Eq. 5), changes nothing here:
it subtracts the same number from all heads.
"""

from __future__ import annotations

import sys
from typing import Literal, get_args

from torch import Tensor, nn

from ..errors import ModelError
from ..options import check_choice
from .checks import check_floats
from .precision import single

Form = Literal["code", "paper"]

# The released code's guard against heads that agree entirely.
_EPSILON = sys.float_info.epsilon


def partition_loss(heads: Tensor, form: Form = "code", epsilon: float = _EPSILON) -> Tensor:
    """Small where the heads' vectors differ; 0 where there is only one head.

    Args:
        heads: float (N, K, D), K heads with one vector each.
        form: ``"code"``, log(1 + K / (mean variance + epsilon)), the released code's;
            ``"paper"``, the mean of log(1 + K / (variance + epsilon)), Eq. 6 as printed. The
            gradient of the latter grows without bound where heads come near each other.
        epsilon: above 0; keeps both finite where all heads agree.

    Returns:
        A scalar, float32 at least.

    Raises:
        TensorError: if ``heads`` are not what they should be.
        ModelError: if there is no such form, or ``epsilon`` is not above 0.
    """
    check_choice("form of the partition loss", form, get_args(Form))
    if not epsilon > 0:
        raise ModelError(f"epsilon is {epsilon}; it must be above 0")
    check_floats("heads", heads, "N, K, D")
    heads = single(heads)
    number = heads.shape[1]
    if number == 1:
        return (heads * 0).sum()  # keeps the graph, for those who call backward
    variance = heads.var(dim=1)
    if form == "code":
        variance = variance.mean()
    return (number / (variance + epsilon)).log1p().mean()


class PartitionLoss(nn.Module):
    """:func:`partition_loss` of one form.

    Raises:
        ModelError: if there is no such form, or ``epsilon`` is not above 0.
    """

    def __init__(self, form: Form = "code", epsilon: float = _EPSILON) -> None:
        super().__init__()
        check_choice("form of the partition loss", form, get_args(Form))
        if not epsilon > 0:
            raise ModelError(f"epsilon is {epsilon}; it must be above 0")
        self.form: Form = form
        self.epsilon = epsilon

    def forward(self, heads: Tensor) -> Tensor:
        """Vectors of the heads (N, K, D) to a scalar."""
        return partition_loss(heads, self.form, self.epsilon)
