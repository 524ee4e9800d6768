"""No detection: pictures that are face crops already."""

from __future__ import annotations

from collections.abc import Sequence

from ..preprocess import Picture
from .detection import Detection


class WholePicture:
    """Takes each whole picture for one face (``--detector none``)."""

    name = "none"

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """One face without box and landmarks for each picture, with score 1."""
        return [[Detection(box=None, score=1.0)] for _ in pictures]
