"""Rows as a Parquet file.

A Parquet file is readable only when it is finished. So rows are first collected, as JSON
lines, in ``<output>.rows.jsonl`` next to it, and turned into Parquet at the end, piece by
piece and under another name until it is whole. If the process is killed, the rows are there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ..drafts import draft_of
from ..errors import OutputError, require
from ..expressions import LabelSet
from .results import Face, Row, columns
from .rows import JsonSink, RowFile

_ROWS_AT_ONCE = 10_000

_TEXT = ("source", "expression", "model")
_WHOLE = ("frame", "face", "track")


class ParquetSink:
    """A sink that ends in a Parquet file.

    Args:
        output: the Parquet file, replaced if it is there and there are rows.
        labels: the model's classes.

    Raises:
        MissingExtra: if pyarrow is not installed.
        OutputError: if the folder cannot be written.
    """

    def __init__(self, output: Path, labels: LabelSet) -> None:
        self._arrow = require("pyarrow", "tables")
        self._output = output
        self._labels = labels
        self.spool = output.with_name(output.name + ".rows.jsonl")
        self._file = RowFile(self.spool)
        self._rows = JsonSink(self._file, labels)
        self._broken = False

    def write(self, faces: Sequence[Face]) -> None:
        """Collect the rows of one frame.

        Raises:
            OutputError: if they cannot be written; the rows before them are.
        """
        try:
            self._rows.write(faces)
        except OutputError:
            self._broken = True
            raise

    def close(self) -> None:
        """Turn the collected rows into the Parquet file.

        Raises:
            OutputError: if it cannot be written; the rows stay in the file of JSON lines.
        """
        self._rows.close()
        if self._broken:
            return  # the error has named the file that holds the rows
        if not self._file.begun and (self._output.exists() or self._file.former):
            # Without rows, what was there stays: the table, or rows of a run that was killed.
            if not self._file.former:
                self.spool.unlink()
            return
        try:
            with draft_of(self._output) as draft:
                self._convert(draft)
            self.spool.unlink()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise OutputError(
                f"{self._output}: cannot be written ({reason}); "
                f"its rows are complete in {self.spool}"
            ) from None

    def __enter__(self) -> ParquetSink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _convert(self, draft: Path) -> None:
        parquet = require("pyarrow.parquet", "tables")
        schema = self._schema()
        with (
            self.spool.open(encoding="utf-8", errors="surrogateescape") as lines,
            parquet.ParquetWriter(draft, schema) as writer,
        ):
            while rows := list(islice(_rows(lines), _ROWS_AT_ONCE)):
                writer.write_table(self._arrow.Table.from_pylist(rows, schema=schema))

    def _schema(self) -> Any:
        arrow = self._arrow
        kinds = {
            **dict.fromkeys(_TEXT, arrow.string()),
            **dict.fromkeys(_WHOLE, arrow.int64()),
            "landmarks": arrow.list_(arrow.list_(arrow.float64())),
        }
        return arrow.schema(
            [(name, kinds.get(name, arrow.float64())) for name in columns(self._labels)]
        )


def _rows(lines: Iterator[str]) -> Iterator[Row]:
    for line in lines:
        row: Row = json.loads(line)
        # File names need not be Unicode; Parquet's text must.
        row["source"] = str(row["source"]).encode(errors="surrogateescape").decode(errors="replace")
        yield row
