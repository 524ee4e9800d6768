"""The pictures of a packed copy: many equal squares side by side in few lossless files.

Small pictures take less room together, and one file of a few dozen large ones is moved and
opened more quickly than one of thirty thousand small ones. All are decoded at once, when the
first is asked for, and stay in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..preprocess import Picture
from .archive import Archive
from .decoding import read_image

Colour = Literal["grey", "rgb"]

_LARGEST_SIDE = 2048
"""Of a mosaic in pixels, unless a single picture is larger."""

_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_FILTERED)


@dataclass(frozen=True, slots=True)
class Mosaic:
    """How pictures lie in the files of a packed copy: in rows, one row below the other.

    Attributes:
        side: of a picture in pixels.
        colour: of all pictures.
        columns: pictures in a row, and rows in a file.
        unchanged: whether they are the original's pictures, pixel for pixel.
    """

    side: int
    colour: Colour
    columns: int
    unchanged: bool = False

    @classmethod
    def of(cls, side: int, colour: Colour) -> Mosaic:
        """The mosaics of pictures of this size."""
        return cls(side, colour, max(_LARGEST_SIDE // side, 1))

    @property
    def pictures(self) -> int:
        """How many pictures are in a full file."""
        return self.columns**2

    def encode(self, pictures: NDArray[np.uint8]) -> bytes:
        """Pictures (n, side, side[, 3]) RGB as a PNG; what remains of the last row is black."""
        rows = -(-len(pictures) // self.columns)
        full = np.zeros((rows * self.columns, *pictures.shape[1:]), np.uint8)
        full[: len(pictures)] = pictures
        tiles = full.reshape(rows, self.columns, *pictures.shape[1:]).swapaxes(1, 2)
        mosaic = tiles.reshape(rows * self.side, self.columns * self.side, *pictures.shape[3:])
        bgr = mosaic if mosaic.ndim == 2 else cv2.cvtColor(mosaic, cv2.COLOR_RGB2BGR)
        return bytes(cv2.imencode(".png", bgr, _PNG)[1])

    def decode(self, archive: Archive, member: str, number: int) -> NDArray[np.uint8]:
        """The first ``number`` pictures of a file, uint8 (number, side, side[, 3]) RGB.

        Raises:
            DataError: if it is missing, damaged or of another size.
        """
        grey = self.colour == "grey"
        image = read_image(archive, member, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
        rows = -(-number // self.columns)
        if image.shape[:2] != (rows * self.side, self.columns * self.side):
            raise DataError(f"{archive.root}: {member} is of another size; {AGAIN}")
        rgb = image if grey else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        tiles = rgb.reshape(rows, self.side, self.columns, self.side, *rgb.shape[2:])
        pictures = tiles.swapaxes(1, 2).reshape(-1, self.side, self.side, *rgb.shape[2:])
        return pictures[:number]


AGAIN = "copy the file again, or pack the data set anew"


class PackedPictures:
    """The pictures of one split of a packed copy, by their names.

    Args:
        archive: the packed copy.
        mosaic: how they lie there.
        names: of all pictures of the split, in their order.
        files: in which file each is.
        sha256: of all pixels, in hexadecimal.

    Attributes:
        mosaic: how they lie there.
        sha256: of all pixels of the split.
    """

    def __init__(
        self,
        archive: Archive,
        mosaic: Mosaic,
        names: Sequence[str],
        files: Sequence[str],
        sha256: str,
    ) -> None:
        self.mosaic, self.sha256 = mosaic, sha256
        self._archive, self._files = archive, files
        self._places = {name: place for place, name in enumerate(names)}

    def load(self) -> None:
        """Decode all pictures now, so that processes forked from this one share them.

        Raises:
            DataError: if a file is missing or damaged.
        """
        _ = self._all

    def picture(self, name: str) -> Picture:
        """A picture, uint8 (side, side, 3) RGB.

        Raises:
            DataError: if the file is damaged.
        """
        picture: Picture = self._all[self._places[name]]
        return np.repeat(picture[..., None], 3, axis=-1) if picture.ndim == 2 else picture

    def grey(self, names: Sequence[str]) -> NDArray[np.uint8]:
        """Pictures, uint8 (N, side, side).

        Raises:
            DataError: if the file is damaged.
        """
        pictures = self._all[[self._places[name] for name in names]]
        if pictures.ndim == 3:
            return pictures
        return np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in pictures]).astype(
            np.uint8
        )

    @cached_property
    def _all(self) -> NDArray[np.uint8]:
        """Every picture, (N, side, side[, 3])."""
        numbers: dict[str, int] = {}
        for file in self._files:
            numbers[file] = numbers.get(file, 0) + 1
        pictures = np.concatenate(
            [self.mosaic.decode(self._archive, file, number) for file, number in numbers.items()]
        )
        if hashlib.sha256(np.ascontiguousarray(pictures).data).hexdigest() != self.sha256:
            raise DataError(
                f"{self._archive.root}: its pictures are not those that were packed; {AGAIN}"
            )
        return pictures

    def __getstate__(self) -> dict[str, Any]:
        """Another process decodes them itself instead of being sent all pictures."""
        return {name: value for name, value in vars(self).items() if name != "_all"}
