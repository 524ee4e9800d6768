"""Steps that damage pictures as cameras, files and distance do.

Each draws how much, and one draw is of a picture as a whole. Their kinds are those of the
robustness test (:mod:`mien.evaluation.damage`), which a network trained with them has met:
what it shows is what practice gains, not how a network does with damage that it has never seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms import v2  # type: ignore[import-untyped]

from ...errors import InputError
from .augmentation_steps import Range, Step, check_range

_LEVELS = 255
_DEVIATIONS = 3
"""How far from the middle a Gaussian's weights reach."""


@dataclass(frozen=True, slots=True)
class Noise(Step):
    """Normal noise, of every value its own.

    Attributes:
        deviation: smallest and largest standard deviation; values lie between 0 and 1.
    """

    deviation: Range = (0.01, 0.1)

    def __post_init__(self) -> None:
        check_range("deviation", self.deviation, most=1.0)

    def _make(self, size: int) -> Any:
        del size
        return _Noise(self.deviation)


@dataclass(frozen=True, slots=True)
class Blur(Step):
    """A Gaussian blur.

    Attributes:
        deviation: smallest and largest standard deviation, in sides of the network's input.
    """

    deviation: Range = (0.005, 0.03)

    def __post_init__(self) -> None:
        check_range("deviation", self.deviation, most=1.0)

    def _make(self, size: int) -> Any:
        low, high = (size * one for one in self.deviation)
        return v2.GaussianBlur(2 * max(round(_DEVIATIONS * high), 1) + 1, (low, high))


@dataclass(frozen=True, slots=True)
class Compression(Step):
    """Stored as JPEG and read again.

    Attributes:
        quality: smallest and largest, from 1 to 100.
    """

    quality: tuple[int, int] = (10, 60)

    def __post_init__(self) -> None:
        check_range("quality", self.quality, most=100)

    def _make(self, size: int) -> Any:
        del size
        return _Compression(self.quality)


@dataclass(frozen=True, slots=True)
class LowResolution(Step):
    """Made smaller, and as large as it was again.

    Attributes:
        side: smallest and largest share of the picture's side that it is brought to.
    """

    side: Range = (0.3, 0.9)

    def __post_init__(self) -> None:
        check_range("side", self.side, most=1.0)

    def _make(self, size: int) -> Any:
        del size
        return _LowResolution(self.side)


@dataclass(frozen=True, slots=True)
class OneOf(Step):
    """One of ``steps``, each as often."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise InputError("there are no steps to choose one of")

    def _make(self, size: int) -> Any:
        return v2.RandomChoice([step.transform(size) for step in self.steps])


class _Noise(nn.Module):
    """torchvision's noise, of a deviation that is drawn."""

    def __init__(self, deviation: Range) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, picture: Tensor) -> Tensor:
        """A picture (C, H, W) to another of that size."""
        noisy: Tensor = v2.functional.gaussian_noise(picture, sigma=_drawn(self.deviation))
        return noisy


class _Compression(nn.Module):
    """OpenCV's JPEG, of a quality that is drawn; torchvision's is to be removed."""

    def __init__(self, quality: tuple[int, int]) -> None:
        super().__init__()
        self.quality = quality

    def forward(self, picture: Tensor) -> Tensor:
        """A picture (C, H, W) of grey or RGB to another of that size."""
        low, high = self.quality
        quality = int(torch.randint(low, high + 1, ()))
        # Rows of bytes; OpenCV's order of colours is the other way round.
        pixels = (picture.flip(0).permute(1, 2, 0) * _LEVELS).round().byte().numpy()
        _, stored = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        read = np.asarray(cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)).reshape(pixels.shape)
        return torch.from_numpy(read).permute(2, 0, 1).flip(0).float() / _LEVELS


class _LowResolution(nn.Module):
    """torchvision's resizing, to a size that is drawn and back."""

    def __init__(self, side: Range) -> None:
        super().__init__()
        self.side = side

    def forward(self, picture: Tensor) -> Tensor:
        """A picture (C, H, W) to another of that size."""
        sides = picture.shape[-2:]
        share = _drawn(self.side)
        small = v2.functional.resize(picture, [max(round(share * one), 1) for one in sides])
        large: Tensor = v2.functional.resize(small, list(sides))
        return large


def _drawn(values: Range) -> float:
    low, high = values
    return low + (high - low) * float(torch.rand(()))
