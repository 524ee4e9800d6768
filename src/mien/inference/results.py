"""The prediction record: one face in one picture or frame, the same in every format.

A row has the columns of :func:`columns`, in that order, in JSON lines, CSV and Parquet.
``landmarks`` is one column everywhere: a list of five [x, y]; CSV, which has no lists, holds
that list as JSON text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..expressions import Expression, LabelSet
from ..preprocess import Box
from .face_heatmap import Heatmap

Value: TypeAlias = str | int | float | list[list[float]] | None
Row: TypeAlias = dict[str, Value]
"""Column name to value, in the order of :func:`columns`."""

_BEFORE = (
    *("source", "frame", "time_s", "face", "track"),
    *("x", "y", "width", "height", "detection_score", "landmarks"),
    *("expression", "confidence"),
)

# More decimals than this are noise, and they double the size of the files.
_PIXEL_DECIMALS = 2
_DECIMALS = 6


def columns(labels: LabelSet) -> tuple[str, ...]:
    """Names of the columns of a row, in order; one for each expression of ``labels``."""
    return (*_BEFORE, *(str(name) for name in labels), "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face, or the statement that a picture has none (``face is None``).

    Two are equal if all but their landmarks and heat maps are.

    Attributes:
        source: path of the picture or video, ``camera:N``, ``array`` or ``bytes``, of several
            ``array:N`` or ``bytes:N`` with N from 0.
        frame: number of the frame from 0; ``None`` for a picture.
        time_s: seconds from the start of the video; ``None`` for a picture.
        face: number of the face within its picture, from 0; ``None`` if there is no face.
        track: number that a face keeps over the frames of a video; ``None`` for a picture.
        box: x, y, width, height in pixels of the upright picture.
        detection_score: the detector's own, between 0 and 1.
        landmarks: (5, 2) pixels: eyes, nose, mouth corners, left in the picture first.
        expression: the most probable one; ``None`` if there is no face, or if its
            probability is below the recognizer's ``min_confidence``.
        confidence: probability of the most probable expression.
        probabilities: one per expression of the model, in the model's order, sum 1.
        model: name of the model that answered.
        heatmap: where the network looked, if the recognizer was asked for it; no part of a row.
    """

    source: str
    frame: int | None = None
    time_s: float | None = None
    face: int | None = None
    track: int | None = None
    box: Box | None = None
    detection_score: float | None = None
    landmarks: NDArray[np.float32] | None = field(default=None, compare=False)
    expression: Expression | None = None
    confidence: float | None = None
    probabilities: Mapping[Expression, float] = field(default_factory=dict, hash=False)
    model: str = ""
    heatmap: Heatmap | None = field(default=None, repr=False, compare=False)

    @property
    def x(self) -> float | None:
        """Left edge of the box in pixels."""
        return None if self.box is None else self.box[0]

    @property
    def y(self) -> float | None:
        """Upper edge of the box in pixels."""
        return None if self.box is None else self.box[1]

    @property
    def width(self) -> float | None:
        """Width of the box in pixels."""
        return None if self.box is None else self.box[2]

    @property
    def height(self) -> float | None:
        """Height of the box in pixels."""
        return None if self.box is None else self.box[3]

    def to_row(self, labels: LabelSet) -> Row:
        """The record as plain values, with exactly the columns of :func:`columns`.

        Args:
            labels: the model's classes, so that a row without a face has their columns too.

        Pixels are rounded to two decimals, all other numbers to six.
        """
        row: Row = {
            "source": self.source,
            "frame": self.frame,
            "time_s": _rounded(self.time_s),
            "face": self.face,
            "track": self.track,
            "x": _rounded(self.x, _PIXEL_DECIMALS),
            "y": _rounded(self.y, _PIXEL_DECIMALS),
            "width": _rounded(self.width, _PIXEL_DECIMALS),
            "height": _rounded(self.height, _PIXEL_DECIMALS),
            "detection_score": _rounded(self.detection_score),
            "landmarks": None,
            "expression": None if self.expression is None else str(self.expression),
            "confidence": _rounded(self.confidence),
        }
        if self.landmarks is not None:
            row["landmarks"] = [
                [round(float(value), _PIXEL_DECIMALS) for value in point]
                for point in self.landmarks
            ]
        for name in labels:
            row[str(name)] = _rounded(self.probabilities.get(name))
        row["model"] = self.model
        return row


def _rounded(value: float | None, decimals: int = _DECIMALS) -> float | None:
    return None if value is None else round(float(value), decimals)
