"""The boxes that MP4, MOV and AVIF files consist of (ISO 14496-12, section 4.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_HEADER = 8  # a box's length and name


class Box(NamedTuple):
    """One box: its name, and where it begins and ends, in bytes from the start of the file."""

    name: bytes
    start: int
    end: int


def top_boxes(file: BinaryIO, size: int) -> Iterator[Box]:
    """The boxes at the top level, in order.

    Args:
        file: at any place; read and sought.
        size: of the file in bytes. The last box of a file that was cut off ends behind it; one
            that says nothing of its length, or a length that none has, ends with it.

    Raises:
        struct.error: if the file ends within the first bytes of a box.
    """
    start = 0
    while start < size:
        file.seek(start)
        length, name = struct.unpack(">I4s", file.read(_HEADER))
        if length == 1:  # a longer one
            (length,) = struct.unpack(">Q", file.read(8))
        end = start + length if length >= _HEADER else size
        yield Box(name, start, end)
        start = end
