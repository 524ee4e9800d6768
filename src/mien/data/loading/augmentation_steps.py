"""The steps of an augmentation: small records, each of which makes one transform.

All are torchvision's, with what takes its time left out by :mod:`~mien.data.loading.quick`.
Pictures are float tensors (C, H, W) with values between 0 and 1 until they are normalised, and
greys to fill with are such values. Bytes are no faster, and would be rounded after each step. Every
draw comes from torch's generator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torchvision.transforms import v2  # type: ignore[import-untyped]

from ...errors import InputError
from .quick import quick

Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic"]
Range: TypeAlias = tuple[float, float]

MIDDLE_GREY = 0.5


class Step(ABC):
    """One change of a picture, or a choice of several."""

    def transform(self, size: int) -> nn.Module:
        """The transform for a network's input of ``size`` pixels."""
        return quick(self._make(size))

    @abstractmethod
    def _make(self, size: int) -> Any:
        """The same; torchvision's are of no type that is known."""


@dataclass(frozen=True, slots=True)
class Flip(Step):
    """Left and right are exchanged with ``probability``."""

    probability: float = 0.5

    def __post_init__(self) -> None:
        check_probability(self.probability)

    def _make(self, size: int) -> Any:
        del size
        return v2.RandomHorizontalFlip(self.probability)


@dataclass(frozen=True, slots=True)
class Rotation(Step):
    """Turned about the centre by up to ``degrees`` either way; ``fill`` is the grey outside."""

    degrees: float
    interpolation: Interpolation = "bilinear"
    fill: float = 0.0

    def _make(self, size: int) -> Any:
        del size
        return v2.RandomRotation(
            self.degrees, v2.InterpolationMode(self.interpolation), fill=_outside(self.fill)
        )


@dataclass(frozen=True, slots=True)
class Affine(Step):
    """Turned, scaled and shifted at once.

    Attributes:
        degrees: largest angle, either way.
        shift: largest shift either way, in sides of the picture.
        zoom: smallest and largest scale.
        interpolation: of the values.
        fill: grey value of what comes from outside.
    """

    degrees: float = 0.0
    shift: float = 0.0
    zoom: Range = (1.0, 1.0)
    interpolation: Interpolation = "bilinear"
    fill: float = MIDDLE_GREY

    def __post_init__(self) -> None:
        check_range("zoom", self.zoom)

    def _make(self, size: int) -> Any:
        del size
        return v2.RandomAffine(
            degrees=self.degrees,
            translate=(self.shift, self.shift),
            scale=self.zoom,
            interpolation=v2.InterpolationMode(self.interpolation),
            fill=_outside(self.fill),
        )


@dataclass(frozen=True, slots=True)
class Crop(Step):
    """A window at a random place.

    Attributes:
        side: in pixels; ``None`` for the network's input.
        padding: of ``fill`` on every side beforehand, in sides of the network's input.
        fill: grey value.
    """

    side: int | None = None
    padding: float = 0.0
    fill: float = 0.0

    def _make(self, size: int) -> Any:
        pixels = round(self.padding * size)
        return v2.RandomCrop(self.side or size, padding=pixels or None, fill=self.fill)


@dataclass(frozen=True, slots=True)
class ResizedCrop(Step):
    """A window of random place, area and shape, brought to the network's input.

    Attributes:
        area: smallest and largest share of the picture.
        ratio: smallest and largest width over height.
        interpolation: of the values.
        antialias: average where the window shrinks, as Pillow does; OpenCV does not.
    """

    area: Range = (0.08, 1.0)
    ratio: Range = (3 / 4, 4 / 3)
    interpolation: Interpolation = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        check_range("area", self.area, most=1.0)
        check_range("ratio", self.ratio)

    def _make(self, size: int) -> Any:
        return v2.RandomResizedCrop(
            size,
            scale=self.area,
            ratio=self.ratio,
            interpolation=v2.InterpolationMode(self.interpolation),
            antialias=self.antialias,
        )


@dataclass(frozen=True, slots=True)
class FivePositions(Step):
    """A window of the network's input in one of the four corners or in the middle."""

    def _make(self, size: int) -> Any:
        return _OneOfFive(size)


@dataclass(frozen=True, slots=True)
class Grey(Step):
    """Colour is taken away with ``probability``."""

    probability: float = 0.1

    def __post_init__(self) -> None:
        check_probability(self.probability)

    def _make(self, size: int) -> Any:
        del size
        return v2.RandomGrayscale(self.probability)


@dataclass(frozen=True, slots=True)
class Jitter(Step):
    """Light and colours, in random order. The largest relative changes; hue in turns."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    def _make(self, size: int) -> Any:
        del size
        return v2.ColorJitter(self.brightness, self.contrast, self.saturation, self.hue)


@dataclass(frozen=True, slots=True)
class RandAugment(Step):
    """``layers`` operations of Cubuk et al. 2020, drawn anew for each picture.

    Attributes:
        layers: how many.
        magnitude: strength of each, from 0 to ``levels``.
        levels: the magnitude of full strength: 30 in torchvision, 10 elsewhere.
        interpolation: of the values.
        fill: grey value of what comes from outside.
    """

    layers: int = 2
    magnitude: int = 9
    levels: int = 30
    interpolation: Interpolation = "bilinear"
    fill: float = MIDDLE_GREY

    def __post_init__(self) -> None:
        if not 0 <= self.magnitude <= self.levels:
            raise InputError(f"magnitude is {self.magnitude}; it lies between 0 and {self.levels}")

    def _make(self, size: int) -> Any:
        del size
        return v2.RandAugment(
            self.layers,
            self.magnitude,
            num_magnitude_bins=self.levels + 1,
            interpolation=v2.InterpolationMode(self.interpolation),
            fill=_outside(self.fill),
        )


@dataclass(frozen=True, slots=True)
class Erasing(Step):
    """One rectangle is overwritten with ``probability`` (Zhong et al. 2020).

    Attributes:
        probability: of doing so.
        area: smallest and largest share of the picture.
        ratio: smallest and largest height over width.
        value: what is written; ``"noise"`` for a normal draw for each value. After
            normalisation, 0 is the mean colour and noise looks like pictures do.
    """

    probability: float = 0.5
    area: Range = (0.02, 0.25)
    ratio: Range = (0.3, 3.3)
    value: float | Literal["noise"] = 0.0

    def __post_init__(self) -> None:
        check_probability(self.probability)
        check_range("area", self.area, most=1.0)
        check_range("ratio", self.ratio)

    def _make(self, size: int) -> Any:
        del size
        value = "random" if self.value == "noise" else self.value
        return v2.RandomErasing(self.probability, self.area, self.ratio, value=value)


@dataclass(frozen=True, slots=True)
class Sometimes(Step):
    """All of ``steps`` with ``probability``, or none of them."""

    probability: float
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        check_probability(self.probability)

    def _make(self, size: int) -> Any:
        return v2.RandomApply([step.transform(size) for step in self.steps], self.probability)


class _OneOfFive(nn.Module):
    """torchvision's five windows, of which one is drawn."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, picture: Tensor) -> Tensor:
        """A picture (C, H, W) to a window (C, size, size)."""
        windows = v2.functional.five_crop(picture, [self.size, self.size])
        window: Tensor = windows[int(torch.randint(len(windows), ()))]
        return window


def _outside(grey: float) -> float | None:
    # None is black too, without a mask to tell the outside by.
    return grey or None


def check_probability(value: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= value <= 1:
        raise InputError(f"probability is {value}; it lies between 0 and 1")


def check_range(name: str, value: Range, most: float = float("inf")) -> None:
    """Refuse a range that is not above 0, not in order, or beyond ``most``."""
    if not 0 < value[0] <= value[1] <= most:
        limit = "" if most == float("inf") else f" and at most {most:g}"
        raise InputError(f"{name} is {value}; the first is above 0{limit}, the second not smaller")
