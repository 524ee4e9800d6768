"""One face under every kind of damage at every strength, as a picture for people to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import cv2
import numpy as np

from ...preprocess import Picture
from .corruptions import CORRUPTIONS, STRENGTHS, Corruption

_GAP, _HEAD, _MARGIN = 4, 22, 120
_FONT, _SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
_INK = (40, 40, 40)


def corruption_sheet(
    crop: Picture,
    name: str,
    *,
    cell: int = 112,
    corruptions: Mapping[str, Corruption] | None = None,
) -> Picture:
    """A row for each kind of damage, a column for each strength from 0.

    Args:
        crop: a face crop, uint8 (H, W) or (H, W, 3) RGB; damaged at its own size.
        name: of the picture, which decides what is drawn at random.
        cell: side of a cell in pixels; crops of another size are scaled to it.
        corruptions: the kinds; all of them by default.

    Returns:
        uint8 (height, width, 3) RGB.
    """
    kinds = CORRUPTIONS if corruptions is None else corruptions
    columns = (0, *STRENGTHS)
    height = _HEAD + len(kinds) * (cell + _GAP)
    sheet = np.full((height, _MARGIN + len(columns) * (cell + _GAP), 3), 255, np.uint8)
    for place, strength in enumerate(columns):
        head = f"strength {strength}" if strength else "as it is"
        _write(sheet, head, _MARGIN + place * (cell + _GAP), _HEAD - 7)
    for row, (kind, corruption) in enumerate(kinds.items()):
        top = _HEAD + row * (cell + _GAP)
        _write(sheet, kind, 4, top + cell // 2)
        for place, strength in enumerate(columns):
            left = _MARGIN + place * (cell + _GAP)
            damaged = corruption(crop, strength, name)
            sheet[top : top + cell, left : left + cell] = _shown(damaged, cell)
    return sheet


def _shown(crop: Picture, cell: int) -> Picture:
    colour = crop if crop.ndim == 3 else cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB)
    if colour.shape[:2] == (cell, cell):
        return cast(Picture, colour)
    larger = cell > colour.shape[0]
    way = cv2.INTER_NEAREST if larger else cv2.INTER_AREA
    return cast(Picture, cv2.resize(colour, (cell, cell), interpolation=way))


def _write(sheet: Picture, text: str, left: int, bottom: int) -> None:
    cv2.putText(sheet, text, (left, bottom), _FONT, _SIZE, _INK, 1, cv2.LINE_AA)
