"""Rows of bytes that are whole or not there: the base of the sinks, JSON lines and CSV.

A sink is written to frame by frame, and what was written stays valid whatever happens
next: rows go out whole, and a row that a full disk cut in two is taken back.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from ..errors import OutputError
from ..expressions import LabelSet
from .results import Face, columns


class Sink(Protocol):
    """Takes rows. Use it as a context, so that it is closed whatever happens."""

    def write(self, faces: Sequence[Face]) -> None:
        """Write the rows of one frame.

        Raises:
            OutputError: if they cannot be written; the rows before them are.
        """
        ...

    def close(self) -> None:
        """Finish the output.

        Raises:
            OutputError: if that is not possible.
        """
        ...

    def __enter__(self) -> Sink: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class RowFile:
    """A file or standard output, to which only whole rows are written.

    Args:
        output: the file; ``None`` for standard output.
        stream: an open raw stream instead of ``output``, for tests.

    Attributes:
        former: whether the file held something before, which stays until rows come.
        begun: whether rows have come.
    """

    def __init__(self, output: Path | None, stream: BinaryIO | io.RawIOBase | None = None) -> None:
        self.name = "standard output" if output is None else str(output)
        self._owned = stream is None and output is not None
        self.begun = False
        # What was there stays until there is something to take its place.
        self.former = self._owned and output is not None and _holds_something(output)
        if stream is not None:
            self._stream = stream
        elif output is None:
            self._stream = _standard_output()
        else:
            try:
                output.parent.mkdir(parents=True, exist_ok=True)
                # Without a buffer, so that what write() has taken is out of the process.
                self._stream = output.open("ab" if self.former else "wb", buffering=0)
            except OSError as error:
                raise OutputError(f"{output}: cannot be written ({error.strerror})") from None
        # What others wrote to standard output, or what a file held to which it is appended.
        self._others = 0 if self._owned else self._end()
        self._whole = 0

    def write(self, rows: Sequence[bytes]) -> None:
        """Append rows, each with its line end.

        Raises:
            OutputError: if not all fit; those that fit entirely stay.
        """
        data = b"".join(rows)
        done = 0
        try:
            self._begin()
            while done < len(data):
                done += self._stream.write(data[done:]) or 0
            self._stream.flush()
        except BrokenPipeError:
            raise  # the reader has enough; no error of ours
        except OSError as error:
            self._take_back(rows, done)
            raise OutputError(
                f"{self.name}: cannot be written ({error.strerror}); the rows before are complete"
            ) from None
        self._whole += len(data)

    def _begin(self) -> None:
        if self.former and not self.begun:
            self._stream.truncate(0)
        self.begun = True

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._owned:
            self._stream.close()

    def _take_back(self, rows: Sequence[bytes], done: int) -> None:
        """Shorten the file to its last whole row; ``done`` bytes of ``rows`` are in it."""
        ours = self._others + self._whole + done
        for row in rows:
            if len(row) > done:
                break
            done -= len(row)
            self._whole += len(row)
        # A pipe or device cannot take anything back.
        with suppress(OSError, ValueError):
            if self._owned or self._end() == ours:  # else others have written, too
                self._stream.truncate(self._others + self._whole)
                self._stream.seek(0, os.SEEK_END)

    def _end(self) -> int:
        """How long the file is; 0 of what has no length."""
        try:
            place = self._stream.tell()
            end = self._stream.seek(0, os.SEEK_END)
            self._stream.seek(place)
        except (OSError, ValueError):
            return 0
        return end


def _standard_output() -> BinaryIO | io.RawIOBase:
    """Without its buffer, which would write once more at the end what a full disk refused."""
    if sys.stdout is None:
        raise OutputError("standard output is closed; name a file with --output")
    sys.stdout.flush()
    buffer: BinaryIO = sys.stdout.buffer
    raw: BinaryIO | io.RawIOBase = getattr(buffer, "raw", buffer)
    return raw


def _holds_something(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False  # opening it will say why


class _Lines:
    """A sink that turns each face into one row of bytes."""

    def __init__(self, target: RowFile, labels: LabelSet) -> None:
        self._target = target
        self._labels = labels

    def write(self, faces: Sequence[Face]) -> None:
        """Write one row per face."""
        self._target.write([self._row(face) for face in faces])

    def close(self) -> None:
        """Close the file."""
        self._target.close()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _row(self, face: Face) -> bytes:
        raise NotImplementedError


class JsonSink(_Lines):
    """JSON lines: one object per row, UTF-8."""

    def _row(self, face: Face) -> bytes:
        return (json.dumps(face.to_row(self._labels), ensure_ascii=False) + "\n").encode(
            errors="surrogateescape"
        )


class CsvSink(_Lines):
    """CSV after RFC 4180 with a head row, UTF-8; what is not there is empty.

    The file that was there before is replaced with the first row.
    """

    def __init__(self, target: RowFile, labels: LabelSet) -> None:
        super().__init__(target, labels)
        self._head = self._line(columns(labels))

    def write(self, faces: Sequence[Face]) -> None:
        """Write one row per face, and the head before the first."""
        if not self._target.begun:
            self._target.write([self._head])
        super().write(faces)

    def close(self) -> None:
        """Close the file; a new one has its head also where there was nothing to write."""
        try:
            if not self._target.begun and not self._target.former:
                self._target.write([self._head])
        finally:
            super().close()

    def _row(self, face: Face) -> bytes:
        return self._line(
            json.dumps(value) if isinstance(value, list) else value
            for value in face.to_row(self._labels).values()
        )

    @staticmethod
    def _line(values: Iterable[object]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text).writerow(values)
        return text.getvalue().encode(errors="surrogateescape")
