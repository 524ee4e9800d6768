"""A picture at halved sizes, and square pieces of it.

Shrinking by large factors is slow or aliases. So each picture is halved again and again,
once, and whatever is needed of it is taken from the size just above.
"""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..preprocess import Picture

_INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class Octaves:
    """A picture (H, W, 3) and its halves, quarters, ..., made when first asked for."""

    def __init__(self, picture: Picture) -> None:
        self.height, self.width = picture.shape[:2]
        self._sizes = [np.ascontiguousarray(picture)]

    def at_least(self, scale: float) -> Picture:
        """The smallest of the sizes that is not below ``scale`` times the picture's."""
        steps = max(math.floor(math.log2(1 / scale) + 1e-9), 0)
        while len(self._sizes) <= steps:
            last = self._sizes[-1]
            height, width = last.shape[:2]
            if min(height, width) < 2:
                break
            size = (width + 1) // 2, (height + 1) // 2
            self._sizes.append(_resized(last, size, cv2.INTER_AREA))
        return self._sizes[min(steps, len(self._sizes) - 1)]

    def scaled(self, scale: float) -> Picture:
        """The whole picture at ``scale``, each side rounded up."""
        size = math.ceil(self.width * scale), math.ceil(self.height * scale)
        return _resized(self.at_least(scale), size, cv2.INTER_LINEAR)

    def squares(self, boxes: NDArray[np.float64], side: int) -> Picture:
        """Cut squares and bring them to one size; what lies outside the picture is black.

        Args:
            boxes: (N, 4) left, top, right, bottom of squares, in pixels of the picture.
            side: of the results.

        Returns:
            uint8 (N, side, side, 3).
        """
        crops = np.empty((len(boxes), side, side, 3), np.uint8)
        for crop, (left, top, right, bottom) in zip(crops, boxes.tolist(), strict=True):
            size = max(right - left, bottom - top, 1.0)
            source = self.at_least(min(side / size, 1.0))
            zoom_x, zoom_y = source.shape[1] / self.width, source.shape[0] / self.height
            step_x, step_y = zoom_x * size / side, zoom_y * size / side
            # From the centres of the crop's pixels to those of the source, which OpenCV counts.
            matrix = np.array(
                [
                    [step_x, 0, left * zoom_x + step_x / 2 - 0.5],
                    [0, step_y, top * zoom_y + step_y / 2 - 0.5],
                ]
            )
            cv2.warpAffine(source, matrix, (side, side), dst=crop, flags=_INVERSE)
        return crops


def _resized(picture: Picture, size: tuple[int, int], interpolation: int) -> Picture:
    return cast(Picture, cv2.resize(picture, size, interpolation=interpolation))
