"""The file of a picture cache: how it is written, and told from a wrong or damaged one.

A block of 4,096 bytes with a line of JSON that says what the file holds; the faces,
uint8 (N, [3, ]size, size); their CRC-32, uint32 (N,); and N bytes, 1 where a picture could
not be read. It is written under another name and moved, so it is whole or not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...drafts import draft_of
from ...errors import DataError, NotFound, OutputError

FORMAT = 1
AGAIN = "delete it, and it is built again"

_HEADER = 4096
_SUM, _FLAG = np.dtype("<u4"), np.dtype("u1")

Description: TypeAlias = Mapping[str, Any]
"""What a file holds, in values of JSON."""

Chunk: TypeAlias = tuple[NDArray[np.uint8], list[bool]]
"""Some faces, and which of them could not be read."""


def write(path: Path, described: Description, chunks: Iterable[Chunk]) -> None:
    """Put a whole new file in the place of what was there.

    Raises:
        OutputError: if it cannot be written, as on a full disk.
        DataError: if not a single picture could be read.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(path) as draft, draft.open("wb") as stream:
            _write(stream, path, described, chunks)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise OutputError(
            f"{path}: the cache cannot be written ({error.strerror}); choose another folder"
        ) from None


def read(
    path: Path, wanted: Description, shape: tuple[int, ...]
) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Look at all of a file but its faces.

    Args:
        path: the file.
        wanted: what it must hold.
        shape: of its faces.

    Returns:
        The faces' checksums and whether they could not be read, both (N,).

    Raises:
        NotFound: if there is no such file.
        DataError: if it holds something else, or is cut off or altered.
    """
    behind = _HEADER + int(np.prod(shape))
    length = behind + shape[0] * (_SUM.itemsize + _FLAG.itemsize)
    try:
        with path.open("rb") as stream:
            header = _header(stream, path)
            _compare(header, wanted, path)
            if (size := stream.seek(0, os.SEEK_END)) != length:
                raise DataError(f"{path}: has {size} bytes instead of {length}; {AGAIN}")
            stream.seek(behind)
            table = stream.read()
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no cache of pictures here") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if hashlib.sha256(table).hexdigest() != header["checksums"]:
        raise DataError(f"{path}: its checksums were altered; {AGAIN}")
    sums = np.frombuffer(table, _SUM, shape[0])
    return sums, np.frombuffer(table[sums.nbytes :], _FLAG).astype(bool)


def map_faces(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The faces in the file, read as they are touched; not to be written to."""
    # A plain array over the map: rows of np.memmap itself take ten times as long.
    return np.asarray(np.memmap(path, np.uint8, "r", _HEADER, shape))


def checksum(face: NDArray[np.uint8]) -> int:
    """CRC-32 of a face's bytes."""
    return zlib.crc32(face.data)


def _write(stream: BinaryIO, path: Path, described: Description, chunks: Iterable[Chunk]) -> None:
    sums: list[int] = []
    damaged: list[bool] = []
    stream.write(b" " * _HEADER)
    for faces, unread in chunks:
        stream.write(faces.data)
        sums += map(checksum, faces)
        damaged += unread
    if all(damaged):
        raise DataError(f"{path}: not built, as not one of {len(damaged)} pictures can be read")
    table = np.array(sums, _SUM).tobytes() + np.array(damaged, _FLAG).tobytes()
    stream.write(table)
    header = {**described, "checksums": hashlib.sha256(table).hexdigest()}
    stream.seek(0)
    stream.write(json.dumps(header).encode().ljust(_HEADER - 1) + b"\n")


def _header(stream: BinaryIO, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(stream.read(_HEADER))
    except ValueError:  # neither text nor JSON
        header = None
    if not isinstance(header, dict) or "checksums" not in header:
        raise DataError(f"{path}: is not a cache of pictures")
    return header


def _compare(found: Description, wanted: Description, path: Path) -> None:
    for name, value in wanted.items():
        if found.get(name) != value:
            raise DataError(
                f"{path}: a cache with {name} {found.get(name)}, and {value} is wanted; "
                f"choose another folder, or {AGAIN}"
            )
