"""FairFace (Karkkainen and Joo 2021): faces with age, gender and race, and no expressions.

For training without labels, such as from a teacher's answers, and for looking at groups. The
layout is the official one, as a folder or a zip file: ``train/N.jpg`` (or any other format)
and ``fairface_label_train.csv``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, InputError, SplitMissing
from ..preprocess import Box, Picture, Preprocess
from .annotations import Annotations, Published
from .loading.pictures import Crops, Pictures
from .reader import Reader

AGES = (
    *("0-2", "3-9", "10-19", "20-29", "30-39"),
    *("40-49", "50-59", "60-69", "more than 70"),
)
GENDERS = ("Female", "Male")
RACES = (
    *("Black", "East Asian", "Indian", "Latino_Hispanic"),
    *("Middle Eastern", "Southeast Asian", "White"),
)
FACE = (0.040, -0.014, 0.906, 0.906)
"""Where MTCNN finds the face: left, top, width and height in sides of the picture. The median
of 239 faces; the pictures are aligned, so that few are far from it."""

# Two ages that a spreadsheet has taken for dates, in many copies of the table.
_DATES = {"03-Sep": "3-9", "Oct-19": "10-19"}
_COLUMNS = ("file", "age", "gender", "race")


class FairFace(Reader):
    """One split of FairFace. Pictures are decoded when they are asked for.

    Args:
        root: folder or zip file.
        split: ``"train"`` or ``"val"``.
        framed_at: side in pixels. Crops are faces framed as behind a detector, and brought to
            this size first: with 48 they are as tight and as coarse as those of FER+. ``None``
            for the pictures as they are.

    Attributes:
        ages, genders, races: int (N,), positions in :data:`AGES`, :data:`GENDERS` and
            :data:`RACES`.
    """

    name = "fairface"
    title = "FairFace"
    citation = "FairFace (Karkkainen and Joo 2021)"
    licence = "CC BY 4.0"
    splits = ("train", "val")
    published = (
        Published("train", 86_744, "FairFace, both margins"),
        Published("val", 10_954, "FairFace, both margins"),
    )

    def __init__(
        self, root: Path | str, split: str = "train", *, framed_at: int | None = None
    ) -> None:
        if framed_at is not None and framed_at < 1:
            raise InputError(f"framed_at is {framed_at}; it is a number of pixels, at least 1")
        super().__init__(root, split)
        self.framed_at = framed_at
        self.ages = self._positions("age", AGES)
        self.genders = self._positions("gender", GENDERS)
        self.races = self._positions("race", RACES)

    def _annotations(self) -> Annotations:
        rows = self._table()
        files = [row["file"] for row in rows]
        columns = {
            column: [_DATES.get(row[column], row[column]) for row in rows]
            for column in _COLUMNS[1:]
        }
        return Annotations(names=files, files=files, attributes=columns)

    def crops(self, preprocess: Preprocess) -> Pictures:
        """Faces as a model sees them; see ``framed_at``."""
        return Crops(self if self.framed_at is None else _Framed(self, preprocess), preprocess)

    def faces(self, preprocess: Preprocess, indices: Sequence[int] | None = None) -> Picture:
        """Faces cut as a model sees them behind a detector, uint8 (N, size, size[, 3]).

        Those of a prepared copy are cut already, and are only resized.

        Args:
            preprocess: the model's.
            indices: which pictures; ``None`` for all.
        """
        crops = []
        for index in range(len(self)) if indices is None else indices:
            picture = self.picture(index)
            box = _box(picture) if self.preprocess is None else None
            crops.append(preprocess.cut(picture, box))
        return np.stack(crops)

    def _table(self) -> list[dict[str, str]]:
        name = f"fairface_label_{self.split}.csv"
        data = self.archive.read(name)
        if data is None:
            if any(self.archive.has(f"fairface_label_{other}.csv") for other in self.splits):
                raise SplitMissing(
                    f"{self.root}: the split {self.split} is not in this copy, {name} is missing"
                )
            raise DataError(f"{self.root}: {name} is missing; is this the folder that holds it?")
        try:
            rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{self.root}: {name} is not a readable table ({error})") from None
        if not rows or any(row.get(column) is None for row in rows for column in _COLUMNS):
            raise DataError(f"{self.root}: {name} lacks rows, or one of {', '.join(_COLUMNS)}")
        return rows

    def _positions(self, column: str, known: Sequence[str]) -> NDArray[np.intp]:
        positions = {name: position for position, name in enumerate(known)}
        values = self.table.attributes[column]
        for name, value in zip(self.names, values, strict=True):
            if value not in positions:
                raise DataError(f"{self.root}: {name} has an unknown {column}, {value!r}")
        return np.array([positions[value] for value in values], np.intp)


class _Framed:
    """Faces of the side ``framed_at``, which are kept: most of the time went into decoding."""

    def __init__(self, data: FairFace, preprocess: Preprocess) -> None:
        self.data = data
        self.preprocess = replace(preprocess, size=data.framed_at or preprocess.size)
        self._kept: dict[int, Picture] = {}

    def __len__(self) -> int:
        return len(self.data)

    @property
    def names(self) -> Sequence[str]:
        return self.data.names

    def picture(self, index: int) -> Picture:
        if index not in self._kept:
            (self._kept[index],) = self.data.faces(self.preprocess, [index])
        return self._kept[index]


def _box(picture: Picture) -> Box:
    height, width = picture.shape[:2]
    return FACE[0] * width, FACE[1] * height, FACE[2] * width, FACE[3] * height
