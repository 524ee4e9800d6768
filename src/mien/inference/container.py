"""What a video's container says: that it is one, and whether the file ends too early.

Sources: RIFF (AVI), RFC 8794 and RFC 9559 (Matroska, WebM), Adobe's Video File Format
Specification 10.1, annex E (FLV); of MP4 and MOV see :mod:`mien.iso_boxes`.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ..iso_boxes import top_boxes

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_FLV, _FLV_TAG, _FLV_LENGTH = b"FLV\x01", 11, 4  # a tag's head, and the length behind each


def container_of(start: bytes) -> str | None:
    """``"MP4"`` (MOV, too), ``"AVI"``, ``"Matroska"`` (WebM, too) or ``"FLV"``.

    Args:
        start: the file's first 12 bytes.
    """
    if start[4:8] == b"ftyp":
        return "MP4"
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "AVI"
    if start[:4] == _EBML:
        return "Matroska"
    return "FLV" if start[:4] == _FLV else None


def is_cut_off(path: Path) -> bool:
    """True if the container announces more bytes than the file has; False if unknown."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        kind = container_of(start)
        try:
            if kind == "MP4":
                return any(box.end > size for box in top_boxes(file, size))
            if kind == "AVI":
                return int(struct.unpack_from("<I", start, 4)[0]) + 8 > size
            if kind == "Matroska":
                return _matroska_length(file) > size
            if kind == "FLV":
                return _flv_length(file, size) > size
        except (struct.error, IndexError):
            return True
    return False


def _flv_length(file: BinaryIO, size: int) -> int:
    """Where the last tag that begins in the file ends."""
    file.seek(5)
    (end,) = struct.unpack(">I", file.read(4))
    end += _FLV_LENGTH
    while end < size:
        file.seek(end)
        kind_and_length = struct.unpack(">I", file.read(4))[0]
        end += _FLV_TAG + (kind_and_length & 0xFFFFFF) + _FLV_LENGTH
    return int(end)


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
