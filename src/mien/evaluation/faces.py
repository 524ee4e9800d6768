"""The faces of a data set, as a model sees them and as they are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ..data.ferplus import FERPlus
from ..data.loading.pictures import Pictures, PicturesInMemory, crops
from ..data.reader import Reader
from ..preprocess import Picture, Preprocess

log = logging.getLogger("mien")

_SIDES = (32, 512)
"""Faces that are cut from photographs have as many pixels as there are, within these bounds."""


class Faces:
    """The faces of a split, cut by the data set's own boxes where it has any.

    Without boxes a picture is a face as it is. A face without a box in a data set that has
    them is not there: it counts as missed.

    Args:
        reader: the split, of N pictures.

    Attributes:
        there: bool (N,), false without a box where the data set has boxes.
    """

    def __init__(self, reader: Reader) -> None:
        self._boxes = reader.table.boxes
        self._pictures: Pictures = reader
        if isinstance(reader, FERPlus):  # which are in memory, and grey
            self._pictures = PicturesInMemory(reader.images, reader.names)
        self.there: NDArray[np.bool_] = np.ones(len(reader), np.bool_)
        if self._boxes is not None:
            self.there = np.asarray(np.isfinite(self._boxes).all(axis=1))
        if not self.there.all():
            log.info(
                "%d of %d pictures have no box to cut the face by; they count as faces that were "
                "not found, and that is wrong",
                np.count_nonzero(~self.there),
                len(reader),
            )

    def __len__(self) -> int:
        return len(self._pictures)

    def __call__(self, rows: Sequence[int], preprocess: Preprocess) -> list[Picture | None]:
        """Faces as a model wants them, (size, size[, 3]); ``None`` without a box.

        Raises:
            DataError: if a picture is missing or does not decode.
        """
        cut = crops(self._pictures, preprocess)
        return [cut.picture(row) if self.there[row] else None for row in rows]

    def as_it_is(self, row: int, preprocess: Preprocess) -> Picture:
        """A face before it is brought to the size of a network's input.

        That is the picture itself, or what a model's preprocessing cuts from a photograph, with
        the pixels that the photograph has. A face without a box is the whole photograph.

        Args:
            row: position of the picture.
            preprocess: frames the face in a photograph; its size and colour are not used.
        """
        if self._boxes is None or not self.there[row]:
            return self._pictures.picture(row)
        side = preprocess.scale * float(self._boxes[row, 2:].mean())
        pixels = int(np.clip(round(side), *_SIDES))
        return crops(self._pictures, replace(preprocess, size=pixels, colour="rgb")).picture(row)


class FacesAsTheyAre(Sequence[Picture]):
    """Some faces of a split as a sequence, each read when it is asked for.

    Args:
        faces: of the split.
        rows: int (K,), which of them.
        preprocess: frames the faces, see :meth:`Faces.as_it_is`.
    """

    def __init__(self, faces: Faces, rows: NDArray[np.intp], preprocess: Preprocess) -> None:
        self._faces, self._rows, self._preprocess = faces, rows, preprocess

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> list[Picture]: ...
    def __getitem__(self, index: int | slice) -> Picture | list[Picture]:
        """A face, uint8 (H, W) or (H, W, 3); or those of a slice."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._faces.as_it_is(int(self._rows[index]), self._preprocess)
