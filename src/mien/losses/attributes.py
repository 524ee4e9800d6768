"""Several things about one face at once, such as age, gender and race: what stems learn from.

The logits are groups of columns, one group for each attribute, and each group is a
classification of its own, whose loss is the mean cross entropy over the pictures that have the
attribute. How they are weighed is the recipe's affair.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import TensorError
from .checks import check_floats, check_labels
from .precision import single
from .unlabelled import UNLABELLED, labelled, mean_where


def attribute_losses(logits: Tensor, targets: Tensor, groups: Sequence[int]) -> Tensor:
    """The mean cross entropy of each attribute.

    Args:
        logits: float (N, M), the groups of columns side by side.
        targets: int64 (N, A), a class of each attribute, or one of :data:`UNLABELLED`.
        groups: A numbers of columns, which sum to M.

    Returns:
        (A,), float32 at least; 0 where no picture has the attribute.

    Raises:
        TensorError: naming the tensor that is wrong.
    """
    parts = _parts(logits, targets, groups)
    losses = []
    for (part, labels), size in zip(parts, groups, strict=True):
        check_labels(labels, len(logits), size, UNLABELLED)
        known = labelled(labels)
        each = functional.cross_entropy(
            single(part), torch.where(known, labels, 0), reduction="none"
        )
        losses.append(mean_where(known, each))
    return torch.stack(losses)


def attributes_right(
    logits: Tensor, targets: Tensor, groups: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """How many answers of each attribute are right, and how many there are.

    Arguments are those of :func:`attribute_losses`.

    Returns:
        int64 (A,) and int64 (A,).
    """
    right, number = [], []
    for part, labels in _parts(logits, targets, groups):
        known = labelled(labels)
        right.append(((part.argmax(dim=1) == labels) & known).sum())
        number.append(known.sum())
    return torch.stack(right), torch.stack(number)


def _parts(logits: Tensor, targets: Tensor, groups: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """Logits and labels of each attribute."""
    check_floats("logits", logits, "N, M")
    if not groups or min(groups) < 1 or sum(groups) != logits.shape[1]:
        raise TensorError(f"{logits.shape[1]} logits are no groups of {tuple(groups)}")
    if targets.shape != (len(logits), len(groups)):
        raise TensorError(
            f"{len(logits)} pictures with {len(groups)} attributes need targets "
            f"({len(logits)}, {len(groups)}), not {tuple(targets.shape)}"
        )
    columns = torch.split(logits, list(groups), dim=1)
    return list(zip(columns, targets.unbind(dim=1), strict=True))
