"""Every picture of a split decoded once, and what remains of it when it is gone.

A file is looked at before OpenCV decodes it, because OpenCV shows a JPEG that was cut off
as half a picture and says nothing.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, MienError, Unreadable
from ...image_header import SIGNATURE_LENGTH, kind_of, read_header
from ...preprocess import Picture
from ..archive import Archive
from ..reader import Reader, fingerprint_of
from .copies import Sketches, correlated, pixel_hash, shrunk

_BATCH = 64
_CORRELATED = 64  # values that near copies are compared by, of grey pictures

Found = Callable[[int, str, str], None]
"""Takes a row, a kind of problem, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What remains of the K pictures of a split.

    Attributes:
        rows: int (K,), in the reader's table. Of faces in one picture, the first.
        decoded: bool (K,).
        sketches: of all K, empty where nothing was decoded. Near copies are compared in grey,
            so that a grey copy of a coloured picture is found.
        sizes: int32 (K, 2), width and height in pixels.
        digests: SHA-256 of the files by their paths; ``None`` if some were not read.
    """

    rows: NDArray[np.intp]
    decoded: NDArray[np.bool_]
    sketches: Sketches
    sizes: NDArray[np.int32]
    digests: dict[str, bytes] | None

    def fingerprint(self, reader: Reader) -> str | None:
        """The reader's fingerprint without reading all files again; ``None`` if damaged."""
        if self.digests is not None and type(reader).fingerprint is Reader.fingerprint:
            return fingerprint_of(reader.table, map(self.digests.__getitem__, reader.table.files))
        try:
            return reader.fingerprint
        except DataError:
            return None


def rows_to_look_at(reader: Reader) -> list[int]:
    """All rows; where rows are boxes in larger pictures, one row of each picture."""
    if reader.table.boxes is None:
        return list(range(len(reader)))
    return [rows[0] for rows in _rows_by_file(reader).values()]


def _rows_by_file(reader: Reader) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, file in enumerate(reader.table.files):
        rows.setdefault(file, []).append(row)
    return rows


def look(
    reader: Reader, *, near: bool, jobs: int, found: Found, progress: Callable[[int], None]
) -> Seen:
    """Decode every picture once.

    Memory is bounded: 272 bytes a picture with near copies, and ``jobs`` pictures.

    Args:
        reader: the split.
        near: whether near copies will be sought.
        jobs: number of threads; decoding leaves Python's lock alone.
        found: told of each problem, in the order of the rows.
        progress: told how many pictures of the split are done.
    """
    rows = rows_to_look_at(reader)
    before = reader.archive
    reader.archive = watched = _Watched(before)
    try:
        looker = _Looker(reader, watched, rows, near)
        damage = _damage_of_the_only_file(looker)
        if damage is not None:
            found(*damage)
            return looker.seen()
        done = 0
        for problems in _in_parallel(looker, len(rows), jobs):
            for one in problems:
                found(*one)
            done = min(done + _BATCH, len(rows))
            progress(done)
        return looker.seen()
    finally:
        reader.archive = before


def _damage_of_the_only_file(looker: _Looker) -> tuple[int, str, str] | None:
    """The problem, if all rows lie in one file and it is damaged: not to be read N times.

    Looking at the first picture also makes readers that hold all pictures in memory read them
    before several threads ask for them.
    """
    first, last = looker.problem(0), looker.problem(len(looker.rows) - 1)
    same_file = looker.file(0) == looker.file(len(looker.rows) - 1)
    if first is None or last is None or not same_file or first[1:] != last[1:]:
        return None
    return first if len(looker.rows) > 1 else None


def _in_parallel(looker: _Looker, count: int, jobs: int) -> Iterator[list[tuple[int, str, str]]]:
    batches = [range(start, min(start + _BATCH, count)) for start in range(0, count, _BATCH)]
    if jobs == 1:
        yield from map(looker, batches)
        return
    executor = ThreadPoolExecutor(jobs)
    try:
        yield from executor.map(looker, batches)
    finally:
        executor.shutdown(cancel_futures=True)


def are_outside(boxes: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """Which boxes lie outside a picture: less than half of the area is in it, or a side is
    below one pixel.

    Args:
        boxes: (N, 4) left, top, width and height in pixels; NaN for none, which is not outside.
        width: of the picture, in pixels.
        height: of the picture, in pixels.

    Returns:
        (N,).
    """
    edges = np.array([width, height])
    first, sides = boxes[:, :2], boxes[:, 2:]
    inside = np.clip(first + sides, 0, edges) - np.clip(first, 0, edges)
    less_than_half = inside.prod(axis=1) < sides.prod(axis=1) / 2
    return np.asarray(less_than_half | (sides < 1).any(axis=1), np.bool_)


def _said(box: NDArray[np.float64]) -> str:
    x, y, width, height = box.tolist()
    return f"of {width:g}x{height:g} at {x:g}, {y:g}"


class _Looker:
    """Looks at batches of pictures and writes what remains into arrays for all of them."""

    def __init__(self, reader: Reader, archive: _Watched, rows: list[int], near: bool) -> None:
        self.rows, self._reader, self._archive = rows, reader, archive
        self._decoded = np.zeros(len(rows), np.bool_)
        self._hashes = np.zeros(len(rows), "S16")
        self._averages = np.zeros((len(rows), _CORRELATED), np.float32) if near else None
        self._sizes = np.zeros((len(rows), 2), np.int32)
        self._digests: dict[str, bytes] = {}
        self._faces = {} if reader.table.boxes is None else _rows_by_file(reader)

    def __call__(self, places: Sequence[int]) -> list[tuple[int, str, str]]:
        found: list[tuple[int, str, str]] = []
        for place in places:
            problem = self.problem(place)
            found += [] if problem is None else [problem]
            found += self._boxes_outside(place)
        return found

    def _boxes_outside(self, place: int) -> list[tuple[int, str, str]]:
        """A problem for each box of a picture that lies outside it."""
        boxes, rows = self._reader.table.boxes, self._faces.get(self.file(place))
        if boxes is None or rows is None or not self._decoded[place]:
            return []
        width, height = self._sizes[place].tolist()
        outside = np.array(rows)[are_outside(boxes[rows], width, height)].tolist()
        return [
            (row, "box", f"the box {_said(boxes[row])} lies outside the {width}x{height} pixels")
            for row in outside
        ]

    def file(self, place: int) -> str:
        """Where a picture lies."""
        return self._reader.table.files[self.rows[place]]

    def problem(self, place: int) -> tuple[int, str, str] | None:
        """Look at one picture; its row, the kind of problem and the message, if it has one."""
        reader, row, file = self._reader, self.rows[place], self.file(place)
        self._archive.forget()
        try:
            picture = reader.picture(row)
        except _Broken as error:
            return row, error.kind, str(error)
        except (MienError, cv2.error) as error:
            if not self._archive.has(file):
                return row, "missing", f"{file} is missing"
            text = str(error) if isinstance(error, MienError) else f"{file} does not decode"
            return row, "undecodable", text.removeprefix(f"{reader.root}: ")
        finally:
            digest = self._archive.digest(file)
            if digest is not None:
                self._digests[file] = digest
        self._keep(place, picture)
        height, width = picture.shape[:2]
        if reader.side is not None and (width, height) != (reader.side, reader.side):
            side = reader.side
            return row, "size", f"{file} is {width}x{height} pixels, not {side}x{side}"
        return None

    def _keep(self, place: int, picture: Picture) -> None:
        self._decoded[place] = True
        self._hashes[place] = pixel_hash(picture)
        self._sizes[place] = picture.shape[1::-1]
        if self._averages is not None:
            grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            self._averages[place] = shrunk(np.asarray(grey, np.uint8))

    def seen(self) -> Seen:
        """All that was kept."""
        files = set(self._reader.table.files)
        values = None if self._averages is None else correlated(self._averages)
        return Seen(
            rows=np.array(self.rows, np.intp),
            decoded=self._decoded,
            sketches=Sketches(self._hashes, values),
            sizes=self._sizes,
            digests=self._digests if len(self._digests) == len(files) else None,
        )


class _Broken(DataError):
    """A file is empty, or its end is missing."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _Watched(Archive):
    """An archive that looks at each file before it is decoded, and remembers its SHA-256."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._last = archive, threading.local()
        self.root = archive.root

    def has(self, member: str) -> bool:
        """Whether there is such a file."""
        return self._archive.has(member)

    def files(self, folder: str = "", *, deep: bool = False) -> Iterator[str]:
        """The members of a folder."""
        return self._archive.files(folder, deep=deep)

    def read(self, member: str) -> bytes | None:
        """A file's content, unless it is empty or a picture that is cut off."""
        data = self._archive.read(member)
        self._last.read = member, hashlib.sha256(data or b"").digest()
        if data == b"":
            raise _Broken("empty", f"{member} is empty")
        if data is not None and kind_of(data[:SIGNATURE_LENGTH]) is not None:
            try:
                read_header(data)
            except Unreadable as error:
                raise _Broken("cut off", f"{member} {error}") from None
        return data

    def forget(self) -> None:
        """What this thread has read does not count any more."""
        self._last.read = None

    def digest(self, member: str) -> bytes | None:
        """SHA-256 of the member, if it is what this thread has read last."""
        last = getattr(self._last, "read", None)
        return last[1] if last is not None and last[0] == member else None
