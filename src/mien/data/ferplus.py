"""FER+ (Barsoum et al. 2016): FER2013's faces with ten raters' votes.

Three layouts are read, and told apart by what lies at the root:

- the official folders ``FER2013Train``, ``FER2013Valid`` and ``FER2013Test`` with PNG files
  and a ``label.csv`` each;
- the same inside a zip file;
- ``fer2013.csv`` (pixels) beside ``fer2013new.csv`` (votes).

The two label files of FER+ disagree on about 8 % of the rows. Nearly all of these are
pictures that FER2013 holds twice, so that two sets of votes exist for one face. ``labels``
chooses the file; ``merge_votes=True`` adds the votes of pixel-identical copies, so that a
face has one target however often it occurs. In the third layout PublicTest has all 3,589
rows, in the others the 3,579 that have a picture's name.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UnknownName
from ..expressions import BASIC8
from .archive import open_archive

SPLITS = {"train": "FER2013Train", "public-test": "FER2013Valid", "private-test": "FER2013Test"}
_USAGE = {"train": "Training", "public-test": "PublicTest", "private-test": "PrivateTest"}
_SIDE = 48
_VOTES = 10
LabelFile = Literal["label.csv", "fer2013new.csv"]


class FERPlus:
    """One split of FER+.

    Only the table of votes is read at first; pictures are decoded when they are asked for.

    Args:
        root: folder or zip file in one of the three layouts.
        split: ``"train"``, ``"public-test"`` or ``"private-test"``.
        labels: which of the two files the votes come from; by default ``label.csv`` where
            the layout has it.
        merge_votes: add up the votes of pixel-identical pictures of this split.

    Attributes:
        labels: the native label set, neutral to contempt.
        names: file names, in the order of the table.
        votes: int (N, 10): the eight expressions, unknown, not a face.

    Raises:
        NotFound: if there is nothing at ``root``.
        DataError: if the layout is another one, or a picture is missing or damaged.
    """

    name = "ferplus"
    labels = BASIC8

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        labels: LabelFile | None = None,
        merge_votes: bool = False,
    ) -> None:
        if split not in SPLITS:
            raise UnknownName("split of FER+", split, SPLITS)
        self.root, self.split = Path(root), split
        self._read = open_archive(self.root, "FER+")
        pixels_in_csv = self._read("fer2013.csv") is not None
        if labels is None:
            labels = "fer2013new.csv" if pixels_in_csv else "label.csv"
        if pixels_in_csv and labels == "label.csv":
            raise DataError(f"{root}: the layout of fer2013.csv has no label.csv")
        self._pixels_in_csv = pixels_in_csv
        rows = self._label_csv() if labels == "label.csv" else self._new_csv()
        if not rows:
            raise DataError(f"{root}: {labels} has no rows for the split {split}")
        self.names = [name for name, _ in rows]
        self.votes = _as_votes([votes for _, votes in rows], f"{root}: {labels}")
        if merge_votes:
            self.votes = _merge(self.votes, self.images)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """All faces, uint8 (N, 48, 48)."""
        if self._pixels_in_csv:
            return self._pixels()
        folder = SPLITS[self.split]
        return np.stack([self._picture(f"{folder}/{name}") for name in self.names])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names, votes and pixels: which data exactly a number stands for."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        digest.update(self.votes.astype("<i8").tobytes())
        digest.update(self.images.tobytes())
        return digest.hexdigest()

    def _picture(self, member: str) -> NDArray[np.uint8]:
        data = self._read(member)
        if data is None:
            raise DataError(f"{self.root}: {member} is missing")
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
        if image is None or image.shape != (_SIDE, _SIDE):
            raise DataError(f"{self.root}: {member} is not a picture of {_SIDE}x{_SIDE} pixels")
        return np.asarray(image, np.uint8)

    def _label_csv(self) -> list[tuple[str, list[str]]]:
        data = self._read(f"{SPLITS[self.split]}/label.csv")
        if data is None:
            raise DataError(
                f"{self.root}: neither {SPLITS[self.split]}/label.csv nor fer2013.csv is here; "
                "is this the folder that holds FER2013Train?"
            )
        return [(row[0], row[2:]) for row in _rows(data)]

    def _new_csv(self) -> list[tuple[str, list[str]]]:
        """Rows of this split; in the csv layout, rows without a name get their number's."""
        data = self._read("fer2013new.csv")
        if data is None:
            raise DataError(f"{self.root}: fer2013new.csv is missing")
        usage = _USAGE[self.split]
        found = [
            (row[1] or (f"fer{number:07d}.png" if self._pixels_in_csv else ""), row[2:])
            for number, row in enumerate(_rows(data, header=True))
            if row[0] == usage
        ]
        return found if self._pixels_in_csv else [row for row in found if row[0]]

    def _pixels(self) -> NDArray[np.uint8]:
        data = self._read("fer2013.csv") or b""
        usage = _USAGE[self.split]
        rows = [row for row in _rows(data, header=True) if row[2] == usage]
        if len(rows) != len(self.names):
            raise DataError(
                f"{self.root}: fer2013.csv has {len(rows)} rows of {usage}, "
                f"fer2013new.csv has {len(self.names)}"
            )
        try:
            images = [np.array(row[1].split(), np.uint8).reshape(_SIDE, _SIDE) for row in rows]
        except (ValueError, OverflowError) as error:
            raise DataError(f"{self.root}: fer2013.csv has a damaged picture ({error})") from None
        return np.stack(images)


def _rows(data: bytes, header: bool = False) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"a table of FER+ is not UTF-8 text ({error})") from None
    reader = csv.reader(io.StringIO(text))
    if header:
        next(reader, None)
    for row in filter(None, reader):
        if len(row) < 3:
            raise DataError(f"a table of FER+ has a row that is cut off: {','.join(row)}")
        yield row


def _as_votes(rows: list[list[str]], what: str) -> NDArray[np.int64]:
    try:
        votes = np.array([[int(value) for value in row] for row in rows], np.int64)
    except ValueError as error:
        raise DataError(f"{what} is damaged ({error})") from None
    if votes.shape[1:] != (_VOTES,):
        raise DataError(f"{what} does not have {_VOTES} columns of votes in every row")
    return votes


def _merge(votes: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Every picture gets the sum of the votes of all its pixel-identical copies."""
    _, group = np.unique(images.reshape(len(images), -1), axis=0, return_inverse=True)
    total = np.zeros((int(group.max()) + 1, _VOTES), np.int64)
    np.add.at(total, group.ravel(), votes)
    return total[group.ravel()]
