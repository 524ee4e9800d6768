"""The tables and files of prepared copies, as they are written."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import DataError
from ..annotations import Annotations

VOTES, UNIT, ATTRIBUTE = "votes:", "action unit:", "attribute:"
"""What the names of columns begin with, before the vote, the unit or the attribute."""

FIRST = ["name", "file", "found", "bytes"]
"""The columns that every table begins with; the last is the size of the file."""

FOUND = ("no", "yes")
"""Whether the face was found."""


def table_text(
    table: Annotations,
    files: Mapping[int, str],
    found: Mapping[int, bool],
    sizes: Mapping[int, int],
    class_names: Sequence[str],
    units: Sequence[int],
) -> str:
    """A split's table as CSV.

    Args:
        table: of the original.
        files: of the pictures that the copy has, by their rows.
        found: whether the face was found, by rows.
        sizes: of the files in bytes, by rows.
        class_names: of the original's classes.
        units: the action units of its columns.
    """
    rows = sorted(files)
    first = (
        [table.names[row] for row in rows],
        [files[row] for row in rows],
        [FOUND[found[row]] for row in rows],
        [sizes[row] for row in rows],
    )
    columns: dict[str, list[Any]] = dict(zip(FIRST, first, strict=True))
    if table.classes is not None:
        names = [*class_names, ""]  # the last is for -1
        columns["class"] = [names[table.classes[row]] for row in rows]
    for prefix, values, numbers in (
        (VOTES, table.votes, None),
        (UNIT, table.action_units, units),
    ):
        if values is not None:
            for place, number in enumerate(numbers or range(values.shape[1])):
                columns[f"{prefix}{number}"] = values[rows, place].tolist()
    if table.groups is not None:
        columns["group"] = [table.groups[row] for row in rows]
    for name, column in table.attributes.items():
        columns[f"{ATTRIBUTE}{name}"] = [column[row] for row in rows]
    text = io.StringIO()
    # With this end of lines, texts with either sign are quoted.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def source_of(table: Annotations, class_names: Sequence[str], units: Sequence[int]) -> str:
    """SHA-256 over all annotations of an original copy, in hexadecimal; pictures not read.

    Raises:
        DataError: if a name is no text that can be written.
    """
    everything = dict.fromkeys(range(len(table)), "")
    found, sizes = dict.fromkeys(everything, True), dict.fromkeys(everything, 0)
    try:
        text = table_text(table, everything, found, sizes, class_names, units).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{error.object!r:.80} is not UTF-8; rename the file") from None
    digest = hashlib.sha256(text)
    for column in (table.boxes, table.landmarks):
        if column is not None:
            digest.update(column.astype("<f8").tobytes())
    return digest.hexdigest()


def file_of(split: str, index: int, name: str, suffix: str) -> str:
    """Where the picture of a row lies: a thousand in a folder, told apart by their rows."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition("/")[2].rpartition(".")[0] or name)
    return f"{folder_of(split)}/{index // 1000:03d}/{index:07d}-{stem[-60:]}.{suffix}"


def folder_of(split: str) -> str:
    """The folder of a split, and what the names of its other files begin with."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", split)
    # Splits of one's own may differ in just what cannot stand in a file's name.
    mark = "" if plain == split else "-" + hashlib.sha256(split.encode()).hexdigest()[:8]
    return plain + mark
