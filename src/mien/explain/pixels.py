"""From the positions of a network's grid to the pixels of its input."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


def heat(maps: Tensor, size: tuple[int, int]) -> NDArray[np.float32]:
    """Maps (N, K, h, w) as heat of pixels: resized, then scaled to 0 to 1 one by one.

    Bilinear, as grad-cam resizes its maps and Chefer et al. (2021) theirs.

    Args:
        maps: of any range.
        size: height and width of the pictures.

    Returns:
        float32 (N, K, H, W); all zeros where a map is flat.
    """
    # Double, so that a map of tiny numbers is as good as another.
    values = maps.detach().to("cpu", torch.float64)
    values = functional.interpolate(values, size, mode="bilinear", align_corners=False)
    lowest, highest = values.amin((2, 3), keepdim=True), values.amax((2, 3), keepdim=True)
    # Resizing a flat map leaves differences of rounding.
    span = highest - lowest
    flat = span <= 1e-9 * torch.maximum(lowest.abs(), highest.abs())
    scaled = torch.where(flat, 0.0, (values - lowest) / span.masked_fill(flat, 1.0))
    return np.asarray(scaled, np.float32)


def stencil(chosen: Tensor, size: tuple[int, int]) -> NDArray[np.float32]:
    """Choices (N, K, h, w) as pixels, each the value of the position that it lies in.

    Returns:
        float32 (N, K, H, W) of zeros and ones.
    """
    values = chosen.to("cpu", torch.float32)
    return np.asarray(functional.interpolate(values, size, mode="nearest"), np.float32)
