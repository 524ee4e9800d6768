from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.faces.boxes import overlaps, suppress


def share(a: NDArray[np.float64], b: NDArray[np.float64], over: str) -> float:
    """The overlap of two boxes, one number at a time."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = width * height if width > 0 and height > 0 else 0.0
    first, second = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return float(shared / (first + second - shared if over == "union" else min(first, second)))


def crowd(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    centre = rng.uniform(-20, 100, (count, 2))
    half = rng.uniform(5, 30, (count, 2))
    return np.concatenate([centre - half, centre + half], 1), rng.normal(0, 3, count)


def test_overlap_of_known_boxes() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [0, 0, 1, 1], [5, 5, 6, 6]], float)
    union = overlaps(boxes[:1], boxes)[0]
    assert union == pytest.approx([1, 1 / 7, 1 / 4, 0])
    assert overlaps(boxes[:1], boxes, "smaller")[0] == pytest.approx([1, 1 / 4, 1, 0])


@pytest.mark.parametrize("over", ["union", "smaller"])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_suppression_is_the_greedy_one(over: str, threshold: float) -> None:
    for seed in range(4):
        boxes, scores = crowd(60, seed)
        expected: list[int] = []
        for index in sorted(range(len(boxes)), key=lambda index: -scores[index]):
            if all(share(boxes[index], boxes[one], over) <= threshold for one in expected):
                expected.append(index)
        assert suppress(boxes, scores, threshold, over).tolist() == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("over", ["union", "smaller"])
def test_nothing_remains_of_nothing(over: str) -> None:
    assert suppress(np.empty((0, 4)), np.empty(0), 0.5, over).shape == (0,)  # type: ignore[arg-type]
