"""Where a network looked in a face, as one map that knows its place in the picture.

A network has several maps of attention: one per head of DAN, per LANet of TransFER, per branch
of MSA-Net; one mask of LLA-Net; one score per patch of APViT. They have scales of their own
(DAN's weights and APViT's scores are sums over channels without an upper bound, the others end
in a sigmoid), so each is scaled to its own range within the face before they are averaged. What
is left says which places of this face weighed more than others, not how much in all: heat maps
of two faces, or of two networks, do not compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..faces import Detection
from ..preprocess import Picture, Preprocess

Region: TypeAlias = tuple[slice, slice]
"""Rows and columns of a picture."""

_FINE = 64
"""Side in pixels that a map is enlarged to before it is placed, so that the grid, often of 4 or
7 positions a side, does not show."""

_FLAT = 1e-6
"""A range that is a smaller share of the largest value is rounding of a flat map."""

_ROUNDING = 1e-6
"""Of a position, in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Where a network looked in one face.

    Attributes:
        values: float32 (h, w) on the grid of the network's maps, 0 for the least and 1 for
            the most attended position; all zeros if it looked everywhere alike.
        matrix: float64 (2, 3), from positions (x, y) in the picture, in pixels, to positions in
            the face as it was cut out, whose corners are (0, 0) and (1, 1).
    """

    values: NDArray[np.float32]
    matrix: NDArray[np.float64]

    def place(self, height: int, width: int) -> tuple[Region, NDArray[np.float32]]:
        """The map where the face was cut from the picture: shifted, scaled and turned back.

        Args:
            height: of the picture, in pixels.
            width: of the picture, in pixels.

        Returns:
            The smallest upright region of the picture that has all of the map, and float32 of
            the region's size, 0 to 1; 0 where the network saw nothing. Both are empty where
            the face lies outside of the picture.
        """
        rows, columns = region = _region(self.matrix, height, width)
        size = columns.stop - columns.start, rows.stop - rows.start
        if min(size) == 0:
            return region, np.zeros(size[::-1], np.float32)
        # Linear on the fine grid below, cubic from the coarse to the fine: without creases.
        fine = cv2.resize(self.values, (_FINE, _FINE), interpolation=cv2.INTER_CUBIC)
        matrix = self.matrix * _FINE
        # OpenCV counts positions from the centre of the first pixel, we from its corner.
        matrix[:, 2] += matrix[:, :2] @ (columns.start + 0.5, rows.start + 0.5) - 0.5
        placed = cv2.warpAffine(
            np.clip(fine, 0, 1), matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        return region, cast("NDArray[np.float32]", placed)


def heatmap_of(
    maps: NDArray[np.float32], preprocess: Preprocess, picture: Picture, face: Detection
) -> Heatmap:
    """The mean of a face's maps, each scaled to its own range, and its place in the picture.

    Args:
        maps: float32 (A, h, w), the network's attention.
        preprocess: by which the face was cut out.
        picture: uint8 (H, W, 3), from which.
        face: where.
    """
    return Heatmap(
        _to_range(_to_range(maps).mean(0)), _matrix(preprocess, picture, face) / preprocess.size
    )


def _to_range(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each map (..., h, w) from its least to its largest value, as 0 to 1; a flat one as 0."""
    values = np.float64(maps)
    least, most = (of(values, axis=(-2, -1), keepdims=True) for of in (np.min, np.max))
    span = most - least
    flat = span <= _FLAT * np.maximum(np.abs(least), np.abs(most))
    return np.where(flat, 0, (values - least) / np.where(flat, 1, span)).astype(np.float32)


def _matrix(preprocess: Preprocess, picture: Picture, face: Detection) -> NDArray[np.float64]:
    """From the picture to the crop; without a box the whole picture was the crop."""
    if face.box is not None:
        return preprocess.matrix(face.box, face.landmarks)
    height, width = picture.shape[:2]
    return np.diag([preprocess.size / width, preprocess.size / height, 1.0])[:2]


def _region(matrix: NDArray[np.float64], height: int, width: int) -> Region:
    """The part of a picture that the crop's four corners span."""
    nothing = slice(0, 0), slice(0, 0)
    turn, shift = matrix[:, :2], matrix[:, 2]
    area = turn[0, 0] * turn[1, 1] - turn[0, 1] * turn[1, 0]
    if not area > 0:  # nor if it is not a number
        return nothing
    unit = np.array([[0, 1, 1, 0], [0, 0, 1, 1]], np.float64)
    corners = np.linalg.solve(turn, unit - shift[:, None])
    # A crop that ends between two pixels ends there in spite of rounding.
    left, top = np.floor(corners.min(1) + _ROUNDING)
    right, bottom = np.ceil(corners.max(1) - _ROUNDING)
    columns = slice(*np.clip([left, right], 0, width).astype(int).tolist())
    rows = slice(*np.clip([top, bottom], 0, height).astype(int).tolist())
    return rows, columns
