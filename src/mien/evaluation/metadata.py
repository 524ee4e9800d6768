"""What a user knows of the pictures: a table with a line for each, matched by name."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..data.archive import Archive
from ..data.parts.text_table import SUFFIXES, TextTable, read_text_table
from ..data.reader import Reader
from ..errors import DataError, NotFound
from .picture_names import lines_of_pictures, picture_column

log = logging.getLogger("mien")

MOST_GROUPS = 50
"""A column with more values than this, such as one of identities, is not of groups unless it
is asked for."""


def read_metadata(
    file: Path, reader: Reader, columns: Sequence[str] | None = None
) -> Mapping[str, Sequence[str]]:
    """The values of each picture in some columns of a CSV, TSV or Parquet file.

    Pictures are matched as :class:`~mien.evaluation.picture_names.Matching` says; lines of other
    pictures are left alone.

    Args:
        file: with one line for each picture, its name in one of
            :data:`~mien.evaluation.picture_names.PICTURE_COLUMNS`.
        reader: the split, of N pictures.
        columns: those to read; ``None`` for all with at most :data:`MOST_GROUPS` values.

    Returns:
        Column to the N pictures' values, ``""`` where a picture has none.

    Raises:
        NotFound: if there is no such file.
        MissingExtra: if it is Parquet and pyarrow is not installed.
        DataError: if it lacks a column, has a picture twice or none of the split, or is
            damaged.
    """
    if not file.is_file():
        raise NotFound(f"{file}: there is no table of metadata at this path")
    if file.suffix.lower() not in SUFFIXES:
        raise DataError(f"{file}: metadata is a table whose name ends in {', '.join(SUFFIXES)}")
    table = read_text_table(Archive(file.parent, "metadata"), file.name)
    key = picture_column(table)
    chosen = _chosen(table, key, columns)
    lines = lines_of_pictures(reader, table, key)
    if without := len(reader) - len(lines):
        log.info("%s has no line for %d of the %d pictures", file, without, len(reader))
    return {
        column: [
            table.columns[column][lines[row][0]] if row in lines else ""
            for row in range(len(reader))
        ]
        for column in chosen
    }


def _chosen(table: TextTable, key: str, columns: Sequence[str] | None) -> list[str]:
    others = [one for one in table.columns if one and one != key]
    if columns is not None:
        for one in columns:
            if one not in others:
                raise DataError(
                    f"{table.where}: there is no column {one!r} to group by; there are "
                    f"{_listed(others) or 'none'}"
                )
        return list(dict.fromkeys(columns))
    sizes = {one: len(set(table.columns[one]) - {""}) for one in others}
    if many := [one for one, size in sizes.items() if size > MOST_GROUPS]:
        log.info(
            "%s: %s left out, with more than %d values each; ask for a column to have it",
            table.where,
            _listed(many),
            MOST_GROUPS,
        )
    found = [one for one, size in sizes.items() if 0 < size <= MOST_GROUPS]
    if not found:
        raise DataError(f"{table.where}: no column besides {key} has groups")
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(one for one in names if one)
