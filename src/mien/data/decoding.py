"""Pictures out of the files of a copy."""

from __future__ import annotations

import cv2
import numpy as np

from ..errors import DataError, Unreadable
from ..image_header import read_header
from ..preprocess import Picture
from .archive import Archive


def read_picture(archive: Archive, member: str) -> Picture:
    """A picture, uint8 (H, W, 3) RGB.

    Raises:
        DataError: if it is missing or does not decode.
    """
    image = read_image(archive, member)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def read_image(archive: Archive, member: str, flags: int = cv2.IMREAD_COLOR) -> Picture:
    """What OpenCV decodes, (H, W, 3) in the order blue, green, red, or (H, W) grey.

    Raises:
        DataError: if it is missing or does not decode.
    """
    data = archive.read(member)
    if data is None:
        raise DataError(f"{archive.root}: {member} is missing")
    if not data:
        raise DataError(f"{archive.root}: {member} is empty")
    try:
        # OpenCV gives half a picture of a file that was cut off.
        read_header(data)
        # Upright: OpenCV turns pictures as their EXIF says.
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except Unreadable as error:
        raise DataError(f"{archive.root}: {member} {error}") from None
    except cv2.error:  # more pixels than OpenCV agrees to decode
        image = None
    if image is None:
        raise DataError(f"{archive.root}: {member} does not decode as a picture")
    return np.asarray(image, np.uint8)
