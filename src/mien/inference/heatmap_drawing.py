"""Heat maps laid over a picture, so that the faces below stay visible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..preprocess import Picture
from .face_heatmap import Heatmap, Region

_LEVELS = np.arange(256, dtype=np.uint8)[:, None]
_COLOURS = cv2.cvtColor(cv2.applyColorMap(_LEVELS, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
"""Colour of each level: perceptually uniform, and none that skin has."""

_OPAQUE = 0.6
"""How much of the picture the hottest places cover."""


def draw_heatmaps(picture: Picture, heatmaps: Iterable[Heatmap]) -> Picture:
    """Lay heat maps over a copy of their picture; where several lie, the hottest shows.

    Args:
        picture: uint8 (H, W, 3), RGB.
        heatmaps: of its faces.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    canvas = picture.copy()
    height, width = picture.shape[:2]
    heat = np.zeros((height, width), np.uint8)
    regions: list[Region] = []
    for one in heatmaps:
        region, values = one.place(height, width)
        if values.size:
            regions.append(region)
            np.maximum(heat[region], cv2.convertScaleAbs(values, alpha=255), out=heat[region])
    for region in regions:  # always from the picture, as regions may share pixels
        canvas[region] = _blend(picture[region], heat[region])
    return canvas


def _blend(picture: Picture, heat: NDArray[np.uint8]) -> Picture:
    """The stronger, the more of the colour and the less of the picture."""
    colours = cv2.LUT(cv2.cvtColor(heat, cv2.COLOR_GRAY2RGB), _COLOURS)
    share = heat * np.float32(_OPAQUE / 255)
    return cast(Picture, cv2.blendLinear(picture, colours, 1 - share, share))
