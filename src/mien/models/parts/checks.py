"""Refusal of wrong options and wrong pictures, by name.

Values of tensors are looked at only outside ``torch.compile`` and export: there it would
break the graph.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import ModelError, TensorError

_CHANNELS = 3


def check_images(images: Tensor, multiple: int = 1) -> None:
    """Refuse what is not a batch of pictures that a network can take.

    Args:
        images: to be float (N, 3, H, W), finite.
        multiple: H and W must be multiples of it: the product of the network's strides.

    Raises:
        TensorError: naming what is wrong.
    """
    if images.ndim != 4 or images.shape[1] != _CHANNELS:
        raise TensorError(f"pictures are (N, 3, H, W), not {tuple(images.shape)}")
    if not images.is_floating_point():
        raise TensorError(f"pictures are floating point, not {images.dtype}; divide and normalise")
    height, width = images.shape[2:]
    if height % multiple or width % multiple:
        raise TensorError(f"{height}x{width} pixels: both sides must be multiples of {multiple}")
    if not torch.compiler.is_compiling() and not torch.isfinite(images).all():
        raise TensorError("the pictures contain NaN or infinite values")


def check_rate(name: str, value: float) -> None:
    """Refuse a probability or share outside 0 to 1.

    Raises:
        ModelError: naming the option.
    """
    if not 0 <= value <= 1:
        raise ModelError(f"{name} is {value}; it must lie between 0 and 1")


def check_count(name: str, value: int, least: int = 1, most: int | None = None) -> None:
    """Refuse a whole number outside its bounds.

    Raises:
        ModelError: naming the option.
    """
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"between {least} and {most}"
        raise ModelError(f"{name} is {value}; it must be {bounds}")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is not one of the choices.

    Raises:
        ModelError: naming the option and the choices.
    """
    if value not in choices:
        raise ModelError(f"{name} is {value!r}; choose one of {', '.join(choices)}")
