"""McNemar's test against the binomial sum, scipy and plain resampling."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mien.errors import DataError, LabelMismatch
from mien.evaluation.answers import MISSED, Answers
from mien.evaluation.bootstrap import estimate
from mien.evaluation.comparison import compare, exchange_test, mcnemar
from mien.evaluation.tasks import Task
from mien.expressions import BASIC7, BASIC8, LabelSet

RANDOM = np.random.default_rng(2)
TRUTH = RANDOM.integers(0, 8, 500)
ONE = np.where(RANDOM.random(500) < 0.7, TRUTH, (TRUTH + 1) % 8)
OTHER = np.where(RANDOM.random(500) < 0.8, TRUTH, (TRUTH + 1) % 8)
TASK = Task(
    protocol="argmax",
    subset="whole",
    labels=BASIC8,
    truth=TRUTH,
    counts=np.arange(500) >= 20,
)


def of(predicted: np.ndarray, labels: LabelSet = BASIC8) -> Answers:
    return Answers(labels, predicted)


@pytest.mark.parametrize(("first", "second"), [(3, 9), (9, 3), (6, 6), (0, 5), (121, 59)])
def test_p_is_twice_the_tail_of_the_binomial(first: int, second: int) -> None:
    differing = first + second
    tail = sum(math.comb(differing, k) for k in range(min(first, second) + 1)) / 2**differing
    assert mcnemar(first, second) == pytest.approx(min(1, 2 * tail), rel=1e-9)


def test_models_that_never_differ_are_equal() -> None:
    assert mcnemar(0, 0) == 1
    found = compare(TASK, of(ONE), of(ONE), names=("a", "a again"))
    assert (found.p_value, found.only_first, found.only_second) == (1, 0, 0)
    assert (found.difference.low, found.difference.value, found.difference.high) == (0, 0, 0)


def test_for_many_pictures_p_is_that_of_chi_square() -> None:
    # McNemar's own statistic, with the correction of Edwards.
    statistic = (abs(900 - 1010) - 1) ** 2 / (900 + 1010)
    assert mcnemar(900, 1010) == pytest.approx(stats.chi2.sf(statistic, 1), rel=0.01)


def test_pairs_are_counted_over_the_pictures_that_count() -> None:
    found = compare(TASK, of(ONE), of(OTHER), names=("one", "other"))
    one, other = (ONE == TRUTH)[20:], (OTHER == TRUTH)[20:]
    assert (found.first, found.second) == ("one", "other")
    assert (found.protocol, found.subset, found.images) == ("argmax", "whole", 480)
    assert found.only_first == (one & ~other).sum()
    assert found.only_second == (other & ~one).sum()
    assert found.p_value == mcnemar(found.only_first, found.only_second)
    assert found.difference.value == pytest.approx(other.mean() - one.mean(), abs=1e-12)


def test_the_interval_is_that_of_resampled_pairs() -> None:
    found = compare(TASK, of(ONE), of(OTHER), names=("one", "other")).difference
    one, other = (ONE == TRUTH)[20:], (OTHER == TRUTH)[20:]
    plain = estimate(lambda a, b: (b * 1.0 - a).mean(axis=-1), one, other, seed=5)
    assert found.low == pytest.approx(plain.low, abs=0.01)
    assert found.high == pytest.approx(plain.high, abs=0.01)
    # The formula for large samples (Agresti, Categorical Data Analysis, section 11.1).
    first, second = (one & ~other).mean(), (other & ~one).mean()
    half = 1.96 * math.sqrt((first + second - (second - first) ** 2) / 480)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.06)


def test_turned_round() -> None:
    there = compare(TASK, of(ONE), of(OTHER), names=("one", "other"))
    back = compare(TASK, of(OTHER), of(ONE), names=("other", "one"))
    assert back.p_value == there.p_value
    assert (back.only_first, back.only_second) == (there.only_second, there.only_first)
    assert back.difference.value == -there.difference.value


def test_classes_of_the_two_may_have_other_orders() -> None:
    turned = LabelSet(tuple(reversed(BASIC8.expressions)))
    same = compare(TASK, of(ONE), of(7 - OTHER, turned), names=("one", "other"))
    assert same == compare(TASK, of(ONE), of(OTHER), names=("one", "other"))


def test_missed_faces_are_wrong() -> None:
    missed = np.full(500, MISSED)
    found = compare(TASK, of(missed), of(ONE), names=("blind", "one"))
    assert (found.only_first, found.only_second) == (0, (ONE == TRUTH)[20:].sum())


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="10 answers do not fit the 500 pictures"):
        compare(TASK, of(ONE), of(OTHER[:10]), names=("one", "other"))
    with pytest.raises(LabelMismatch, match="lacks contempt"):
        compare(TASK, of(ONE), of(OTHER % 7, BASIC7), names=("one", "other"))


@pytest.mark.parametrize(("first", "second"), [(3, 9), (30, 18), (60, 50), (5, 5)])
def test_exchanging_single_pictures_is_mcnemars_test(first: int, second: int) -> None:
    found = exchange_test([1] * second + [-1] * first + [0] * 7)
    assert found == pytest.approx(mcnemar(first, second), abs=0.012)
    assert exchange_test([0, 0, 0]) == 1


def test_exchanging_whole_videos_agrees_with_all_exchanges() -> None:
    """The 2^10 ways to give ten differences their signs, counted."""
    differences = np.array([9, 4, -3, 7, 1, -1, 5, 2, 0, -6])
    signs = np.array(list(itertools.product((-1, 1), repeat=10)))
    exact = (np.abs(signs @ differences) >= abs(differences.sum())).mean()
    assert exchange_test(differences) == pytest.approx(exact, abs=0.015)


def test_frames_of_one_video_are_no_pairs_of_their_own() -> None:
    """Forty copies of each picture say no more than the pictures do."""
    few = TASK.at(np.arange(20, 60))
    many = replace(TASK.at(np.repeat(np.arange(20, 60), 40)), clusters=np.repeat(np.arange(40), 40))
    rows = np.arange(20, 60)
    single = compare(few, of(ONE[rows]), of(OTHER[rows]), names=("one", "other"))
    rows = np.repeat(rows, 40)
    found = compare(many, of(ONE[rows]), of(OTHER[rows]), names=("one", "other"))
    assert (single.clusters, found.clusters, found.images) == (0, 40, 1600)
    assert found.only_first == 40 * single.only_first
    assert found.p_value == pytest.approx(single.p_value, abs=0.02)
    for end in ("value", "low", "high"):
        expected = pytest.approx(getattr(single.difference, end), abs=0.02)
        assert getattr(found.difference, end) == expected
    # Taken for pictures of their own, they would seem to prove a difference.
    alone = compare(replace(many, clusters=None), of(ONE[rows]), of(OTHER[rows]), names=("a", "b"))
    assert alone.p_value < 1e-6 < 0.01 < found.p_value
