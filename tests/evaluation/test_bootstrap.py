"""Intervals against theory and against scipy's bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mien.errors import DataError
from mien.evaluation import metrics
from mien.evaluation.bootstrap import (
    estimate,
    estimate_from_counts,
    estimate_from_weights,
)


def mean(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=-1)


HITS = np.random.default_rng(1).random(2000) < 0.87
COUNTS = np.array([[700, 60, 40], [30, 500, 20], [90, 10, 150]])


def test_interval_of_a_share_is_that_of_the_binomial() -> None:
    found = estimate(mean, HITS)
    share = HITS.mean()
    half = 1.96 * np.sqrt(share * (1 - share) / len(HITS))
    assert found.value == pytest.approx(share)
    assert found.low == pytest.approx(share - half, abs=0.15 * half)
    assert found.high == pytest.approx(share + half, abs=0.15 * half)


def test_counts_and_pictures_give_the_same_interval() -> None:
    true, predicted = (np.repeat(axis.ravel(), COUNTS.ravel()) for axis in np.indices((3, 3)))

    def macro_f1(truth: np.ndarray, answer: np.ndarray) -> np.ndarray:
        one_by_one = [
            metrics.macro_f1(metrics.confusion_matrix(a, b, 3))
            for a, b in zip(np.atleast_2d(truth), np.atleast_2d(answer), strict=True)
        ]
        return np.array(one_by_one).reshape(truth.shape[:-1])

    slow = estimate(macro_f1, true, predicted, repeats=300)
    fast = estimate_from_counts(metrics.macro_f1, COUNTS)
    assert fast.value == pytest.approx(slow.value, abs=1e-12)
    width = slow.high - slow.low
    assert fast.low == pytest.approx(slow.low, abs=0.15 * width)
    assert fast.high == pytest.approx(slow.high, abs=0.15 * width)


def test_agrees_with_scipy() -> None:
    values = np.random.default_rng(2).exponential(size=400)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=2000, method="percentile")
    ours = estimate(mean, values)
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.12 * width)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.12 * width)


def test_samples_are_resampled_together() -> None:
    # The difference of a sample and itself is always 0, so the interval has no width.
    found = estimate(lambda a, b: mean(a - b), HITS * 1.0, HITS * 1.0)
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_the_seed_decides() -> None:
    assert estimate(mean, HITS, seed=3) == estimate(mean, HITS, seed=3)
    assert estimate(mean, HITS, seed=3) != estimate(mean, HITS, seed=4)
    assert estimate_from_counts(metrics.accuracy, COUNTS) == estimate_from_counts(
        metrics.accuracy, COUNTS
    )


def test_memory_stays_bounded() -> None:
    widest = 0

    def watched(values: np.ndarray) -> np.ndarray:
        nonlocal widest
        widest = max(widest, values.size)
        return mean(values)

    estimate(watched, np.zeros(100_000), repeats=100)
    assert widest <= 2_000_000


def test_a_lower_level_is_a_narrower_interval() -> None:
    wide, narrow = estimate(mean, HITS), estimate(mean, HITS, level=0.5)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_nothing_has_no_interval() -> None:
    with pytest.raises(DataError, match="same pictures"):
        estimate(mean, np.zeros(0))
    with pytest.raises(DataError, match="same pictures"):
        estimate(mean, np.zeros(3), np.zeros(2))
    with pytest.raises(DataError, match="at least one picture"):
        estimate_from_counts(metrics.accuracy, np.zeros((2, 2), int))


def test_weights_and_pictures_give_the_same_interval() -> None:
    values = np.random.default_rng(2).exponential(size=400)
    slow = estimate(mean, values, seed=1)
    found = estimate_from_weights(
        {"mean": lambda weights: weights @ values / 400, "sum": lambda weights: weights @ values},
        400,
    )
    width = slow.high - slow.low
    assert found["mean"].value == pytest.approx(values.mean(), abs=1e-12)
    assert found["mean"].low == pytest.approx(slow.low, abs=0.1 * width)
    assert found["mean"].high == pytest.approx(slow.high, abs=0.1 * width)
    # Both are of the same resampled sets.
    assert found["sum"].low == pytest.approx(400 * found["mean"].low, abs=1e-9)


def test_weights_say_how_often_a_picture_is_drawn() -> None:
    seen = []

    def watched(weights: np.ndarray) -> np.ndarray:
        seen.append(weights)
        return weights[:, 0]

    found = estimate_from_weights({"first": watched}, 30_000, repeats=5)
    assert sum(len(one) for one in seen) == 5 + 1
    assert all((one.sum(axis=1) == 30_000).all() for one in seen)
    assert max(one.size for one in seen) <= 50_000  # bounded memory
    drawn = np.concatenate(seen[:-1])
    # Poisson with mean 1: 1 of e pictures is left out.
    assert (drawn == 0).mean() == pytest.approx(np.exp(-1), abs=0.01)
    assert found["first"].value == 1


def test_resampled_sets_that_say_nothing_are_left_out() -> None:
    def of_first(weights: np.ndarray) -> np.ndarray:
        return np.where(weights[:, 0] > 0, 0.25, np.nan)

    found = estimate_from_weights({"first": of_first}, 3)["first"]
    assert (found.low, found.value, found.high) == (0.25, 0.25, 0.25)


def test_weights_need_a_picture() -> None:
    with pytest.raises(DataError, match="at least one picture"):
        estimate_from_weights({}, 0)
