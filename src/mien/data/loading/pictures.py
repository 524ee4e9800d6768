"""Where pictures come from: whatever gives them by number, and the faces cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...preprocess import Picture, Preprocess
from ..annotations import Sample
from ..reader import Reader

_POINTS = (5, 2)


class Pictures(Protocol):
    """Pictures that are decoded when they are asked for.

    A :class:`~mien.data.reader.Reader`, a :class:`~mien.data.loading.cache.PictureCache`, some of
    either, several of them one after the other.
    """

    def __len__(self) -> int: ...

    @property
    def names(self) -> Sequence[str]:
        """What to call each picture in messages."""

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB, or (H, W) grey.

        Raises:
            DataError: if it is missing or does not decode.
        """


@runtime_checkable
class Combined(Pictures, Protocol):
    """Pictures of several data sets, of which each cuts its faces in its own way."""

    def crops(self, preprocess: Preprocess) -> Pictures:
        """Faces as a model sees them."""


class ChosenPictures:
    """Some of the pictures, in the order of ``rows``.

    Args:
        pictures: to choose from.
        rows: int (K,), positions in ``pictures``.

    Raises:
        DataError: if a row is not in ``pictures``.
    """

    def __init__(self, pictures: Pictures, rows: NDArray[np.intp] | Sequence[int]) -> None:
        self.pictures, self.rows = pictures, np.asarray(rows, np.intp)
        outside = (self.rows < 0) | (self.rows >= len(pictures))
        if outside.any():
            row = self.rows[outside][0]
            raise DataError(f"row {row} was chosen of {len(pictures)} pictures, counted from 0")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> Sequence[str]:
        """What to call each picture in messages."""
        names = self.pictures.names
        return [names[row] for row in self.rows]

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB, or (H, W) grey."""
        return self.pictures.picture(int(self.rows[index]))


class PicturesInMemory:
    """Pictures of one size that are decoded already.

    Args:
        images: uint8 (N, H, W, 3) RGB, or (N, H, W) grey.
        names: what to call each; ``None`` for their numbers.

    Raises:
        DataError: if there are more or fewer names, or these are no pictures.
    """

    def __init__(self, images: NDArray[np.uint8], names: Sequence[str] | None = None) -> None:
        if images.dtype != np.uint8 or images.ndim not in (3, 4):
            raise DataError(f"{images.dtype} of shape {images.shape} are no pictures of one size")
        self.images = images
        self.names = [f"face {row}" for row in range(len(images))] if names is None else names
        if len(self.names) != len(images):
            raise DataError(f"{len(self.names)} names do not fit {len(images)} pictures")

    def __len__(self) -> int:
        return len(self.images)

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB, or (H, W) grey."""
        picture: Picture = self.images[index]
        return picture


class JoinedPictures:
    """Pictures one after the other, each of whose parts cuts faces in its own way."""

    def __init__(self, parts: Sequence[Pictures]) -> None:
        self.parts = tuple(parts)
        self._ends = np.cumsum([len(part) for part in self.parts])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def names(self) -> Sequence[str]:
        """What to call each picture in messages."""
        return [name for part in self.parts for name in part.names]

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB, or (H, W) grey."""
        part = int(np.searchsorted(self._ends, index, side="right"))
        before = int(self._ends[part - 1]) if part else 0
        return self.parts[part].picture(index - before)

    def crops(self, preprocess: Preprocess) -> Pictures:
        """Faces as a model sees them."""
        return JoinedPictures([crops(part, preprocess) for part in self.parts])


def crops(pictures: Pictures, preprocess: Preprocess) -> Pictures:
    """Faces as a model sees them, all of one size: :class:`Crops` of whatever gives pictures.

    Args:
        pictures: to cut from. Boxes are a reader's, so of chosen pictures faces are cut first
            and chosen afterwards, and of several data sets each cuts its own.
        preprocess: how; its mean and deviation are not used.
    """
    if isinstance(pictures, ChosenPictures):
        return ChosenPictures(crops(pictures.pictures, preprocess), pictures.rows)
    if isinstance(pictures, Combined):
        return pictures.crops(preprocess)
    return Crops(pictures, preprocess)


class Crops:
    """Faces as a model sees them, all of one size.

    Where a reader knows the faces' boxes, faces are cut by them; otherwise the whole picture
    is the face.

    Args:
        pictures: to cut from.
        preprocess: how; its mean and deviation are not used.
    """

    def __init__(self, pictures: Pictures, preprocess: Preprocess) -> None:
        self.pictures, self.preprocess = pictures, preprocess
        boxed = isinstance(pictures, Reader) and pictures.table.boxes is not None
        self._boxed = pictures if isinstance(pictures, Reader) and boxed else None

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def names(self) -> Sequence[str]:
        """What to call each picture in messages."""
        return self.pictures.names

    def picture(self, index: int) -> Picture:
        """A face, uint8 (size, size, 3), or (size, size) grey.

        Raises:
            DataError: if its picture is missing or does not decode, or it has no box.
        """
        if self._boxed is None:
            return self.preprocess.cut(self.pictures.picture(index))
        sample = self._boxed[index]
        if sample.box is None:
            raise DataError(f"{sample.name} has no box to cut a face by")
        return self.preprocess.cut(sample.picture, sample.box, _five(sample))


def _five(sample: Sample) -> NDArray[np.float64] | None:
    points = sample.landmarks
    return points if points is not None and points.shape == _POINTS else None
