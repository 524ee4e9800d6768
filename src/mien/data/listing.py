"""A list of pictures: a CSV or Parquet file of paths and labels.

The first line of a CSV file names its columns; commas, semicolons or tabs part them. Paths are
relative to the folder that holds the file and must not lead out of it. Labels are names, in
any of the spellings that :mod:`~mien.data.parts.expression_names` knows, or numbers, whose meaning
``labels`` tells; a picture without one has no class. A column that says the split makes several
splits of the file; without one there is a single split called ``all``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, InputError
from ..expressions import Expression, LabelSet
from .annotations import Annotations
from .archive import Archive
from .image_folder import WHOLE
from .parts.expression_names import in_usual_order, is_among, label_set_named, read_label
from .parts.layouts import guess_layout
from .parts.own_classes import of_prepared, splits_of_prepared, without
from .parts.text_table import SUFFIXES, TextTable, read_text_table
from .preparing.manifest import MANIFEST
from .reader import Reader

# What the columns are called in files that do not use the usual name.
_OTHER_NAMES = {
    "path": ("file", "file_name", "filename", "filepath", "image", "image_path", "img", "picture"),
    "label": ("class", "emotion", "expression"),
    "split": ("partition", "subset", "usage"),
    "group": ("identity", "person", "person_id", "subject", "subject_id", "video", "video_id"),
}
_BOX = 4
_DRIVE = re.compile("[A-Za-z]:")  # of Windows


class Listing(Reader):
    """One split of a list of pictures.

    Where a column of the default's name is missing, one that is called otherwise (``file``,
    ``expression``, ``subset``, ``subject`` and the like) is taken if it is the only such one.
    Every further column becomes one of ``table.attributes``. With labels as names, the label
    set are the classes that occur in any split, in the order of
    :data:`~mien.expressions.BASIC8`.

    Args:
        root: the file, or a folder or zip file with exactly one such file at its top.
        split: a value of the column of splits, or ``"all"`` where there is none.
        pictures: the folder that the paths start from; by default the one that holds the file.
        path_column: of paths.
        label_column: of labels; ``None`` for pictures without.
        split_column: of splits; ``None`` for a single one.
        group_column: of what must not cross a split, such as the person; ``None`` for none.
        box_columns: the four of the left edge, the top edge, the width and the height of each
            face in pixels, by which faces are then cut; all four may be empty in a row. Without
            them there are no boxes, whatever columns are called.
        labels: what the numbers from 0 stand for: a label set, or names in their order.
        ignore: names of classes whose rows are left out, such as ``"unknown"``; ``""`` leaves
            out rows without a label.

    A prepared copy takes none of the columns, and no ``pictures``: they were chosen when it was
    made.

    Raises:
        NotFound: if there is nothing at ``root``.
        UnknownName: if there is no such split.
        MissingExtra: if a Parquet file is to be read without pyarrow.
        InputError: if ``box_columns`` are not four.
        DataError: if the file is damaged, lacks a column, or has a row that does not fit.
    """

    name = "list"
    title = "list of pictures"
    licence = "that of the pictures, as their owner gives it"
    splits: tuple[str, ...] = (WHOLE,)

    def __init__(
        self,
        root: Path | str,
        split: str = WHOLE,
        *,
        pictures: Path | str | None = None,
        path_column: str = "path",
        label_column: str | None = "label",
        split_column: str | None = "split",
        group_column: str | None = "group",
        box_columns: Sequence[str] | None = None,
        labels: LabelSet | Sequence[str] | None = None,
        ignore: Collection[str] = (),
    ) -> None:
        self._known = None if labels is None else label_set_named(labels)
        self.finds_labels = self._known is None
        self._ignore = tuple(ignore)
        if box_columns is not None and len(box_columns) != _BOX:
            raise InputError(f"box_columns are {_BOX}, x, y, width and height, not {box_columns}")
        archive, file = _opened(Path(root))
        folder = archive.root
        prepared = None if file else of_prepared(archive, split)
        if prepared is not None:
            self.splits, self.labels = prepared[0], self._known or prepared[1] or self.labels
        elif file is not None:
            folder = archive.root if pictures is None else Path(pictures)
            self._text = read_text_table(archive, file)
            self._path = _column(self._text, "path", path_column)
            self._label = label_column and _column(self._text, "label", label_column)
            self._split = split_column and _column(self._text, "split", split_column)
            self._group = group_column and _column(self._text, "group", group_column)
            self._box = [_named(self._text, "box", one) for one in box_columns or ()]
            self.splits = _splits(self._text, self._split)
            self._classes = self._read_labels()
        chosen = {
            "pictures": pictures,
            "path_column": path_column,
            "label_column": label_column,
            "split_column": split_column,
            "group_column": group_column,
            "box_columns": box_columns,
        }
        super().__init__(folder, split, originals=chosen)
        if self.prepared:
            self.table, self.labels = without(self.table, self.labels, ignore, str(root))
        else:
            # All of use is in the table now, and readers travel to worker processes.
            del self._text, self._classes

    @classmethod
    def splits_in(
        cls, root: Path | str, *, split_column: str | None = "split", **_: object
    ) -> tuple[str, ...]:
        """The splits that a list has.

        Raises:
            NotFound: if there is nothing at ``root``.
            DataError: if the file is damaged, or lacks the column.
        """
        archive, file = _opened(Path(root))
        if file is None:
            return splits_of_prepared(archive) or cls.splits
        text = read_text_table(archive, file)
        return _splits(text, split_column and _column(text, "split", split_column))

    def _annotations(self) -> Annotations:
        rows = self._rows_of_split()
        names = self._names(rows)
        columns = self._text.columns
        classes = None
        if self._label:
            classes = np.array([self._classes[row] for row in rows], np.int64)
        taken = {self._path, self._label, self._split, self._group, *self._box}
        return Annotations(
            names=names,
            files=names,
            classes=classes,
            boxes=self._boxes(rows) if self._box else None,
            groups=(
                [columns[self._group][row] or name for row, name in zip(rows, names, strict=True)]
                if self._group
                else None  # and a picture of nobody is a group of its own
            ),
            attributes={
                name: [column[row] for row in rows]
                for name, column in columns.items()
                if name and name not in taken
            },
        )

    def _rows_of_split(self) -> list[int]:
        splits = self._text.columns[self._split] if self._split else None
        return [
            row
            for row in range(len(self._text))
            if (splits is None or splits[row] == self.split)
            and (not self._label or self._classes[row] is not None)
        ]

    def _boxes(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """The box of each row, (K, 4); NaN where there is none."""
        boxes = np.full((len(rows), _BOX), np.nan)
        for place, row in enumerate(rows):
            box = self._text.values(row, self._box)
            if box is not None:
                if min(box[2:]) <= 0:
                    raise self._text.error(row, f"the box {box} has a width or height of 0 or less")
                boxes[place] = box
        return boxes

    def _read_labels(self) -> list[int | None]:
        """The class of each row: -1 for none, ``None`` where the row is left out."""
        if not self._label:
            self.labels = self._known or self.labels
            return []
        column = self._text.columns[self._label]
        first: dict[str, int] = {}
        for row, text in enumerate(column):
            first.setdefault(text, row)
        first.pop("", None)
        meanings = {text: self._expression(row, text) for text, row in first.items()}
        occurring = [one for one in meanings.values() if one is not None]
        unlabelled = None if is_among("", self._ignore) else -1
        if not occurring and (meanings or unlabelled is None):
            raise DataError(f"{self._text.where}: every row is left out")
        self.labels = self._known or (in_usual_order(occurring) if occurring else self.labels)
        classes = {
            text: None if one is None else self.labels.index(one) for text, one in meanings.items()
        }
        return [unlabelled if text == "" else classes[text] for text in column]

    def _expression(self, row: int, text: str) -> Expression | None:
        try:
            return read_label(text, self._known, self._ignore)
        except DataError as error:
            raise self._text.error(row, str(error)) from None

    def _names(self, rows: Sequence[int]) -> list[str]:
        """Paths within the folder, each once."""
        first: dict[str, int] = {}
        column = self._text.columns[self._path]
        for row in rows:
            name = _inside(column[row])
            if name is None:
                raise self._text.error(
                    row,
                    f"{column[row]!r} does not name a file below the folder {self.root}; paths "
                    "are relative to the list's folder, or to another with pictures",
                )
            if name in first:
                before = self._text.numbers[first[name]]
                raise self._text.error(row, f"{name} is listed twice, first in {before}")
            first[name] = row
        return list(first)


def _opened(root: Path) -> tuple[Archive, str | None]:
    """The list's folder or zip file, and its name there; ``None`` in a prepared copy."""
    if root.suffix.lower() in SUFFIXES and root.is_file():
        return Archive(root.parent, Listing.title), root.name
    archive = Archive(root, Listing.title)
    if archive.has(MANIFEST):
        return archive, None
    found = [one for one in archive.files() if one.lower().endswith(SUFFIXES)]
    if not found:
        raise DataError(f"{root}: there is no CSV or Parquet file; {guess_layout(archive)}")
    if len(found) > 1:
        listed = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        raise DataError(f"{root}: several files could be the list ({listed}); name one as root")
    return archive, found[0]


def _column(text: TextTable, role: str, wanted: str) -> str:
    """The name of a role's column in the file; "" for one that the file need not have."""
    if wanted in text.columns:
        return wanted
    needed = role in ("path", "label")
    if wanted == role:  # the default: it may be called otherwise
        others = (role, *_OTHER_NAMES[role])
        found = [one for one in text.columns if one.casefold() in others]
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(
                f"{text.where}: {' and '.join(found)} could both be the column of the {role}; "
                f"say which with {role}_column"
            )
        if not needed:
            return ""
    return _named(text, role, wanted)


def _named(text: TextTable, role: str, wanted: str) -> str:
    if wanted in text.columns:
        return wanted
    listed = ", ".join(one for one in text.columns if one)
    option = "box_columns" if role == "box" else f"{role}_column"
    raise DataError(
        f"{text.where}: there is no column {wanted!r} of the {role} (columns: {listed}); "
        f"say which with {option}"
    )


def _splits(text: TextTable, column: str | None) -> tuple[str, ...]:
    if not column:
        return (WHOLE,)
    values = text.columns[column]
    if "" in values:
        raise text.error(values.index(""), f"the column {column} is empty")
    return tuple(dict.fromkeys(values))


def _inside(path: str) -> str | None:
    """A path below the folder, with ``/``; ``None`` if it is none."""
    member = posixpath.normpath(path.replace("\\", "/"))
    outside = member in (".", "..") or member.startswith(("/", "../")) or "\0" in member
    return None if outside or _DRIVE.match(member) else member
