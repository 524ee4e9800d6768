"""What the first bytes of a picture file say: kind, size, alpha, rotation, completeness.

OpenCV decodes the pixels. This looks before: at the size, so that a picture too large for
the memory is refused before it is decoded; at the end, because a file that was cut off
should be named and not half shown; at alpha and rotation, which OpenCV does not give at once.

Sources: ITU T.81 annex B (JPEG), W3C PNG third edition, GIF89a, RFC 9649 (WebP), TIFF 6.0,
ISO 23008-12 (AVIF), Netpbm, Exif 2.32 (tag 274).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from .errors import Unreadable
from .iso_boxes import top_boxes

SIGNATURE_LENGTH = 32

_ORIENTATION_TAG = 274
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_COLOURS, _TIFF_SAMPLES, _TIFF_EXTRA = 256, 257, 262, 277, 338
_CMYK = 5

ASSOCIATED_ALPHA, UNASSOCIATED_ALPHA = 1, 2
"""TIFF's ExtraSamples: colours that are multiplied by their alpha already, and others. libtiff
multiplies the others, too, where a sample has 8 bit."""

_TURNED: dict[tuple[int, int | None], int] = {
    **{(0, None): 1, (0, 1): 2, (2, None): 3, (0, 0): 4, (1, 0): 5, (3, None): 6, (3, 0): 7},
    **{(1, None): 8, (1, 1): 7, (2, 0): 2, (2, 1): 4, (3, 1): 5},
}
"""Exif's orientation of AVIF's: quarter turns to the left, and then top with bottom (0), left
with right (1) or nothing exchanged."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is known before the pixels are decoded.

    Attributes:
        kind: name of the format.
        width: in pixels, as stored.
        height: in pixels, as stored.
        alpha: whether pixels may be transparent.
        orientation: Exif's, 1 to 8, of the kinds to which OpenCV does not apply it whatever
            else they hold; ``None`` of the others.
        extra_sample: TIFF's first ExtraSamples; 0 if it says nothing.
        depth: bits of a sample that is decoded to 16: AVIF's may have 10 or 12.
    """

    kind: str
    width: int
    height: int
    alpha: bool = False
    orientation: int | None = None
    extra_sample: int = 0
    depth: int = 16


def kind_of(start: bytes) -> str | None:
    """The format that a file's first :data:`SIGNATURE_LENGTH` bytes announce, if known."""
    for kind, pattern in _SIGNATURES.items():
        if pattern.match(start):
            return kind
    return None


def read_header(data: bytes) -> Header:
    """Look at a whole picture file.

    Raises:
        Unreadable: if it is of no known kind, cut off or damaged. The message does not name
            the file.
    """
    kind = kind_of(data[:SIGNATURE_LENGTH])
    if kind is None:
        raise Unreadable(f"is not a picture ({', '.join(_READERS)})")
    if kind == _HEIC:
        raise Unreadable("is an HEIC picture, which mien does not read; convert it to JPEG or PNG")
    try:
        return _READERS[kind](data)
    except (struct.error, IndexError, ValueError):
        raise Unreadable(f"is cut off or damaged ({len(data)} bytes of {kind})") from None


def _jpeg(data: bytes) -> Header:
    width = height = 0
    position = 2
    while True:
        if data[position] != 0xFF:  # decoders pass over what stands between two segments
            position = data.index(b"\xff", position)
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 5)
        position += 2 + length
        if marker == 0xDA:
            break
    # Within the scan, FF is always followed by 00 or a restart, so this is the true end.
    if data.find(b"\xff\xd9", position) < 0:
        raise ValueError
    return Header("JPEG", width, height)


def _png(data: bytes) -> Header:
    width, height, _, colour = struct.unpack_from(">IIBB", data, 16)
    alpha, orientation = bool(colour & 4), 1
    position, view = 8, memoryview(data)
    while True:
        length, name = struct.unpack_from(">I4s", data, position)
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        if zlib.crc32(view[position + 4 : position + 8 + length]) != checksum:
            raise ValueError
        if name == b"tRNS":
            alpha = True
        elif name == b"eXIf":
            orientation = _orientation(data[position + 8 : position + 8 + length])
        elif name == b"IEND":
            return Header("PNG", width, height, alpha, orientation)
        position += 12 + length


def _gif(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    if b"\x3b" not in data[-64:]:  # the trailer; some writers pad behind it
        raise ValueError
    return Header("GIF", width, height, alpha=True)


def _webp(data: bytes) -> Header:
    (length,) = struct.unpack_from("<I", data, 4)
    if len(data) < length + 8:
        raise ValueError
    form = data[12:16]
    if form == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("WebP", width & 0x3FFF, height & 0x3FFF, orientation=1)
    if form == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, True, 1)
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    orientation, position = 1, 12
    while position + 8 <= length + 8:
        name, size = struct.unpack_from("<4sI", data, position)
        if name == b"EXIF":
            orientation = _orientation(data[position + 8 : position + 8 + size])
        position += 8 + size + size % 2
    return Header("WebP", width, height, bool(data[20] & 16), orientation)


def _tiff(data: bytes) -> Header:
    tags = _tiff_tags(data)
    # OpenCV turns a TIFF upright whether or not it keeps alpha.
    alpha = tags.get(_TIFF_SAMPLES, 1) in (2, 4) and tags.get(_TIFF_COLOURS) != _CMYK
    return Header(
        "TIFF",
        tags.get(_TIFF_WIDTH, 0),
        tags.get(_TIFF_HEIGHT, 0),
        alpha,
        extra_sample=tags.get(_TIFF_EXTRA, 0),
    )


def _bmp(data: bytes) -> Header:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return Header("BMP", width, abs(height))


def _avif(data: bytes) -> Header:
    boxes = top_boxes(BytesIO(data), len(data))
    meta = next((data[one.start : one.end] for one in boxes if one.name == b"meta"), b"")
    # Property boxes "ispe": size, name, version, width, height. Tiles and thumbnails have
    # some too; the largest is the picture. All are turned alike, by "irot" and "imir".
    sizes = [struct.unpack_from(">II", meta, m.end() + 4) for m in re.finditer(b"ispe", meta)]
    width, height = max(sizes)
    turns = re.search(rb"\0\0\0\x09irot(.)", meta, re.DOTALL)
    mirror = re.search(rb"\0\0\0\x09imir(.)", meta, re.DOTALL)
    orientation = _TURNED[
        turns.group(1)[0] & 3 if turns else 0, mirror.group(1)[0] & 1 if mirror else None
    ]
    # Of the property box "av1C" the third byte: 8 bit a sample, else 10, else 12.
    coded = re.search(rb"av1C..(.)", meta, re.DOTALL)
    high = coded.group(1)[0] & 0x60 if coded else 0
    depth = {0x40: 10, 0x60: 12}.get(high, 8)
    return Header("AVIF", width, height, b"auxC" in meta, orientation, depth=depth)


def _pnm(data: bytes) -> Header:
    values = re.sub(rb"#[^\n]*", b"", data[2:1024]).split(None, 2)
    return Header("PNM", int(values[0]), int(values[1]))


def _orientation(exif: bytes) -> int:
    """Exif's orientation, 1 to 8; 1 (upright) where it says nothing readable."""
    try:
        value = _tiff_tags(exif.removeprefix(b"Exif\0\0")).get(_ORIENTATION_TAG, 1)
    except (struct.error, ValueError):
        return 1
    return value if 1 <= value <= 8 else 1


def _tiff_tags(data: bytes) -> dict[int, int]:
    """Tag to first value, of the short and long integers in the first directory."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    tags = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if kind in (3, 4):
            (tags[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    return tags


_HEIC = "HEIC"

_SIGNATURES = {
    kind: re.compile(pattern, re.DOTALL)
    for kind, pattern in {
        "JPEG": rb"\xff\xd8\xff",
        "PNG": rb"\x89PNG\r\n\x1a\n",
        "WebP": rb"RIFF....WEBP",
        "GIF": rb"GIF8[79]a",
        "TIFF": rb"II\*\0|MM\0\*",
        "BMP": rb"BM....\0\0\0\0",
        # The brand, or a general one and AVIF's among those that follow.
        "AVIF": rb"....ftyp(?:.{4})*?avi[fs]",
        _HEIC: rb"....ftyp(?:hei[cxms]|hev[cxms]|mi[fa]1|msf1)",
        "PNM": rb"P[1-6]\s",
    }.items()
}

_READERS: dict[str, Callable[[bytes], Header]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WebP": _webp,
    "GIF": _gif,
    "TIFF": _tiff,
    "BMP": _bmp,
    "AVIF": _avif,
    "PNM": _pnm,
}
