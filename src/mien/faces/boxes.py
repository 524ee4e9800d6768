"""Overlap of boxes, and the choice of one among many that overlap.

Boxes are (N, 4): left, top, right, bottom.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray


def areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of each box (N,); none for boxes turned inside out."""
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0)


def overlaps(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    over: Literal["union", "smaller"] = "union",
) -> NDArray[np.float64]:
    """Shared area of each pair of boxes over their union, or over the smaller one: (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(-1)
    a, b = areas(first)[:, None], areas(second)[None, :]
    whole = a + b - shared if over == "union" else np.minimum(a, b)
    shares: NDArray[np.float64] = shared / np.maximum(whole, 1e-9)
    return shares


def suppress(
    boxes: NDArray[np.float64],
    scores: NDArray[np.float64],
    threshold: float,
    over: Literal["union", "smaller"] = "union",
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression.

    The best box is kept, those that overlap it by more than ``threshold`` go, and so on
    with what remains.

    Returns:
        Indices of the kept boxes, best first.
    """
    order = np.argsort(-scores, kind="stable")
    boxes = boxes[order]
    if over == "union":
        # OpenCV is much faster on the many boxes of a first stage. It wants scores of 0 and
        # more, and only their order counts.
        sides = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
        ranks = np.arange(len(boxes), 0.0, -1.0)
        kept = cv2.dnn.NMSBoxes(sides.tolist(), ranks.tolist(), 0.0, threshold)
        return order[np.array(kept, np.intp).ravel()]
    chosen = []
    left = np.arange(len(boxes))
    while len(left):
        chosen.append(left[0])
        shared = overlaps(boxes[left[:1]], boxes[left[1:]], over)[0]
        left = left[1:][shared <= threshold]
    return order[np.array(chosen, np.intp)]
