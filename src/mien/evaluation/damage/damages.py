"""What each kind of damage does to a face crop; :mod:`.corruptions` says how much.

Crops are uint8 (H, W) grey or (H, W, 3) RGB; each function gives a new one of the same shape.
Values drawn at random do not depend on the amount, so that more is more of the same.
"""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...preprocess import Picture

GREY = 128
"""Of what covers a face."""
EYES, MOUTH = (0.50, 0.38), (0.51, 0.785)
"""Middle of the eyes and of the mouth, x and y in sides of an upright square crop: means of
the five landmarks found in training crops of FER+, see results/training/crop-geometry.json."""
_WIDER = {EYES: 0.45, MOUTH: 0.3}
"""How much wider than high the bands are, in sides: eyes lie further apart than the corners
of a mouth."""


def without_eyes(crop: Picture, height: float, random: np.random.Generator) -> Picture:
    """Cover a band over the eyes, ``height`` sides of the crop high."""
    del random
    return _banded(crop, EYES, height)


def without_mouth(crop: Picture, height: float, random: np.random.Generator) -> Picture:
    """Cover a band over the mouth, ``height`` sides of the crop high."""
    del random
    return _banded(crop, MOUTH, height)


def without_random_area(crop: Picture, share: float, random: np.random.Generator) -> Picture:
    """Cover ``share`` of the crop: one area of its own proportions, anywhere inside."""
    across, down = random.random(2)
    side = math.sqrt(share)
    return _covered(crop, across * (1 - side), down * (1 - side), side, side)


def rotated(crop: Picture, degrees: float, random: np.random.Generator) -> Picture:
    """Turn about the middle, to the left or to the right."""
    matrix = cv2.getRotationMatrix2D(_middle(crop), degrees * _sign(random), 1.0)
    return _warped(crop, np.asarray(matrix, np.float64))


def blurred(crop: Picture, deviation: float, random: np.random.Generator) -> Picture:
    """Blur by a Gaussian whose deviation is in sides of the crop."""
    del random
    sigma = deviation * min(crop.shape[:2])
    return cast(Picture, cv2.GaussianBlur(crop, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def noisy(crop: Picture, deviation: float, random: np.random.Generator) -> Picture:
    """Add Gaussian noise to every value."""
    noise = random.standard_normal(crop.shape, np.float32) * deviation
    return np.clip(np.rint(crop + noise), 0, 255).astype(np.uint8)


def compressed(crop: Picture, quality: float, random: np.random.Generator) -> Picture:
    """Compress as JPEG and back."""
    del random
    colour = crop.ndim == 3
    pixels = cv2.cvtColor(crop, cv2.COLOR_RGB2BGR) if colour else crop
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    way = cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE
    back = cast(Picture, cv2.imdecode(data, way))
    return cast(Picture, cv2.cvtColor(back, cv2.COLOR_BGR2RGB)) if colour else back


def darkened(crop: Picture, factor: float, random: np.random.Generator) -> Picture:
    """Multiply every value."""
    del random
    return cast(Picture, cv2.LUT(crop, np.rint(np.arange(256) * factor).astype(np.uint8)))


def coarse(crop: Picture, pixels: float, random: np.random.Generator) -> Picture:
    """Shrink until the shorter side has so many pixels, and enlarge again.

    Crops that have no more pixels stay as they are.
    """
    del random
    height, width = crop.shape[:2]
    zoom = pixels / min(height, width)
    if zoom >= 1:
        return crop.copy()
    small = (max(round(width * zoom), 1), max(round(height * zoom), 1))
    shrunk = cv2.resize(crop, small, interpolation=cv2.INTER_AREA)
    return cast(Picture, cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR))


def cropped_amiss(crop: Picture, shift: float, random: np.random.Generator) -> Picture:
    """Shift in any direction by ``shift`` sides, and zoom in or out by 1 plus as much."""
    angle = random.random() * 2 * math.pi
    zoom = (1 + shift) ** _sign(random)
    x, y = _middle(crop)
    side = min(crop.shape[:2])
    matrix = np.array([[zoom, 0, x - zoom * x], [0, zoom, y - zoom * y]], np.float64)
    matrix[:, 2] += shift * side * np.array([math.cos(angle), math.sin(angle)])
    return _warped(crop, matrix)


def _banded(crop: Picture, middle: tuple[float, float], height: float) -> Picture:
    width = min(height + _WIDER[middle], 1.0)
    return _covered(crop, middle[0] - width / 2, middle[1] - height / 2, width, height)


def _covered(crop: Picture, left: float, top: float, width: float, height: float) -> Picture:
    """Fill an area with grey; all numbers in widths and heights of the crop."""
    rows, columns = crop.shape[:2]
    covered = crop.copy()
    covered[_pixels(top, height, rows), _pixels(left, width, columns)] = GREY
    return covered


def _pixels(start: float, length: float, size: int) -> slice:
    """At least one pixel, and as many wherever the area begins."""
    count = max(round(length * size), 1)
    first = min(max(round(start * size), 0), size - count)
    return slice(first, first + count)


def _warped(crop: Picture, matrix: NDArray[np.float64]) -> Picture:
    height, width = crop.shape[:2]
    warped = cv2.warpAffine(
        crop, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cast(Picture, warped)


def _middle(crop: Picture) -> tuple[float, float]:
    """In OpenCV's positions, which count from the middle of the first pixel."""
    return (crop.shape[1] - 1) / 2, (crop.shape[0] - 1) / 2


def _sign(random: np.random.Generator) -> int:
    return 1 if random.random() < 0.5 else -1
