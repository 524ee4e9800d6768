"""Which face of a picture is meant, and how it is cut out.

Detectors were made for photos, and data sets hold tight crops of 48 or 100 pixels, too. So
a detector never looks at a data set's picture itself, but at a square view of it:

- around the set's own box, where it has one: twice as wide as the box, which has 128 pixels;
- of a picture of up to 256 pixels, which is taken for a crop: half as wide again as the
  picture, which has 128 pixels, because faces that touch the edge are found less often;
- of any larger picture: as it is, shrunk to at most 1024 pixels; then as if it were a crop.

Where nothing is found, the mirror image is tried. Of the first 1,000 of FER+'s training pictures
MTCNN finds 895 without the border, 938 with it, and 962 with the mirror image, too.

Of several faces the one is meant that shares most with the set's box, as intersection over
union and at least 0.2; without a box, the one whose side is largest after the distance
between its centre and the picture's is taken off. A set's box counts if at least half of its
area is in the picture and both its sides have at least 8 pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...faces import SMALLEST_FACE, Detection, Detector, create_detector
from ...faces.boxes import overlaps
from ...preprocess import FACE_EVOLVE, Box, Picture, Preprocess

Align = Literal["similarity", "square"]

_SCALE, _SHIFT = 1.22, (0.0, -0.06)
"""How a square is cut around a box, so that it frames the face as the template does: the
median over 395 faces of FairFace that MTCNN found."""

FRAMING = ("align", "template", "scale", "shift")
"""What of a preprocessing says where in a face's surroundings its crop lies."""

_CROP = 256
_LARGEST = 1024
_FACE = 128  # pixels of the set's box, or of a whole crop, in a view
_LEAST_OVERLAP = 0.2
_LEAST_INSIDE, _LEAST_SIDE = 0.5, 8.0  # of the set's boxes: share of the area; pixels
_MIRRORED = [1, 0, 2, 4, 3]  # left and right change places


def face_preprocess(size: int, align: Align | Preprocess) -> Preprocess:
    """How faces are cut for training, and so how a model that was trained on them cuts them.

    Args:
        size: side of the crop in pixels.
        align: ``"similarity"`` brings five landmarks onto
            :data:`mien.preprocess.FACE_EVOLVE`; ``"square"``, and a face without landmarks, is
            cut as an upright square around its box. Or the preprocessing of a model, which
            is cut for as it wants.

    Raises:
        CardError: if there is no such size or alignment.
    """
    if isinstance(align, Preprocess):
        framing = {name: getattr(align, name) for name in FRAMING}
        return Preprocess(size, **framing)
    template = FACE_EVOLVE if align == "similarity" else None
    return Preprocess(size, align=align, template=template, scale=_SCALE, shift=_SHIFT)


@dataclass(frozen=True)
class FaceFinder:
    """Finds the one face of a picture that its data set means.

    Attributes:
        detector: name of the detector; ``"none"`` takes the set's box, or the whole picture.
        model: the detector's file, for those that need one.
    """

    detector: str
    model: Path | str | None = None

    @cached_property
    def _detectors(self) -> dict[int, Detector]:
        return {
            # A view with no sure face is not the last: another one may show it better.
            least: create_detector(
                self.detector,
                model=self.model,
                min_face=least,
                threads=1,
                unsure=False,
                smaller=True,
            )
            for least in (_FACE // 2, SMALLEST_FACE)
        }

    def __getstate__(self) -> dict[str, object]:
        """Detectors are opened again in another process."""
        return {"detector": self.detector, "model": self.model}

    def open(self) -> FaceFinder:
        """Load the detectors now, and not with the first picture.

        Raises:
            UnknownName, InputError, ModelError: of :func:`~mien.faces.create_detector`.
        """
        _ = self._detectors
        return self

    def __call__(self, picture: Picture, box: Box | None = None) -> Detection | None:
        """The face in pixels of the picture; ``None`` if it is not found.

        Args:
            picture: (H, W, 3) RGB.
            box: the data set's own.
        """
        height, width = picture.shape[:2]
        if self.detector == "none":
            return Detection(box, 1.0)
        for view in _views(width, height, box):
            (found,) = self._detectors[view.least]([view.of(picture)])
            face = choose([view.back(one) for one in found], width, height, box)
            if face is not None:
                return face
        return None


def usable_box(box: Sequence[float] | None, width: int, height: int) -> Box | None:
    """A data set's box if it is finite and counts, as told at the top, else ``None``."""
    if box is None or not all(map(math.isfinite, box)):
        return None
    x, y, wide, high = map(float, box)
    if min(wide, high) < _LEAST_SIDE:
        return None
    inside = max(min(x + wide, width) - max(x, 0), 0) * max(min(y + high, height) - max(y, 0), 0)
    return (x, y, wide, high) if inside >= _LEAST_INSIDE * wide * high else None


def choose(
    faces: Sequence[Detection], width: int, height: int, box: Box | None = None
) -> Detection | None:
    """Which of several faces is meant, as told at the top; ``None`` if it is none of them.

    Args:
        faces: in pixels of the picture. Those centred outside it are passed over.
        width: of the picture.
        height: of the picture.
        box: the data set's own.
    """
    boxes = np.array([one.box for one in faces], np.float64).reshape(-1, 4)
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    if box is None:
        distance = np.hypot(*(centres - (width / 2, height / 2)).T)
        values = np.sqrt(boxes[:, 2:].prod(1)) - distance
    else:
        values = overlaps(_corners(boxes), _corners(np.array([box], np.float64)))[:, 0]
        values[values < _LEAST_OVERLAP] = -np.inf
    inside = ((centres >= 0) & (centres <= (width, height))).all(1)
    values = np.where(inside, values, -np.inf)
    if not len(values) or values.max() == -np.inf:
        return None
    return faces[int(values.argmax())]


def _corners(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)


@dataclass(frozen=True, slots=True)
class _View:
    """A square of a picture, as a detector is shown it.

    Attributes:
        region: the square in the picture, before ``cut`` widens it.
        cut: brings it to the view's size.
        least: side of the smallest face looked for, in pixels of the view.
        mirrored: whether left and right change places.
    """

    region: Box
    cut: Preprocess
    least: int
    mirrored: bool = False

    def of(self, picture: Picture) -> Picture:
        """The view of a picture, (size, size, 3)."""
        view = self.cut.cut(picture, self.region)
        return np.ascontiguousarray(view[:, ::-1]) if self.mirrored else view

    def back(self, face: Detection) -> Detection:
        """A face of the view in pixels of the picture."""
        matrix = self.cut.matrix(self.region)
        zoom, shift = matrix[0, 0], matrix[:, 2]
        x, y, width, height = face.box or (0.0, 0.0, self.cut.size, self.cut.size)
        points = face.landmarks
        if self.mirrored:
            x = self.cut.size - x - width
            if points is not None:
                points = (points * (-1, 1) + (self.cut.size, 0))[_MIRRORED]
        left, top = ((np.array([x, y]) - shift) / zoom).tolist()
        if points is not None:
            points = ((points - shift) / zoom).astype(np.float32)
        box = (left, top, float(width / zoom), float(height / zoom))
        return Detection(box, face.score, points)


def _views(width: int, height: int, box: Box | None) -> Iterator[_View]:
    """Those that are looked at in turn, until a face is found."""
    region = _square(box or (0, 0, width, height))
    if box is None and max(width, height) > _CROP:
        side = min(max(width, height), _LARGEST)
        yield _View(region, Preprocess(side, interpolation="cubic"), SMALLEST_FACE)
    scale = 1.5 if box is None else 2.0
    cut = Preprocess(round(_FACE * scale), scale=scale, interpolation="cubic")
    close = _View(region, cut, _FACE // 2)
    yield close
    yield replace(close, mirrored=True)


def _square(box: Box) -> Box:
    """The square with the box's centre and its longer side."""
    x, y, width, height = box
    side = max(width, height)
    return x + (width - side) / 2, y + (height - side) / 2, side, side
