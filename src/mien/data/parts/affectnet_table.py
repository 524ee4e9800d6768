"""``training.csv`` and ``validation.csv`` of AffectNet's Manually_Annotated release.

The columns are the path of the picture, the face's box, 68 landmarks as ``x;y;x;y;…``, the
expression as a number, valence and arousal. Some copies of ``validation.csv`` lack the line
with the columns' names. The training table has some 400,000 rows of a kilobyte, so that it is
decoded in passing and the landmarks are parsed on request only.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError

COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
_NEEDED = COLUMNS[:7]
POINTS = 68
_UNKNOWN = ("", "NULL", "null")
_NO_BOX = (math.nan,) * 4
_NO_POINTS = ";".join(["nan"] * (2 * POINTS))


@dataclass(frozen=True, slots=True)
class Table:
    """The columns that are read, N rows of all labels.

    Attributes:
        files: paths below the folder of pictures.
        labels: the numbers of the expressions.
        boxes: float64 (N, 4), x, y, width, height in pixels; NaN for none.
        landmarks: float64 (N, 68, 2), x and y in pixels, NaN for none; or not read.
    """

    files: list[str]
    labels: list[int]
    boxes: NDArray[np.float64]
    landmarks: NDArray[np.float64] | None


def read_table(data: bytes, what: str, *, landmarks: bool = False) -> Table:
    """Read a table.

    Args:
        data: of the file.
        what: of the file, for messages.
        landmarks: whether to read them.

    Raises:
        DataError: if a column is missing, a row is damaged, or the text is not UTF-8.
    """
    files, labels, boxes, points = [], [], [], []
    for line, (file, *box, text, label) in _rows(data, what):
        try:
            labels.append(_label(label))
            boxes.append(_box(box))
        except ValueError as error:
            raise DataError(f"{what}: line {line} ({file}) is damaged ({error})") from None
        files.append(file)
        if landmarks:
            points.append(_NO_POINTS if text in _UNKNOWN else text)
    if not files:
        raise DataError(f"{what} has no rows")
    return Table(
        files, labels, np.array(boxes), _landmarks(points, files, what) if landmarks else None
    )


def _rows(data: bytes, what: str) -> Iterator[tuple[int, list[str]]]:
    """The number of each line and its needed columns."""
    # Decoded in pieces: the whole table as text would take four bytes a character.
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""))
    places: list[int] = []
    last = 0
    try:
        for row in filter(None, rows):
            if not places:
                places = _places(row, what)
                last = max(places)
                if "/" not in row[0]:
                    continue
            if len(row) <= last:
                raise DataError(f"{what}: line {rows.line_num} is cut off: {','.join(row)[:80]}")
            yield rows.line_num, [row[place] for place in places]
    except UnicodeDecodeError as error:
        raise DataError(
            f"{what} is not UTF-8 text after line {rows.line_num} ({error.reason})"
        ) from None
    except csv.Error as error:
        raise DataError(f"{what}: line {rows.line_num} is damaged ({error})") from None


def _places(first: list[str], what: str) -> list[int]:
    """Where the needed columns are, by the first row."""
    if len(first) == len(COLUMNS) and "/" in first[0]:
        return list(range(len(_NEEDED)))
    names = [name.strip() for name in first]
    if missing := [name for name in _NEEDED if name not in names]:
        raise DataError(
            f"{what} lacks the column {', '.join(missing)}; it should have {', '.join(COLUMNS)}"
        )
    return [names.index(name) for name in _NEEDED]


def _label(text: str) -> int:
    """A whole number, which tables that went through other programs hold as ``3.0``."""
    if text.isdecimal():
        return int(text)
    number = float(text)
    if not number.is_integer():
        raise ValueError(f"the expression {text!r} is no whole number")
    return int(number)


def _box(values: list[str]) -> tuple[float, ...]:
    try:
        x, y, width, height = map(float, values)
    except ValueError:
        if any(value.strip() in _UNKNOWN for value in values):
            return _NO_BOX
        raise
    return (x, y, width, height) if width > 0 and height > 0 else _NO_BOX


def _landmarks(rows: list[str], files: list[str], what: str) -> NDArray[np.float64]:
    try:
        points = np.loadtxt(rows, delimiter=";", ndmin=2, comments=None)
        return points.reshape(len(rows), POINTS, 2)
    except ValueError:
        pass
    for row, file in zip(rows, files, strict=True):
        try:
            wrong = len([float(value) for value in row.split(";")]) != 2 * POINTS
        except ValueError:
            wrong = True
        if wrong:
            raise DataError(f"{what}: the landmarks of {file} are not {POINTS} points")
    raise DataError(f"{what}: the landmarks are damaged")
