"""Files that mien annotated say so, and are told from others by that.

In a JPEG it is a comment (ITU T.81, B.2.4.5), in a PNG a text under ``Software`` (W3C PNG third
edition, 11.3.3.3), in an MP4 a free box at the end (ISO 14496-12, section 8.1.2). No program shows
them in the picture.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

_WORDS = b"annotated by mien"
_FREE = struct.pack(">I4s", 8 + len(_WORDS), b"free") + _WORDS
_BEGINNING = 128  # bytes that the mark of a picture lies in
_IHDR_ENDS = 33


def mark_picture(data: bytes) -> bytes:
    """A whole file of JPEG or PNG, as OpenCV writes them, with the mark behind its first part."""
    if data.startswith(b"\xff\xd8"):
        at = 4 + struct.unpack_from(">H", data, 4)[0]  # behind APP0, which JFIF has first
        mark = b"\xff\xfe" + struct.pack(">H", 2 + len(_WORDS)) + _WORDS
    else:
        text = b"tEXtSoftware\0" + _WORDS
        at = _IHDR_ENDS
        mark = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    return data[:at] + mark + data[at:]


def mark_video(path: Path) -> None:
    """Append the mark to a finished MP4.

    Raises:
        OSError: if it cannot be written.
    """
    with path.open("ab") as file:
        file.write(_FREE)


def is_marked(path: Path) -> bool:
    """Whether a file bears the mark.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        if _WORDS in file.read(_BEGINNING):
            return True
        file.seek(max(path.stat().st_size - len(_FREE), 0))
        return file.read() == _FREE
