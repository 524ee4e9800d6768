"""APViT's loss for Aff-Wild2: expressions and action units from one feature, 10 to 1.

Paper, section 4.1: both losses are summed "with weights 10 and 1". Each looks only at the
pictures labelled for it. Which expression loss gave the printed 86.03 no source settles:
cross entropy and focal loss are both options. The head follows ABAW2021 (Thinh et al.),
where a frame with any unit unlabelled is dropped; here only that unit is.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import TensorError
from ..options import check_choice, check_weight
from .checks import check_floats
from .entropy import cross_entropy
from .focal import focal_loss
from .precision import single
from .unlabelled import UNLABELLED, labelled, mean_where

Expression = Literal["cross_entropy", "focal"]


def action_unit_loss(action_units: Tensor, units: Tensor) -> Tensor:
    """Binary cross entropy, mean over all labelled units of all pictures.

    Args:
        action_units: float (N, U), logits of U action units.
        units: (N, U) of any type, 1 where a unit is active, 0 where not, 255 or -1 where it
            is not labelled; shares between 0 and 1 are taken too.

    Returns:
        A scalar, float32 at least; 0, with a gradient of 0, if no unit is labelled.

    Raises:
        TensorError: naming the tensor that is wrong.
    """
    check_floats("logits of action units", action_units, "N, U")
    if units.shape != action_units.shape:
        raise TensorError(
            f"logits of action units {tuple(action_units.shape)} need labels of that shape, "
            f"not {tuple(units.shape)}"
        )
    logits = single(action_units)
    units = units.to(logits.dtype)
    mask = labelled(units)
    if not torch.compiler.is_compiling() and not (~mask | ((units >= 0) & (units <= 1))).all():
        raise TensorError(f"action units are between 0 and 1, or {UNLABELLED} without a label")
    entropy = functional.binary_cross_entropy_with_logits(
        logits, units.where(mask, 0.0), reduction="none"
    )
    return mean_where(mask, entropy)


def two_task_loss(
    logits: Tensor,
    action_units: Tensor,
    labels: Tensor,
    units: Tensor,
    *,
    expression: Expression = "cross_entropy",
    expression_weight: float = 10.0,
    unit_weight: float = 1.0,
    gamma: float = 2.0,
) -> Tensor:
    """``expression_weight`` times the expression loss and ``unit_weight`` times the units'.

    Args:
        logits: float (N, M), of M expressions.
        action_units: float (N, U), logits of U action units.
        labels: int64 (N,), class indices, 255 or -1 for pictures without an expression; for
            cross entropy also float (N, M) distributions.
        units: (N, U), 1, 0, and 255 or -1 for units without a label.
        expression: ``"cross_entropy"`` or ``"focal"``.
        gamma: of the focal loss.

    Returns:
        A scalar, float32 at least. A task without any label in the batch adds 0.

    Raises:
        TensorError: naming the tensor that is wrong.
        ModelError: if there is no such expression loss, or a weight or gamma is negative.
    """
    check_choice("expression loss", expression, get_args(Expression))
    check_weight("expression_weight", expression_weight)
    check_weight("unit_weight", unit_weight)
    if logits.shape[:1] != action_units.shape[:1]:
        raise TensorError(
            f"logits {tuple(logits.shape)} and logits of action units "
            f"{tuple(action_units.shape)} are of different numbers of pictures"
        )
    if expression == "focal":
        first = focal_loss(logits, labels, gamma=gamma)
    else:
        first = cross_entropy(logits, labels, ignored=UNLABELLED)
    return expression_weight * first + unit_weight * action_unit_loss(action_units, units)


class TwoTaskLoss(nn.Module):
    """:func:`two_task_loss` with its options.

    Raises:
        ModelError: if there is no such expression loss, or a weight or gamma is negative.
    """

    def __init__(
        self,
        expression: Expression = "cross_entropy",
        expression_weight: float = 10.0,
        unit_weight: float = 1.0,
        gamma: float = 2.0,
    ) -> None:
        super().__init__()
        check_choice("expression loss", expression, get_args(Expression))
        for name, value in (
            ("expression_weight", expression_weight),
            ("unit_weight", unit_weight),
            ("gamma", gamma),
        ):
            check_weight(name, value)
        self.expression: Expression = expression
        self.expression_weight = expression_weight
        self.unit_weight = unit_weight
        self.gamma = gamma

    def forward(
        self, logits: Tensor, action_units: Tensor, labels: Tensor, units: Tensor
    ) -> Tensor:
        """Logits (N, M) and (N, U), labels (N,) and (N, U) to a scalar."""
        return two_task_loss(
            logits,
            action_units,
            labels,
            units,
            expression=self.expression,
            expression_weight=self.expression_weight,
            unit_weight=self.unit_weight,
            gamma=self.gamma,
        )
