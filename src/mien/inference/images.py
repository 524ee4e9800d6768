"""One picture file to pixels: upright, RGB, eight bit.

Grey and palette become RGB; CMYK is converted; 16 bit is scaled to 8; what is transparent
shows white, but for grey TIFFs and a PNG's transparent level of grey, of which OpenCV gives no
alpha; of an animation the first frame is taken; Exif's and AVIF's rotation is applied.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np

from ..errors import NotFound, TooLarge, Unreadable
from ..image_header import (
    ASSOCIATED_ALPHA,
    SIGNATURE_LENGTH,
    UNASSOCIATED_ALPHA,
    Header,
    kind_of,
    read_header,
)
from ..preprocess import Picture
from .opencv import quiet_opencv

LARGEST_PICTURE = 2**27
"""Most pixels that are decoded, 134 million: 400 MB as RGB, more than any phone's photo."""

LARGEST_FILE = 2**29
"""Most bytes of a picture file that are read."""

_BAND = 2**20
"""About how many pixels are laid over white at a time."""


def read_picture(path: str | Path) -> Picture:
    """Read a picture file.

    Returns:
        uint8 (H, W, 3), RGB, upright.

    Raises:
        NotFound: if there is no such file.
        Unreadable: if it is empty, cut off, damaged, or no picture.
        TooLarge: if it has more than :data:`LARGEST_PICTURE` pixels.
    """
    path = Path(path)
    try:
        if not path.is_file() and path.exists():
            raise Unreadable(f"{path}: cannot be read (it is a folder, a pipe or a device)")
        with path.open("rb") as file:
            start = file.read(SIGNATURE_LENGTH)
            if start and kind_of(start) is None:
                return decode_picture(start, str(path))
            rest = file.read(LARGEST_FILE)
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such file") from None
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read ({error.strerror})") from None
    if len(rest) == LARGEST_FILE:
        raise TooLarge(f"{path}: the file is larger than {LARGEST_FILE // 2**20} MiB")
    return decode_picture(start + rest, str(path))


def decode_picture(data: bytes, source: str) -> Picture:
    """Decode the bytes of a picture file.

    Args:
        data: the whole file.
        source: its name, for messages.

    Returns:
        uint8 (H, W, 3), RGB, upright.

    Raises:
        Unreadable: if the data is empty, cut off, damaged, or no picture.
        TooLarge: if it has more than :data:`LARGEST_PICTURE` pixels.
    """
    if not data:
        raise Unreadable(f"{source}: the file is empty")
    try:
        header = read_header(data)
    except Unreadable as error:
        raise Unreadable(f"{source}: {error}") from None
    if header.width * header.height > LARGEST_PICTURE:
        raise TooLarge(
            f"{source}: {header.width} x {header.height} pixels are more than the "
            f"{LARGEST_PICTURE // 10**6} million that mien decodes; make it smaller first"
        )
    picture = _decode(data, header)
    if picture is None or picture.size == 0:
        raise Unreadable(f"{source}: is damaged, or a {header.kind} of a kind that is not read")
    return picture


def _decode(data: bytes, header: Header) -> Picture | None:
    buffer = np.frombuffer(data, np.uint8)
    try:
        with quiet_opencv():
            if header.alpha:
                pixels = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
                if pixels is not None and pixels.ndim == 3 and pixels.shape[2] == 4:
                    return _turn(_on_white(pixels, header), header.orientation)
            ours = 0 if header.orientation is None else cv2.IMREAD_IGNORE_ORIENTATION
            picture = cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB | ours)
            return None if picture is None else _turn(cast(Picture, picture), header.orientation)
    except cv2.error:
        return None


def _on_white(pixels: np.ndarray, header: Header) -> Picture:
    """Lay BGRA of 8 or 16 bit over white; gives RGB of 8 bit."""
    if pixels.dtype not in (np.uint8, np.uint16):
        raise cv2.error("neither 8 nor 16 bit")
    multiplied = header.extra_sample == ASSOCIATED_ALPHA or (
        header.extra_sample == UNASSOCIATED_ALPHA and pixels.dtype == np.uint8
    )
    blended = np.empty((*pixels.shape[:2], 3), np.uint8)
    rows = max(_BAND // pixels.shape[1], 1)
    for start in range(0, len(pixels), rows):
        band = pixels[start : start + rows]
        if band.dtype == np.uint16:
            band = (band >> header.depth - 8).astype(np.uint8)
        colour = cv2.cvtColor(band, cv2.COLOR_BGRA2RGB)
        opaque = band[..., 3:].astype(np.uint16)
        # 127 rounds to the nearest; everything stays below 2**16.
        blended[start : start + rows] = (
            np.minimum(colour + (255 - opaque), 255)
            if multiplied
            else (colour * opaque + 255 * (255 - opaque) + 127) // 255
        )
    return blended


def _turn(picture: Picture, orientation: int | None) -> Picture:
    """Apply Exif's orientation: 5 to 8 are transposed, the others flipped or as they are."""
    if orientation is None:
        return picture
    if orientation >= 5:
        picture = picture.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
