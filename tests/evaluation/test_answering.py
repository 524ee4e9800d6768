"""One pass over many faces: every one is answered once, in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from mien.errors import DataError
from mien.evaluation.answering import answer
from mien.evaluation.answers import MISSED
from mien.expressions import BASIC8, LabelSet
from mien.preprocess import Picture, Preprocess

TWO = LabelSet.of(["neutral", "anger"])
PREPROCESS = Preprocess(size=4, colour="grey", mean=(0.0,) * 3, std=(1.0,) * 3)


def brightness(images: np.ndarray) -> np.ndarray:
    """The brighter a picture, the more it is anger."""
    bright = images.mean(axis=(1, 2, 3))
    return np.stack([1 - bright, bright], axis=1).astype(np.float32)


def faces(rows: Sequence[int], preprocess: Preprocess) -> list[Picture | None]:
    """Picture K has the grey value 10 K; every fifth has no face."""
    return [
        None if row % 5 == 4 else preprocess.cut(np.full((6, 6), 10 * row % 256, np.uint8))
        for row in rows
    ]


def test_each_face_is_answered_in_its_place() -> None:
    seen: list[tuple[int, int]] = []
    answers = answer(
        brightness, PREPROCESS, TWO, faces, 23, batch=6, progress=lambda *one: seen.append(one)
    )
    assert answers.labels == TWO
    for row in range(23):
        if row % 5 == 4:
            assert answers.predicted[row] == MISSED
            assert answers.probabilities is not None
            assert not answers.probabilities[row].any()
        else:
            assert answers.predicted[row] == int(10 * row > 127.5)
            assert answers.probabilities is not None
            assert answers.probabilities[row, 1] == pytest.approx(10 * row / 255)
    assert seen == [(6, 23), (12, 23), (18, 23), (23, 23)]
    again = answer(brightness, PREPROCESS, TWO, faces, 23, batch=23)
    assert np.array_equal(again.predicted, answers.predicted)


def test_batches_without_a_face_and_no_pictures_at_all() -> None:
    nobody = answer(brightness, PREPROCESS, TWO, lambda rows, _: [None] * len(rows), 5, batch=2)
    assert nobody.predicted.tolist() == [MISSED] * 5
    assert len(answer(brightness, PREPROCESS, BASIC8, faces, 0)) == 0


def test_only_a_few_batches_exist_at_a_time() -> None:
    """While the network is at one batch, at most two more are cut: one waits, one is made."""
    cut = answered = most = 0
    lock = threading.Lock()

    def count_cut(rows: Sequence[int], preprocess: Preprocess) -> list[Picture | None]:
        nonlocal cut, most
        with lock:
            cut += 1
            most = max(most, cut - answered)
        return faces(rows, preprocess)

    def count_answered(images: np.ndarray) -> np.ndarray:
        nonlocal answered
        found = brightness(images)
        with lock:
            answered += 1
        return found

    answer(count_answered, PREPROCESS, TWO, count_cut, 200, batch=4)
    assert (cut, answered) == (50, 50)
    assert most <= 3


def test_a_damaged_picture_ends_the_pass() -> None:
    def broken(rows: Sequence[int], preprocess: Preprocess) -> list[Picture | None]:
        if 8 in rows:
            raise DataError("8.png does not decode as a picture")
        return faces(rows, preprocess)

    with pytest.raises(DataError, match=r"8\.png does not decode"):
        answer(brightness, PREPROCESS, TWO, broken, 20, batch=4)
