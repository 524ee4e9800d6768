"""Boxes, expressions, probabilities and heat maps drawn into pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias, cast

import cv2
import numpy as np

from ..preprocess import Box, Picture
from .heatmap_drawing import draw_heatmaps
from .results import Face

Colour: TypeAlias = tuple[int, int, int]

# Well apart also for the colour-blind (Okabe and Ito 2008), and dark enough for white text.
_COLOURS: dict[str, Colour] = {
    "neutral": (96, 96, 96),
    "happiness": (178, 110, 0),
    "surprise": (0, 114, 178),
    "sadness": (58, 62, 150),
    "anger": (186, 40, 20),
    "disgust": (0, 120, 84),
    "fear": (140, 60, 130),
    "contempt": (120, 84, 60),
}
_UNSURE: Colour = (60, 60, 60)
_WHITE: Colour = (255, 255, 255)
_PAPER: Colour = (245, 245, 245)
_INK: Colour = (20, 20, 20)
_FONT = cv2.FONT_HERSHEY_SIMPLEX

_SHARES = 3  # how many probabilities are drawn next to a large face
_LARGE_FACE = 8  # in lines of text
_READABLE = 300  # smaller pictures are enlarged
_LARGEST = 2000


def annotate(picture: Picture, faces: Sequence[Face]) -> Picture:
    """Draw records into a copy of their picture.

    Args:
        picture: uint8 (H, W, 3), RGB.
        faces: its records; one without a face draws nothing. Heat maps, where records have
            them, lie below everything else.

    Returns:
        uint8 (Z H, Z W, 3), RGB: Z is 1, but for pictures so small that words would cover their
        faces, a whole number that all pictures of one size share.
    """
    canvas = draw_heatmaps(picture, [face.heatmap for face in faces if face.heatmap])
    zoom = _zoom(picture)
    if zoom > 1:
        larger = cv2.resize(canvas, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        canvas, faces = cast(Picture, larger), [_enlarged(face, zoom) for face in faces]
    scale = min(max(min(canvas.shape[:2]) / 900, 0.4), 4.0)
    faces = [face for face in faces if face.box is not None]
    for face in faces:
        _frame(canvas, face, scale)
    taken = [face.box for face in faces if face.box is not None]
    for face in faces:
        block = _block(face, scale)
        height, width = min(block.shape[0], canvas.shape[0]), min(block.shape[1], canvas.shape[1])
        x, y = _place(face, (width, height), canvas, taken)
        canvas[y : y + height, x : x + width] = block[:height, :width]
        taken.append((x, y, width, height))
    return canvas


def _enlarged(face: Face, zoom: int) -> Face:
    if face.box is None:
        return face
    x, y, width, height = face.box
    return replace(face, box=(zoom * x, zoom * y, zoom * width, zoom * height))


def _zoom(picture: Picture) -> int:
    height, width = picture.shape[:2]
    return int(max(min(-(-_READABLE // min(height, width)), _LARGEST // max(height, width)), 1))


def _frame(canvas: Picture, face: Face, scale: float) -> None:
    x, y, width, height = face.box or (0, 0, 0, 0)
    upper, lower = (round(x), round(y)), (round(x + width) - 1, round(y + height) - 1)
    line = max(round(3 * scale), 2)
    cv2.rectangle(canvas, upper, lower, _WHITE, line + 2, cv2.LINE_AA)
    cv2.rectangle(canvas, upper, lower, _colour(face), line, cv2.LINE_AA)


def _block(face: Face, scale: float) -> Picture:
    """The label: expression and confidence, for a large face its likeliest three as bars."""
    title = f"{face.expression or 'unsure'} {face.confidence or 0:.0%}"
    ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])[:_SHARES]
    line = round(30 * scale) + 4
    if (face.height or 0) < _LARGE_FACE * line:
        ranked = []
    width = max(_text_width(text, scale) for text in [title, *(name for name, _ in ranked)])
    margin = line // 4
    # Room for a bar as wide as half the longest name.
    bar = width // 2 if ranked else 0
    size = (line * (1 + len(ranked)), width + bar + (3 if ranked else 2) * margin, 3)
    block = np.full(size, _PAPER, np.uint8)
    block[:line] = _colour(face)
    _write(block, title, (margin, line), scale, _WHITE)
    for row, (name, share) in enumerate(ranked, start=1):
        _write(block, str(name), (margin, line * (row + 1)), scale, _INK)
        left, top = width + 2 * margin, line * row + margin
        end = left + max(round(bar * share), 1)
        block[top : top + line - 2 * margin, left:end] = _COLOURS.get(str(name), _UNSURE)
    return block


def _place(
    face: Face, size: tuple[int, int], canvas: Picture, taken: Sequence[Box]
) -> tuple[int, int]:
    """Where a label of this width and height covers least: above, below, beside, inside."""
    x, y, width, height = face.box or (0, 0, 0, 0)
    wide, high = size
    places = [
        (x, y - high - 2),
        (x, y + height + 2),
        (x + width + 2, y),
        (x - wide - 2, y),
        (x, y),
        (x, y + height - high),
    ]
    inside = [
        (
            round(min(max(left, 0), canvas.shape[1] - wide)),
            round(min(max(top, 0), canvas.shape[0] - high)),
        )
        for left, top in places
    ]
    return min(inside, key=lambda at: sum(_overlap((*at, wide, high), box) for box in taken))


def _overlap(a: Box, b: Box) -> float:
    """Area that two boxes share, in pixels."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(wide, 0) * max(high, 0)


def _colour(face: Face) -> Colour:
    return _COLOURS.get(str(face.expression), _UNSURE)


def _thickness(scale: float) -> int:
    return max(round(1.6 * scale), 1)


def _text_width(text: str, scale: float) -> int:
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, _thickness(scale))
    return int(width)


def _write(
    block: Picture, text: str, lower_left: tuple[int, int], scale: float, colour: Colour
) -> None:
    """Write a line of text whose line ends at ``lower_left``."""
    (_, height), _ = cv2.getTextSize(text, _FONT, scale, _thickness(scale))
    line = round(30 * scale) + 4
    at = (lower_left[0], lower_left[1] - (line - height) // 2 - line // 12)
    cv2.putText(block, text, at, _FONT, scale, colour, _thickness(scale), cv2.LINE_AA)
