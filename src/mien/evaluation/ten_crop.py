"""Answers averaged over ten windows of a picture, as LLA-Net is tested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2  # type: ignore[import-untyped]

from ..errors import TensorError


def ten_crop(images: Tensor, size: int) -> Tensor:
    """The four corners and the middle of pictures, and the same of their mirror images.

    Args:
        images: (N, C, H, W).
        size: side of the windows in pixels, at most H and W.

    Returns:
        (N, 10, C, size, size); upper left, upper right, lower left, lower right and middle,
        then these five of the mirror image.

    Raises:
        TensorError: if the pictures are no batch, or smaller than the windows.
    """
    if images.ndim != 4 or min(images.shape[2:]) < size:
        raise TensorError(
            f"pictures of shape {tuple(images.shape)} have no ten windows of {size} pixels; "
            "give (N, C, H, W) at least that large"
        )
    return torch.stack(v2.functional.ten_crop(images, [size, size]), dim=1)


def ten_crop_logits(network: Callable[[Tensor], Any], images: Tensor, size: int) -> Tensor:
    """Mean of the logits over :func:`ten_crop`.

    Args:
        network: gives an output with ``logits`` (N, M); in evaluation mode.
        images: (N, C, H, W), normalised.
        size: side of the network's input.

    Returns:
        (N, M).
    """
    windows = ten_crop(images, size)
    logits: Tensor = network(windows.flatten(0, 1)).logits
    return logits.reshape(len(images), windows.shape[1], -1).mean(dim=1)
