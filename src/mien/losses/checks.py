"""Refusal of tensors that a loss cannot use, by name.

Values are looked at only outside ``torch.compile``: there it would break the graph.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from ..errors import TensorError

# Of a distribution's sum from 1: what votes stored in bfloat16 may be off by.
_TOLERANCE = 1e-2


def is_finite(tensor: Tensor) -> bool:
    """Whether no value is infinite or NaN.

    A finite sum says so in a twentieth of the time that it takes to look at each; only if it is
    not, which a sum of large values may be too, are they looked at.
    """
    return bool(tensor.sum().isfinite() or tensor.isfinite().all())


def check_floats(name: str, tensor: Tensor, letters: str) -> None:
    """Refuse what is not a floating-point tensor of this shape, filled and finite.

    Args:
        name: what the tensor is called in the message.
        letters: the shape in words, one letter a dimension: ``"N, K, D"``.

    Raises:
        TensorError: naming what is wrong.
    """
    shape = tuple(tensor.shape)
    if tensor.ndim != letters.count(",") + 1:
        raise TensorError(f"{name} are ({letters}), not {shape}")
    if not tensor.is_floating_point():
        raise TensorError(f"{name} are floating point, not {tensor.dtype}")
    if 0 in shape:
        raise TensorError(f"{name} are empty: {shape}")
    if not torch.compiler.is_compiling() and not is_finite(tensor):
        raise TensorError(f"the {name} contain NaN or infinite values")


def check_labels(labels: Tensor, number: int, classes: int, ignored: Collection[int] = ()) -> None:
    """Refuse what is not one class index for each of ``number`` pictures.

    Args:
        labels: to be int64 (number,), from 0 to classes - 1, or one of ``ignored``.

    Raises:
        TensorError: naming what is wrong.
    """
    if labels.dtype != torch.int64:
        raise TensorError(f"labels are int64 class indices, not {labels.dtype}")
    if labels.shape != (number,):
        raise TensorError(f"{number} pictures need labels ({number},), not {tuple(labels.shape)}")
    for one in ignored:
        if 0 <= one < classes:
            raise TensorError(f"{one} cannot mean unlabelled: it is one of {classes} classes")
    if torch.compiler.is_compiling():
        return
    wrong = (labels < 0) | (labels >= classes)
    for one in ignored:
        wrong = wrong & (labels != one)
    if wrong.any():
        raise TensorError(f"label {labels[wrong][0].item()} is outside 0 to {classes - 1}")


def check_targets(targets: Tensor, logits: Tensor, ignored: Collection[int] = ()) -> None:
    """Refuse what is neither class indices nor distributions over the logits' classes.

    Args:
        targets: to be int64 (N,), or float (N, M) with rows that are not negative and sum to 1.
        logits: (N, M), checked already.

    Raises:
        TensorError: naming what is wrong.
    """
    if not targets.is_floating_point():
        check_labels(targets, logits.shape[0], logits.shape[1], ignored)
        return
    if targets.shape != logits.shape:
        raise TensorError(
            f"logits {tuple(logits.shape)} need distributions of that shape, "
            f"not {tuple(targets.shape)}"
        )
    if torch.compiler.is_compiling():
        return
    # Asked so that NaN fails too.
    sums = targets.sum(dim=1, dtype=torch.float32)
    if not ((targets >= 0).all() & ((sums - 1).abs() <= _TOLERANCE).all()):
        raise TensorError(
            "a distribution over the classes has negative parts or a sum other than 1"
        )
