"""Numbers that faces keep from frame to frame of a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import MienError
from .detection import Detection


@dataclass(slots=True)
class _Track:
    number: int
    place: NDArray[np.float64]  # centre x, centre y, side
    missed: int = 0


class Tracker:
    """Gives each face of a frame the number it had before, or the next free one.

    A face is the same as before if it is near and of similar size: with the distance of the
    centres d and the sides s and t (roots of the boxes' areas), the likeness of two boxes is
    (1 - 2 d / (s + t)) * min(s, t) / max(s, t). The most alike are paired first.

    Args:
        likeness: least likeness of a face to the one before, between 0 and 1.
        patience: after how many frames without the face its number is given up; so no more
            is remembered than the faces of that many frames.
    """

    def __init__(self, likeness: float = 0.35, patience: int = 15) -> None:
        if not 0 < likeness <= 1 or patience < 0:
            raise MienError("a tracker needs a likeness above 0, up to 1, and a patience from 0")
        self._likeness, self._patience = likeness, patience
        self._tracks: list[_Track] = []
        self._next = 0

    def __call__(self, detections: Sequence[Detection]) -> list[int]:
        """Numbers of the faces of the next frame, in the order of ``detections``.

        Call it for every frame, also for those without a face.
        """
        places = np.array([_place(one) for one in detections]).reshape(-1, 3)
        owners = self._paired(places)
        for track in self._tracks:
            track.missed += 1
        numbers = []
        for place, owner in zip(places, owners, strict=True):
            if owner is None:
                owner = _Track(self._next, place)
                self._tracks.append(owner)
                self._next += 1
            owner.place, owner.missed = place, 0
            numbers.append(owner.number)
        self._tracks = [track for track in self._tracks if track.missed <= self._patience]
        return numbers

    def follows(self, detection: Detection) -> bool:
        """Whether a face of the next frame would be one that has a number already."""
        return self._paired(np.array([_place(detection)]))[0] is not None

    def _paired(self, places: NDArray[np.float64]) -> list[_Track | None]:
        """For each place the track that it continues."""
        owners: list[_Track | None] = [None] * len(places)
        if not self._tracks or not len(places):
            return owners
        known = np.array([track.place for track in self._tracks])
        alike = _likeness(places, known)
        for pair in np.argsort(-alike, axis=None, kind="stable"):
            place, track = divmod(int(pair), len(known))
            if alike[place, track] < self._likeness:
                break
            if owners[place] is None and not any(self._tracks[track] is one for one in owners):
                owners[place] = self._tracks[track]
        return owners


def _place(detection: Detection) -> tuple[float, float, float]:
    if detection.box is None:
        return 0.0, 0.0, 1.0  # the whole picture is in one place in every frame
    x, y, width, height = detection.box
    side = max(width * height, 1e-6) ** 0.5
    return x + width / 2, y + height / 2, side


def _likeness(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = first[:, None], second[None]
    distance = np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1])
    smaller, larger = np.minimum(a[..., 2], b[..., 2]), np.maximum(a[..., 2], b[..., 2])
    nearness: NDArray[np.float64] = 1 - 2 * distance / (smaller + larger)
    return nearness * smaller / larger
