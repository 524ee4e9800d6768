"""What a video's container says: that it is one, and whether the file ends too early.

Sources: RIFF (AVI), RFC 8794 and RFC 9559 (Matroska, WebM); of MP4 and MOV see
:mod:`mien.iso_boxes`.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ..iso_boxes import top_boxes

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def is_container(start: bytes) -> bool:
    """Whether a file's first 12 bytes are those of MP4, MOV, AVI, Matroska or WebM."""
    return (
        start[4:8] == b"ftyp"
        or (start[:4] == b"RIFF" and start[8:12] == b"AVI ")
        or start[:4] == _EBML
    )


def is_mp4(path: Path) -> bool:
    """Whether the file is an MP4 or MOV."""
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def is_cut_off(path: Path) -> bool:
    """True if the container announces more bytes than the file has; False if unknown."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        try:
            if start[4:8] == b"ftyp":
                return any(box.end > size for box in top_boxes(file, size))
            if start[:4] == b"RIFF":
                return int(struct.unpack_from("<I", start, 4)[0]) + 8 > size
            if start[:4] == _EBML:
                return _matroska_length(file) > size
        except (struct.error, IndexError):
            return True
    return False


def _matroska_length(file: BinaryIO) -> int:
    """Where the segment ends; 0 if it does not say, as in live recordings."""
    file.seek(len(_EBML))
    length, _ = _variable_integer(file)
    file.seek(length, 1)
    if file.read(len(_SEGMENT)) != _SEGMENT:
        return 0
    length, unknown = _variable_integer(file)
    return 0 if unknown else file.tell() + length


def _variable_integer(file: BinaryIO) -> tuple[int, bool]:
    """An EBML size: the leading zero bits of its first byte tell its length."""
    first = file.read(1)[0]
    extra = 8 - first.bit_length()
    value = first & (0x7F >> extra)
    for byte in file.read(extra):
        value = value << 8 | byte
    return value, value == (1 << 7 * (extra + 1)) - 1
