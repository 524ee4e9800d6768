"""From photograph to face: a detector in the place of the data set's own boxes.

Of the faces that are found in a picture, the one is meant that overlaps the annotated box most,
if the two share a quarter of the area that they cover together; where the data set has no
boxes, it is the largest. A picture in which it is not found counts as a wrong answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..data.reader import Reader
from ..errors import DataError
from ..faces.detection import Detection, Detector
from ..preprocess import Box, Picture, Preprocess
from .scenes import best_overlap

_BATCH = 8
_BATCH_PIXELS = 2**23
"""Photographs wait in memory together, so large ones go through the detector one by one."""


class DetectedFaces:
    """The faces of a split as a detector finds them.

    Args:
        reader: the split, of pictures as they came; not a prepared copy, whose faces were found
            before.
        detector: such as MTCNN.

    Raises:
        DataError: if the copy is a prepared one.
    """

    def __init__(self, reader: Reader, detector: Detector) -> None:
        if reader.preprocess is not None:
            raise DataError(
                f"{reader.root}: the faces of this prepared copy were found and cut when it was "
                "made, so it tells nothing of a detector; give the original copy"
            )
        self._reader, self._detector = reader, detector
        self._last: tuple[str, Picture] | None = None

    def __call__(self, rows: Sequence[int], preprocess: Preprocess) -> list[Picture | None]:
        """Faces as a model wants them, (size, size[, 3]); ``None`` where none was found.

        Raises:
            DataError: if a picture is missing or does not decode.
        """
        found: list[Picture | None] = []
        waiting: list[tuple[int, Picture]] = []
        for row in rows:
            waiting.append((row, self._picture(row)))
            pixels = sum(picture.shape[0] * picture.shape[1] for _, picture in waiting)
            if len(waiting) == _BATCH or pixels >= _BATCH_PIXELS or row == rows[-1]:
                found += self._find(waiting, preprocess)
                waiting = []
        return found

    def _picture(self, row: int) -> Picture:
        """Photographs of several faces, whose rows follow each other, are read once."""
        table = self._reader.table
        file = table.files[row]
        if table.boxes is None:
            return self._reader.picture(row)
        if self._last is None or self._last[0] != file:
            self._last = file, self._reader.picture(row)
        return self._last[1]

    def _find(
        self, pictures: Sequence[tuple[int, Picture]], preprocess: Preprocess
    ) -> list[Picture | None]:
        found = self._detector([picture for _, picture in pictures])
        faces: list[Picture | None] = []
        for (row, picture), people in zip(pictures, found, strict=True):
            place = meant_face([one.box for one in people], self._reader.table.box(row))
            faces.append(None if place is None else _cut(picture, people[place], preprocess))
        return faces


def meant_face(found: Sequence[Box | None], annotated: Box | None) -> int | None:
    """Which of the faces found in a picture is the one that the data set speaks of.

    Args:
        found: their boxes; ``None`` for a face that is the whole picture.
        annotated: the data set's box; ``None`` where it has none.

    Returns:
        Its place; ``None`` if it is not among them.
    """
    whole = [place for place, box in enumerate(found) if box is None]
    if whole:
        return whole[0]
    boxes = [box for box in found if box is not None]
    if annotated is not None:
        return best_overlap(boxes, annotated)
    return max(range(len(boxes)), key=lambda place: boxes[place][2] * boxes[place][3], default=None)


def _cut(picture: Picture, face: Detection, preprocess: Preprocess) -> Picture:
    return preprocess.cut(picture, face.box, face.landmarks)
