"""Accuracy under damage, of a classifier whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mien.errors import DataError, LabelMismatch
from mien.evaluation.answers import Answers
from mien.evaluation.damage import robustness
from mien.evaluation.damage.corruptions import CORRUPTIONS
from mien.evaluation.damage.robustness import draw, mean_robustness, measure_robustness
from mien.evaluation.shares import share_estimate
from mien.evaluation.tasks import Task
from mien.expressions import LabelSet

TWO = LabelSet.of(["anger", "fear"])
DARK = {"darkness": CORRUPTIONS["darkness"]}


def task_of(truth: Sequence[int]) -> Task:
    true = np.array(truth, np.int64)
    return Task(protocol="all", subset="whole", labels=TWO, truth=true, counts=true >= 0)


def bright(crops: Sequence[np.ndarray]) -> Answers:
    """Fear where a crop is brighter than 60, anger elsewhere."""
    return Answers(TWO, np.array([int(one.mean() > 60) for one in crops], np.int64))


def crops_of(values: Sequence[int]) -> list[np.ndarray]:
    return [np.full((6, 6), value, np.uint8) for value in values]


def test_accuracy_falls_where_the_pictures_get_too_dark() -> None:
    # Factors 0.7, 0.5, 0.35, 0.22, 0.12: 100 is seen twice, 200 three times, 250 no further.
    values, truth = [100, 200, 250, 10, 250], [1, 1, 1, 0, -1]
    names = [f"{place}.png" for place in range(5)]
    points = measure_robustness(bright, crops_of(values), names, task_of(truth), corruptions=DARK)
    assert [(one.corruption, one.strength, one.images) for one in points] == [
        ("darkness", strength, 4) for strength in range(6)
    ]
    hits = [4, 4, 3, 3, 1, 1]
    assert [one.accuracy for one in points] == [share_estimate(np.arange(4) < one) for one in hits]
    assert mean_robustness(points) == pytest.approx((4 + 3 + 3 + 1 + 1) / 20)


def test_intervals_are_of_persons_where_the_task_tells_of_them() -> None:
    truth = [1, 1, 1, 0, 0, 0]
    persons = np.array([5, 5, 5, 8, 8, 8])
    task = replace(task_of(truth), clusters=persons)
    crops, names = crops_of([100, 200, 250, 10, 10, 90]), list("abcdef")
    dark = measure_robustness(bright, crops, names, task, corruptions=DARK)[-1]
    assert (dark.images, dark.clusters) == (6, 2)
    assert dark.accuracy == share_estimate([0, 0, 0, 1, 1, 1], persons)
    single = measure_robustness(bright, crops, names, task_of(truth), corruptions=DARK)[-1]
    assert single.clusters == 0
    assert single.accuracy.low > dark.accuracy.low


def test_all_kinds_in_their_order_from_the_same_undamaged_pictures() -> None:
    points = measure_robustness(bright, crops_of([100, 10]), ["a", "b"], task_of([1, 0]))
    assert [(one.corruption, one.strength) for one in points] == [
        (kind, strength) for kind in CORRUPTIONS for strength in range(6)
    ]
    assert all(one.accuracy.value == 1 for one in points if one.strength == 0)


def test_each_picture_is_read_once_and_a_batch_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robustness, "BATCH", 3)
    read, sizes, seen = [], [], []

    class Lazy(Sequence):
        def __len__(self) -> int:
            return 8

        def __getitem__(self, index):
            read.append(int(index))
            return np.full((6, 6), 100, np.uint8)

    def classify(crops: Sequence[np.ndarray]) -> Answers:
        sizes.append(len(crops))
        return bright(crops)

    points = measure_robustness(
        classify,
        Lazy(),
        [str(place) for place in range(8)],
        task_of([1, -1, 1, 1, 1, 1, 1, 1]),
        corruptions=DARK,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert read == [0, 2, 3, 4, 5, 6, 7]
    assert sizes == [3] * 12 + [1] * 6
    assert seen[0] == (3, 42)
    assert seen[-1] == (42, 42)
    assert [one.accuracy.value for one in points] == [1, 1, 0, 0, 0, 0]


def test_batches_and_other_pictures_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    crops = [random.integers(0, 255, (12, 12, 3), dtype=np.uint8) for _ in range(10)]
    names = [f"{place}.png" for place in range(10)]
    shown: dict[bytes, int] = {}

    def classify(pictures: Sequence[np.ndarray]) -> Answers:
        for one in pictures:
            shown[one.tobytes()] = shown.get(one.tobytes(), 0) + 1
        return bright(pictures)

    measure_robustness(classify, crops, names, task_of([1] * 10))
    whole = set(shown)
    shown.clear()
    monkeypatch.setattr(robustness, "BATCH", 4)
    measure_robustness(classify, crops[::-1], names[::-1], task_of([1] * 10))
    assert set(shown) == whole
    shown.clear()
    measure_robustness(classify, crops, names, task_of([1] * 10), seed=1)
    assert set(shown) != whole


def test_a_sample_is_decided_by_names() -> None:
    names = [f"{place}.png" for place in range(200)]
    task = task_of([-1, 1] * 100)
    rows = draw(names, task, 30)
    assert len(rows) == 30
    assert (rows % 2 == 1).all()
    assert (np.diff(rows) > 0).all()
    # A larger sample holds the smaller, and the order of the files plays no part.
    assert set(rows) <= set(draw(names, task, 60))
    back = draw(names[::-1], task_of([1, -1] * 100), 30)
    assert {names[row] for row in rows} == {names[::-1][row] for row in back}
    assert draw(names, task, 1000).tolist() == list(range(1, 200, 2))
    # Spread over the whole split.
    assert 60 < np.mean(rows) < 140


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="2 pictures, 1 names and a task of 1 do not fit"):
        measure_robustness(bright, crops_of([1, 2]), ["a"], task_of([1]))
    with pytest.raises(DataError, match="no picture counts"):
        measure_robustness(bright, crops_of([1]), ["a"], task_of([-1]))
    with pytest.raises(DataError, match="1 names do not fit 2 pictures"):
        draw(["a"], task_of([1, 1]), 5)
    with pytest.raises(DataError, match="a sample of 0 of 2 pictures has none"):
        draw(["a", "b"], task_of([1, 1]), 0)
    with pytest.raises(DataError, match="it has no mean"):
        mean_robustness(())

    def other(crops: Sequence[np.ndarray]) -> Answers:
        return Answers(LabelSet.of(["anger"]), np.zeros(len(crops), np.int64))

    with pytest.raises(LabelMismatch, match="lacks fear"):
        measure_robustness(other, crops_of([1]), ["a"], task_of([1]))
