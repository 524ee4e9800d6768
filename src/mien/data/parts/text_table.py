"""CSV and Parquet files as columns of text, with the place of every row for messages."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import DataError, require
from ..archive import Archive

SUFFIXES = (".csv", ".parquet", ".tsv")
"""What the names of such files end in."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """Columns of text.

    Attributes:
        where: the file, for messages.
        columns: by name; without spaces around names and values, empty where there is none.
        numbers: where each row stands, such as ``"line 3"``.
    """

    where: str
    columns: dict[str, list[str]]
    numbers: Sequence[str]

    def __len__(self) -> int:
        return len(self.numbers)

    def error(self, row: int, what: str) -> DataError:
        """The error of a row, numbered from 0, that names its place in the file."""
        return DataError(f"{self.where}, {self.numbers[row]}: {what}")

    def values(self, row: int, names: Sequence[str]) -> list[float] | None:
        """The numbers in some columns of a row; ``None`` where all of them are empty.

        Raises:
            DataError: if one is no finite number, or only some are empty.
        """
        texts = [self.columns[name][row] for name in names]
        if not any(texts):
            return None
        found = []
        for name, text in zip(names, texts, strict=True):
            try:
                found.append(float(text))
            except ValueError:
                found.append(math.nan)
            if not math.isfinite(found[-1]):
                raise self.error(row, f"the column {name} has {text!r}, which is no number")
        return found


def read_text_table(archive: Archive, file: str) -> TextTable:
    """Read a CSV or Parquet file, told apart by the name.

    CSV is UTF-8, and commas, semicolons or tabs part the columns. Columns of a Parquet file
    that hold neither text, numbers nor dates are left out.

    Raises:
        MissingExtra: if it is Parquet and pyarrow is not installed.
        DataError: if it is missing or damaged.
    """
    where = str(archive.root / file)
    data = archive.read(file)
    if data is None:
        raise DataError(f"{archive.root}: {file} is missing")
    table = _parquet(data, where) if file.lower().endswith(".parquet") else _csv(data, where)
    if not len(table):
        raise DataError(f"{where}: there are no rows")
    return table


def _csv(data: bytes, where: str) -> TextTable:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(f"{where}, line {line}: not UTF-8 text; save the file as UTF-8") from None
    start = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=start.count))
    rows: list[list[str]] = []
    numbers: list[str] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        for row in filter(None, reader):
            number = f"line {reader.line_num}"
            if len(row) != len(header):
                raise DataError(
                    f"{where}, {number}: {len(row)} values do not fit {len(header)} columns"
                )
            rows.append([value.strip() for value in row])
            numbers.append(number)
    except csv.Error as error:
        raise DataError(f"{where}, line {reader.line_num}: not a CSV file ({error})") from None
    _refuse_twins(header, where)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    return TextTable(where, columns, numbers)


def _parquet(data: bytes, where: str) -> TextTable:
    arrow = require("pyarrow", "tables")
    parquet = require("pyarrow.parquet", "tables")
    kinds = arrow.types
    try:
        file = parquet.ParquetFile(arrow.BufferReader(data))
        schema = file.schema_arrow
        _refuse_twins([name.strip() for name in schema.names], where)
        chosen = [
            one.name
            for one in schema
            if not (kinds.is_nested(one.type) or kinds.is_binary(one.type))
            and not kinds.is_large_binary(one.type)
        ]
        found = file.read(columns=chosen).to_pydict()
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{where}: not a readable Parquet file ({reason})") from None
    columns = {
        name.strip(): ["" if value is None else str(value).strip() for value in values]
        for name, values in found.items()
    }
    return TextTable(where, columns, [f"row {row + 1}" for row in range(file.metadata.num_rows)])


def _refuse_twins(names: Sequence[str], where: str) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataError(f"{where}: two columns are called {name!r}")
