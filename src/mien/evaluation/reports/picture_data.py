"""Pictures inside a page, so that it stays one file."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2

from ...preprocess import Picture

_LARGEST = 192
_COARSE = 96  # pictures up to here are enlarged without blur: their pixels are what was seen
_QUALITY = 90


@dataclass(frozen=True, slots=True)
class PictureData:
    """A picture as a page holds it.

    Attributes:
        address: the picture itself, as a ``data:`` address.
        coarse: whether it is so small that its pixels should be seen.
    """

    address: str
    coarse: bool


def picture_data(picture: Picture) -> PictureData:
    """Encode a picture, uint8 (H, W) grey or (H, W, 3) RGB; a large one is made smaller.

    A small one is stored without loss, a large one as JPEG.
    """
    largest = max(picture.shape[:2])
    if largest > _LARGEST:
        scale = _LARGEST / largest
        size = [max(round(scale * one), 1) for one in picture.shape[1::-1]]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(picture.dtype)
    stored = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if largest <= _COARSE:
        kind, (_, data) = "png", cv2.imencode(".png", stored)
    else:
        kind, (_, data) = "jpeg", cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    text = base64.b64encode(data.tobytes()).decode("ascii")
    return PictureData(f"data:image/{kind};base64,{text}", largest <= _COARSE)
