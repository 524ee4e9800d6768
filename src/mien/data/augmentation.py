"""Random changes of training faces, all by torchvision's transforms."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn
from torchvision.transforms import v2  # type: ignore[import-untyped]

_MIDDLE_GREY = 0.5


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How training faces are varied. Lengths are in fractions of the picture's side.

    Attributes:
        flip: probability of a horizontal flip.
        rotation: largest angle in degrees, either way.
        shift: largest shift, either way.
        zoom: smallest and largest scale.
        crop: side in pixels of a random window; ``None`` keeps the whole picture.
        brightness: largest relative change.
        contrast: largest relative change.
        erasing: probability that one rectangle is erased (Zhong et al. 2020).
        erased_area: smallest and largest share of the picture that is erased.
    """

    flip: float = 0.5
    rotation: float = 0.0
    shift: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    crop: int | None = None
    brightness: float = 0.0
    contrast: float = 0.0
    erasing: float = 0.0
    erased_area: tuple[float, float] = (0.02, 0.25)

    def transform(self) -> nn.Module:
        """The transform of one float picture (C, H, W) with values between 0 and 1."""
        steps: list[nn.Module] = [v2.RandomHorizontalFlip(self.flip)]
        if self.rotation or self.shift or self.zoom != (1.0, 1.0):
            steps.append(
                v2.RandomAffine(
                    degrees=self.rotation,
                    translate=(self.shift, self.shift),
                    scale=self.zoom,
                    interpolation=v2.InterpolationMode.BILINEAR,
                    fill=_MIDDLE_GREY,
                )
            )
        if self.crop is not None:
            steps.append(v2.RandomCrop(self.crop))
        if self.brightness or self.contrast:
            steps.append(v2.ColorJitter(brightness=self.brightness, contrast=self.contrast))
        if self.erasing:
            steps.append(v2.RandomErasing(self.erasing, scale=self.erased_area, value=_MIDDLE_GREY))
        transform: nn.Module = v2.Compose(steps)
        return transform
