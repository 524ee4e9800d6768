"""FairFace (Karkkainen and Joo 2021): faces with age, gender and race, and no expressions.

For training without labels, such as from a teacher's answers, and for looking at groups. The
layout is the official one, as a folder or a zip file: ``train/N.jpg`` (or any other format)
and ``fairface_label_train.csv``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UnknownName
from ..preprocess import Picture, Preprocess
from .archive import open_archive

SPLITS = ("train", "val")
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


class FairFace:
    """One split of FairFace. Pictures are decoded when they are asked for.

    Args:
        root: folder or zip file.
        split: ``"train"`` or ``"val"``.

    Attributes:
        names: paths of the pictures within the copy, in the order of the table.
        ages, genders, races: int (N,), positions in :data:`AGES`, :data:`GENDERS` and
            :data:`RACES`.

    Raises:
        NotFound: if there is nothing at ``root``.
        UnknownName: if there is no such split.
        DataError: if the table is missing or damaged.
    """

    name = "fairface"

    def __init__(self, root: Path | str, split: str = "train") -> None:
        if split not in SPLITS:
            raise UnknownName("split of FairFace", split, SPLITS)
        self.root, self.split = Path(root), split
        self._read = open_archive(self.root, "FairFace")
        rows = self._table()
        self.names = [row["file"] for row in rows]
        self.ages = self._positions(rows, "age", AGES)
        self.genders = self._positions(rows, "gender", GENDERS)
        self.races = self._positions(rows, "race", RACES)

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB.

        Raises:
            DataError: if it is missing or does not decode.
        """
        name = self.names[index]
        data = self._read(name)
        if data is None:
            raise DataError(f"{self.root}: {name} is missing")
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is None:
            raise DataError(f"{self.root}: {name} does not decode as a picture")
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

    def faces(self, preprocess: Preprocess, indices: Sequence[int] | None = None) -> Picture:
        """Faces cut as a model sees them behind a detector, uint8 (N, size, size[, 3]).

        Args:
            preprocess: the model's.
            indices: which pictures; ``None`` for all.
        """
        crops = []
        for index in range(len(self)) if indices is None else indices:
            picture = self.picture(index)
            left, top, width, height = (
                share * side for share, side in zip(FACE, picture.shape[1::-1] * 2, strict=True)
            )
            crops.append(preprocess.cut(picture, (left, top, width, height)))
        return np.stack(crops)

    def _table(self) -> list[dict[str, str]]:
        name = f"fairface_label_{self.split}.csv"
        data = self._read(name)
        if data is None:
            raise DataError(f"{self.root}: {name} is missing; is this the folder that holds it?")
        try:
            rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{self.root}: {name} is not a readable table ({error})") from None
        if not rows or any(row.get(column) is None for row in rows for column in _COLUMNS):
            raise DataError(f"{self.root}: {name} lacks rows, or one of {', '.join(_COLUMNS)}")
        return rows

    def _positions(
        self, rows: list[dict[str, str]], column: str, known: Sequence[str]
    ) -> NDArray[np.intp]:
        positions = {name: position for position, name in enumerate(known)}
        values = [_DATES.get(row[column], row[column]) for row in rows]
        for row, value in zip(rows, values, strict=True):
            if value not in positions:
                raise DataError(f"{self.root}: {row['file']} has an unknown {column}, {value!r}")
        return np.array([positions[value] for value in values], np.intp)
