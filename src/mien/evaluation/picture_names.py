"""Which picture of a data set a line of somebody's table means."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from pathlib import PurePosixPath

import numpy as np

from ..data.affectnet import AffectNet
from ..data.image_folder import ImageFolder
from ..data.listing import Listing
from ..data.parts.text_table import TextTable
from ..data.reader import Reader
from ..data.subsets import picture_key
from ..errors import DataError

log = logging.getLogger("mien")

PICTURE_COLUMNS = (
    *("name", "picture", "path", "file", "image", "file_name", "filename", "filepath"),
    *("image_path", "img", "source"),
)
"""What the column of the pictures' names may be called, in any case; the first that is there is
taken."""
_IN_FOLDERS = (AffectNet, ImageFolder, Listing)
"""Readers of sets whose folders hold other pictures of the same names; RAF-DB's hold the same ones
in other sizes."""
_AGAIN = "#"  # "a.jpg#2" is the second row of a.jpg


def column_called(table: TextTable, names: Iterable[str]) -> str | None:
    """The column of a table that has the first of these names, in any case; or ``None``."""
    folded: dict[str, str] = {}
    for one in table.columns:
        folded.setdefault(one.casefold(), one)
    return next((folded[name] for name in names if name in folded), None)


def picture_column(table: TextTable) -> str:
    """The column of a table that names the picture.

    Raises:
        DataError: if there is none; the columns are listed.
    """
    found = column_called(table, PICTURE_COLUMNS)
    if found is None:
        raise DataError(
            f"{table.where}: no column names the picture; call it one of "
            f"{', '.join(PICTURE_COLUMNS)} (columns: {', '.join(filter(None, table.columns))})"
        )
    return found


def lines_of_pictures(
    reader: Reader,
    table: TextTable,
    column: str,
    *,
    faces: Callable[[list[int]], bool] | None = None,
) -> dict[int, list[int]]:
    """Lines of a table by the pictures of a split that they speak of; see :class:`Matching`.

    Args:
        reader: the split.
        table: lines of other pictures are left alone.
        column: that names the picture.
        faces: whether these lines, all of one picture, are several faces in it; ``None`` where
            no picture may have more than one line.

    Returns:
        Position of a picture in the split to its lines, numbered from 0. Pictures without a line
        are not in it.

    Raises:
        DataError: if a picture has two lines that are not of several faces, a name may mean
            several pictures, or no line is of a picture of the split; the line is named.
    """
    names = table.columns[column]
    matching = Matching(reader, names, faces=faces is not None)
    found: dict[int, list[int]] = {}
    strangers = 0
    for line, name in enumerate(names):
        try:
            rows = matching.rows(name)
        except DataError as error:
            raise table.error(line, str(error)) from None
        strangers += not rows
        for row in rows:
            found.setdefault(row, []).append(line)
    if not found:
        raise DataError(
            f"{table.where}: none of its pictures, such as {names[0]}, is in the "
            f"split {reader.split} of {reader.title}, such as {reader.names[0]}"
        )
    for row, lines in found.items():
        if len(lines) > 1 and (faces is None or not faces(lines)):
            raise table.error(
                lines[1],
                f"the picture {reader.names[row]} is here twice, before in "
                f"{table.numbers[lines[0]]}",
            )
    if strangers:
        log.info(
            "%s: %d rows are of no picture of the split %s", table.where, strangers, reader.split
        )
    return found


class Matching:
    """Rows of a split by names of pictures.

    A name is the data set's own, perhaps with folders before it; or else its last part without
    a picture's suffix, or that of the picture's file, where this is not another picture's too.
    Where the table has some names with the data set's own folders, other folders mean other
    pictures: beside ``val/1.jpg`` the name ``train/2.jpg`` is not ``val/2.jpg``. A path that ends
    in a file of the copy means that file. Rows that the data set has again of the same picture,
    such as ``a.jpg#2``, go by the name of the first, unless the table has their own.

    Args:
        reader: the split.
        table: all names of the table.
        faces: whether rows of the table are faces with boxes, so that a name may mean several
            rows of one photograph.
    """

    def __init__(self, reader: Reader, table: Collection[str], *, faces: bool = False) -> None:
        self._reader, self._faces = reader, faces
        self._table = frozenset(table)
        self._names: dict[str, list[int]] = {}
        self._keys: dict[str, list[int]] = {}
        for row, name in enumerate(reader.names):
            for own in {name, self._base(row)}:
                self._names.setdefault(own, []).append(row)
            for key in {picture_key(self._base(row)), self._file_key(row)} - {""}:
                self._keys.setdefault(key, []).append(row)
        self._folders_count = any(
            "/" in self._reader.names[row]
            for one in self._table
            for row in self._whole(_with_slashes(one))
        )

    def rows(self, name: str) -> list[int]:
        """Positions of the rows that a name means; none if it means no picture.

        Raises:
            DataError: if it may mean several pictures.
        """
        rows = [
            row
            for row in self._candidates(_with_slashes(name))
            if self._reader.names[row] == name or not self._has_its_own(row)
        ]
        if rows and isinstance(self._reader, _IN_FOLDERS):
            file = self._file_named(_with_slashes(name))
            rows = [row for row in rows if self._reader.table.files[row] == file or not file]
        if len({self._identity(row) for row in rows}) > 1:
            names = " and ".join(self._reader.names[row] for row in rows[:2])
            raise DataError(
                f"{name} may mean {names}; name pictures as the data set {self._reader.title} does"
            )
        return rows

    def _file_named(self, name: str) -> str:
        """The copy's file that a path ends in; nothing if none does, or no folder is named."""
        parts = name.split("/")
        tails = ("/".join(parts[start:]) for start in range(len(parts) - 1))
        plain = (tail for tail in tails if tail[:1] not in ("", "/") and ".." not in tail)
        return next((tail for tail in plain if self._reader.archive.has(tail)), "")

    def _has_its_own(self, row: int) -> bool:
        """Whether the table names a repetition besides the picture that it repeats."""
        name = self._reader.names[row]
        return name in self._table and self._base(row) != name

    def _candidates(self, name: str) -> list[int]:
        if rows := self._whole(name):
            return rows
        rows = self._keys.get(picture_key(name), [])
        if self._folders_count and "/" in name.removeprefix("./"):
            return [row for row in rows if "/" not in self._reader.names[row]]
        return rows

    def _whole(self, name: str) -> list[int]:
        """The rows whose own name this is, perhaps with folders before it."""
        parts = name.split("/")
        for start in range(len(parts)):
            if rows := self._names.get("/".join(parts[start:])):
                return rows
        return []

    def _base(self, row: int) -> str:
        """The name without the number of a repetition."""
        name = self._reader.names[row]
        base, again, number = name.rpartition(_AGAIN)
        repeated = again and number.isdecimal() and self._reader.table.files[row].endswith(base)
        return base if repeated else name

    def _file_key(self, row: int) -> str:
        """The last part of the file's name; nothing where one file holds many pictures."""
        file = PurePosixPath(self._reader.table.files[row])
        return "" if file.suffix in (".csv", ".bin", "") else picture_key(file.name)

    def _identity(self, row: int) -> tuple[object, ...]:
        """Equal for rows that are the same picture, or for faces of one photograph."""
        table = self._reader.table
        if not self._file_key(row):
            return (row,)
        if self._faces or table.boxes is None:
            return (table.files[row],)
        return (table.files[row], *np.nan_to_num(table.boxes[row], nan=-1).tolist())


def _with_slashes(name: str) -> str:
    return name.replace("\\", "/")
