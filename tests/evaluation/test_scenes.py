"""From photo to expression, with a detector and a model that are known by heart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from mien.errors import DataError
from mien.evaluation.pasting import paste
from mien.evaluation.scenes import best_overlap, evaluate_scenes, overlap
from mien.expressions import BASIC7, BASIC8, Expression
from mien.inference.results import Face
from mien.preprocess import Box, Picture

NUMBER = 40
SIDES, SIZE = (60, 200), (256, 208)
TRUTH = np.arange(NUMBER) % 8


# Flat faces whose brightness says which class they are of: 10, 40, 70, ...
FACES = np.repeat((10 + 30 * TRUTH).astype(np.uint8), 48 * 48).reshape(NUMBER, 48, 48)
small_scenes = partial(evaluate_scenes, seed=5, sides=SIDES, size=SIZE)


class Oracle:
    """Knows where the faces are and reads the class off their brightness.

    It misses faces of class 7, says ``sadness`` (3) of all that are smaller than 100
    pixels, and finds a false face in every scene.
    """

    def __init__(self) -> None:
        self.index = 0

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Face]]:
        return [self.one(picture) for picture in pictures]

    def one(self, picture: Picture) -> list[Face]:
        scene = paste(FACES[self.index], index=self.index, seed=5, sides=SIDES, size=SIZE)
        self.index += 1
        x, y, side, _ = map(int, scene.square)
        truth = (int(picture[y + side // 2, x + side // 2, 0]) - 10) // 30
        people = [face((0.0, 0.0, 8.0, 8.0), BASIC7[0])]
        if truth != 7:
            name = BASIC8[3 if side < 100 else truth]
            people.append(face((x + side * 0.1, y + side * 0.1, side * 0.8, side * 0.9), name))
        return people


def face(box: Box | None, name: Expression) -> Face:
    probabilities = {one: 0.9 if one is name else 0.1 / 7 for one in BASIC8}
    # Below min_confidence the expression is None; what counts is the most probable one.
    return Face(source="array", box=box, expression=None, probabilities=probabilities)


def test_faces_not_found_count_as_wrong() -> None:
    direct = TRUTH.copy()
    direct[:4] = 6  # four wrong answers for the crops
    outcome = small_scenes(Oracle(), FACES, TRUTH, direct, BASIC8, batch=7)
    small = outcome.side < 100
    expected = np.where(TRUTH == 7, -1, np.where(small, 3, TRUTH))
    assert 0 < small.sum() < NUMBER
    assert outcome.predicted.tolist() == expected.tolist()
    assert (outcome.extra == 1).all()

    metrics = outcome.scores("majority").metrics
    right = (expected == TRUTH).mean()
    assert metrics["found"].value == pytest.approx(35 / 40)
    assert metrics["accuracy"].value == pytest.approx(right)
    assert metrics["accuracy_of_found"].value == pytest.approx(right * 40 / 35)
    assert metrics["accuracy_direct"].value == pytest.approx(36 / 40)
    assert metrics["loss"].value == pytest.approx(36 / 40 - right)
    assert metrics["loss"].low < metrics["loss"].value < metrics["loss"].high


def test_bands_of_size() -> None:
    outcome = small_scenes(Oracle(), FACES, TRUTH, TRUTH, BASIC8)
    small = outcome.between(60, 100)
    assert set(small.predicted) <= {3, -1}
    assert len(small.side) + len(outcome.between(100, 201).side) == NUMBER


def test_nobody_found_at_all() -> None:
    def blind(pictures: Sequence[Picture]) -> list[list[Face]]:
        return [[Face(source="array")] for _ in pictures]

    outcome = small_scenes(blind, FACES, TRUTH, TRUTH, BASIC8)
    metrics = outcome.scores("all").metrics
    assert metrics["accuracy"].value == 0
    assert metrics["loss"].value == 1
    assert "accuracy_of_found" not in metrics
    assert outcome.extra.sum() == 0


def test_progress_and_numbers_that_differ() -> None:
    seen: list[tuple[int, int]] = []
    small_scenes(
        Oracle(),
        FACES,
        TRUTH,
        TRUTH,
        BASIC8,
        batch=15,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(15, 40), (30, 40), (40, 40)]
    with pytest.raises(DataError, match="40 faces, 3 labels"):
        small_scenes(Oracle(), FACES, TRUTH[:3], TRUTH, BASIC8)


def test_overlap_by_hand() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(50 / 150)
    assert overlap((0, 0, 10, 10), (2, 2, 5, 5)) == pytest.approx(25 / 100)
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_best_overlap_needs_enough_of_it() -> None:
    square = (100.0, 100.0, 100.0, 100.0)
    far, near, nearer = (
        (0.0, 0.0, 50.0, 50.0),
        (150.0, 100.0, 100.0, 100.0),
        (90.0, 95.0, 90.0, 99.0),
    )
    assert best_overlap([], square) is None
    assert best_overlap([far, (190.0, 190.0, 50.0, 50.0)], square) is None
    assert best_overlap([far, near, nearer], square) == 2
