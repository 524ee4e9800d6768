"""Sinks by the name of their format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from ..errors import InputError
from ..expressions import LabelSet
from .parquet import ParquetSink
from .rows import CsvSink, JsonSink, RowFile, Sink
from .table import TableSink

Format: TypeAlias = Literal["table", "json", "csv", "parquet"]

SUFFIXES: dict[str, Format] = {
    ".txt": "table",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def create_sink(format: Format, output: Path | None, labels: LabelSet) -> Sink:
    """The sink for a format.

    Args:
        format: ``"table"``, ``"json"`` (one object a line), ``"csv"`` or ``"parquet"``.
        output: file to write, replaced if it is there; ``None`` for standard output.
        labels: the model's classes, which become columns.

    Raises:
        OutputError: if the file cannot be opened.
        InputError: if Parquet is to go to standard output.
        MissingExtra: if Parquet is asked for and pyarrow is not installed.
    """
    if format == "parquet":
        if output is None:
            raise InputError("Parquet goes to a file; name it with --output FILE.parquet")
        return ParquetSink(output, labels)
    if format == "table":
        return TableSink(output)
    target = RowFile(output)
    return JsonSink(target, labels) if format == "json" else CsvSink(target, labels)
