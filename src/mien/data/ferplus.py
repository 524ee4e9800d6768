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
rows, in the others the 3,579 that have a picture's name. Rows without one are called
``row0000059.png`` by their place. ``fer2013new.csv`` names four pictures twice: the second
time, the name ends in ``#2``.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, SplitMissing
from ..expressions import BASIC8
from ..options import check_choice
from ..preprocess import Picture
from .annotations import Annotations, Published
from .checking.completeness import completeness
from .decoding import read_image
from .ferplus_protocols import PROTOCOLS, Protocol, protocol_labels
from .parts.repeated_names import told_apart
from .reader import Reader

SPLITS = {"train": "FER2013Train", "public-test": "FER2013Valid", "private-test": "FER2013Test"}
_USAGE = {"train": "Training", "public-test": "PublicTest", "private-test": "PrivateTest"}
_SIDE = 48
_VOTES = 10
_RATERS = 10  # of a picture; of one with more votes they are the sum of its copies'
LabelFile = Literal["label.csv", "fer2013new.csv"]


class FERPlus(Reader):
    """One split of FER+.

    Args:
        root: folder or zip file in one of the three layouts.
        split: ``"train"``, ``"public-test"`` or ``"private-test"``.
        labels: which of the two files the votes come from; by default ``label.csv`` where
            the layout has it.
        merge_votes: add up the votes of pixel-identical pictures of this split. A copy that
            was prepared so has the sums already.
        protocol: how votes become classes, see :mod:`mien.data.ferplus_protocols`; pictures
            that it does not count have the class -1.

    Attributes:
        protocol: the one asked for.

    Raises:
        NotFound: if there is nothing at ``root``.
        DataError: if the layout is another one, or a picture is missing or damaged.
    """

    name = "ferplus"
    title = "FER+"
    citation = (
        "FER+ (Barsoum et al. 2016): the faces of FER2013 (Goodfellow et al. 2013) with the votes "
        "of ten raters"
    )
    licence = "pictures of FER2013: research use; labels of FER+: MIT"
    labels = BASIC8
    splits = tuple(SPLITS)
    side = _SIDE
    published = (
        Published("train", 28_558, "label.csv of FER+"),
        Published("train", 28_709, "fer2013new.csv of FER+"),
        Published("public-test", 3_579, "label.csv of FER+"),
        Published("public-test", 3_589, "fer2013new.csv of FER+"),
        Published("private-test", 3_573, "label.csv of FER+"),
        Published("private-test", 3_589, "fer2013new.csv of FER+"),
    )

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        labels: LabelFile | None = None,
        merge_votes: bool = False,
        protocol: Protocol = "argmax",
    ) -> None:
        check_choice("protocol", protocol, PROTOCOLS)
        self._label_file = labels
        self._pixels_in_csv = False
        self.protocol = protocol
        super().__init__(root, split, originals={"labels": labels})
        if merge_votes:  # which needs every picture
            completeness(self).require()
        # Of prepared copies too: these may have the classes of another protocol.
        if merge_votes and not (self.prepared and (self.votes.sum(axis=1) > _RATERS).any()):
            votes = _merge(self.votes, self.images)
        else:
            votes = self.votes
        classes = protocol_labels(votes, protocol)[0]
        self.table = replace(self.table, votes=votes, classes=classes)

    @property
    def votes(self) -> NDArray[np.int64]:
        """Votes of the raters, (N, 10): the eight expressions, unknown, not a face.

        Raises:
            DataError: if a prepared copy has none.
        """
        if self.table.votes is None:
            raise DataError(f"{self.root}: the prepared copy of FER+ has no votes")
        return self.table.votes

    def _annotations(self) -> Annotations:
        pixels_in_csv = self._pixels_in_csv = self.archive.has("fer2013.csv")
        file = self._label_file or ("fer2013new.csv" if pixels_in_csv else "label.csv")
        if pixels_in_csv and file == "label.csv":
            raise DataError(f"{self.root}: the layout of fer2013.csv has no label.csv")
        rows = self._label_csv() if file == "label.csv" else self._new_csv()
        if not rows:
            kind = DataError if file == "label.csv" else SplitMissing
            raise kind(f"{self.root}: {file} has no rows for the split {self.split}")
        files = [name for name, _ in rows]
        votes = _as_votes([votes for _, votes in rows], f"{self.root}: {file}")
        names = told_apart(files)
        self._lines = {name: line for line, name in enumerate(names)}
        return Annotations(
            names=names,
            files=["fer2013.csv"] * len(files)
            if pixels_in_csv
            else [f"{SPLITS[self.split]}/{name}" for name in files],
            votes=votes,
        )

    def picture(self, index: int) -> Picture:
        """A face, uint8 (48, 48, 3), or as large as it was prepared."""
        if not self._pixels_in_csv:
            return super().picture(index)
        return np.repeat(self.images[index, ..., None], 3, axis=-1)

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """All faces in grey, uint8 (N, 48, 48)."""
        if self.packed is not None:
            return self.packed.grey(self.names)
        if self._pixels_in_csv:
            return self._pixels()[[self._lines[name] for name in self.names]]
        return np.stack([self._grey(file) for file in self.table.files])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names, votes and pixels: which data exactly a number stands for."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        digest.update(self.votes.astype("<i8").tobytes())
        digest.update(self.images.tobytes())
        return digest.hexdigest()

    def _grey(self, member: str) -> Picture:
        image = read_image(self.archive, member, cv2.IMREAD_GRAYSCALE)
        if image.shape != (self.side, self.side):
            size = f"{self.side}x{self.side}"
            raise DataError(f"{self.root}: {member} is not a picture of {size} pixels")
        return image

    def _label_csv(self) -> list[tuple[str, list[str]]]:
        data = self.archive.read(f"{SPLITS[self.split]}/label.csv")
        if data is None:
            file = f"{SPLITS[self.split]}/label.csv"
            if any(self.archive.has(f"{folder}/label.csv") for folder in SPLITS.values()):
                raise SplitMissing(
                    f"{self.root}: the split {self.split} is not in this copy, {file} is missing"
                )
            raise DataError(
                f"{self.root}: neither {file} nor fer2013.csv is here; "
                "is this the folder that holds FER2013Train?"
            )
        return [(row[0], row[2:]) for row in _rows(data)]

    def _new_csv(self) -> list[tuple[str, list[str]]]:
        """Rows of this split; in the csv layout, rows without a name get their number's.

        This name is of a form of its own: ``fer0000059.png`` is the picture of another row.
        """
        data = self.archive.read("fer2013new.csv")
        if data is None:
            raise DataError(f"{self.root}: fer2013new.csv is missing")
        usage = _USAGE[self.split]
        found = [
            (row[1] or (f"row{number:07d}.png" if self._pixels_in_csv else ""), row[2:])
            for number, row in enumerate(_rows(data, header=True))
            if row[0] == usage
        ]
        return found if self._pixels_in_csv else [row for row in found if row[0]]

    def _pixels(self) -> NDArray[np.uint8]:
        data = self.archive.read("fer2013.csv") or b""
        usage = _USAGE[self.split]
        rows = [row for row in _rows(data, header=True) if row[2] == usage]
        if len(rows) != len(self._lines):
            raise DataError(
                f"{self.root}: fer2013.csv has {len(rows)} rows of {usage}, "
                f"fer2013new.csv has {len(self._lines)}"
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
