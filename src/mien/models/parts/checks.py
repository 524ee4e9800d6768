"""Refusal of wrong pictures, by name.

Values of tensors are looked at only outside ``torch.compile`` and export: there it would
break the graph.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import TensorError
from ...losses.checks import is_finite

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
    if not torch.compiler.is_compiling() and not is_finite(images):
        raise TensorError("the pictures contain NaN or infinite values")
