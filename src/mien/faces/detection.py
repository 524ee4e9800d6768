"""What a face detector takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..preprocess import Box, Picture

SMALLEST_FACE = 40
"""Side in pixels of the smallest face looked for by default.

Networks that recognise expressions want some 48 pixels, and detectors take most of their
time, and most of their false faces, from looking for smaller ones.
"""


@dataclass(frozen=True, slots=True)
class Detection:
    """One face in a picture.

    Attributes:
        box: x, y, width, height in pixels of the upright picture; ``None`` if the whole
            picture is a face crop already.
        score: the detector's own, between 0 and 1.
        landmarks: float32 (5, 2), x and y in pixels: the eye on the picture's left, the one
            on its right, the nose, the left and the right mouth corner; ``None`` where the
            detector gives none.
        unsure: whether it is one only because its picture has no surer one.
    """

    box: Box | None
    score: float
    landmarks: NDArray[np.float32] | None = field(default=None, compare=False)
    unsure: bool = False


@runtime_checkable
class Detector(Protocol):
    """Finds the faces in pictures. A further detector is one file with one such class."""

    name: str

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Faces of each picture, largest score first; an empty list where there is none.

        Args:
            pictures: uint8 (H, W, 3) RGB, of any sizes.
        """
        ...
