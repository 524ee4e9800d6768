"""Damage done to face crops on purpose, each kind at five strengths.

Strength 1 is mild and 5 severe; :data:`CORRUPTIONS` says what the five are of each kind.
Kinds and strengths are in the manner of Hendrycks and Dietterich 2019,
"Benchmarking Neural Network Robustness to Common Corruptions and Perturbations"; the numbers
are ours, for crops of faces. What is drawn at random, such as a direction, depends on the
picture's name and the kind alone: it is the same for every model, in whatever order pictures
come, and at every strength, so that more strength is more of the same damage. Crops keep
their size and are damaged before a model's preprocessing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from ...errors import InputError
from ...preprocess import Picture
from .damages import (
    blurred,
    coarse,
    compressed,
    cropped_amiss,
    darkened,
    noisy,
    rotated,
    without_eyes,
    without_mouth,
    without_random_area,
)

STRENGTHS = (1, 2, 3, 4, 5)
Damage: TypeAlias = Callable[[Picture, float, np.random.Generator], Picture]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One kind of damage.

    Attributes:
        name: such as ``"blur"``.
        values: what strength 1 to 5 stand for.
        meaning: of these numbers.
        damage: a crop, one of the numbers and a source of randomness to the damaged crop.
    """

    name: str
    values: tuple[float, float, float, float, float]
    meaning: str
    damage: Damage

    def __call__(self, crop: Picture, strength: int, name: str, *, seed: int = 0) -> Picture:
        """Damage a crop.

        Args:
            crop: uint8 (H, W) grey or (H, W, 3) RGB; it is left as it is.
            strength: 1 to 5; 0 gives the crop itself.
            name: of the picture, which decides what is drawn at random.
            seed: decides it, too.

        Returns:
            A crop of the same shape.

        Raises:
            InputError: if there is no such strength, or the crop is of another type or shape.
        """
        if strength not in (0, *STRENGTHS):
            raise InputError(f"{self.name} has the strengths 0 to 5, not {strength}")
        if crop.dtype != np.uint8 or crop.ndim not in (2, 3) or crop.shape[2:] not in ((), (3,)):
            raise InputError(
                f"{self.name} damages crops of bytes, (H, W) or (H, W, 3), not {crop.dtype} "
                f"{crop.shape}"
            )
        if strength == 0:
            return crop
        return self.damage(crop, self.values[strength - 1], self._random(name, seed))

    def _random(self, name: str, seed: int) -> np.random.Generator:
        text = f"{seed}\n{self.name}\n{name}".encode("utf-8", "surrogateescape")
        digest = hashlib.blake2b(text, digest_size=16).digest()
        return np.random.default_rng(int.from_bytes(digest, "little"))


_SHIFT = "shift in sides of the crop; the zoom is 1 plus as much"

CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        one.name: one
        for one in (
            Corruption("eyes", (0.08, 0.14, 0.20, 0.26, 0.32), "height in sides", without_eyes),
            Corruption("mouth", (0.08, 0.14, 0.20, 0.26, 0.32), "height in sides", without_mouth),
            Corruption("random-area", (0.05, 0.1, 0.2, 0.3, 0.4), "share", without_random_area),
            Corruption("rotation", (5, 10, 20, 30, 45), "degrees", rotated),
            Corruption("blur", (0.008, 0.014, 0.022, 0.032, 0.045), "deviation in sides", blurred),
            Corruption("noise", (5, 10, 18, 28, 42), "deviation in grey levels", noisy),
            Corruption("jpeg", (40, 25, 15, 9, 5), "quality", compressed),
            Corruption("darkness", (0.7, 0.5, 0.35, 0.22, 0.12), "factor", darkened),
            Corruption("low-resolution", (40, 32, 24, 16, 12), "pixels", coarse),
            Corruption("mis-crop", (0.04, 0.08, 0.12, 0.18, 0.25), _SHIFT, cropped_amiss),
        )
    }
)
"""Every kind of damage by its name."""
