"""McNemar's test against the binomial sum, scipy and plain resampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mien.errors import DataError, LabelMismatch
from mien.evaluation.answers import MISSED, Answers
from mien.evaluation.bootstrap import estimate
from mien.evaluation.comparison import compare, mcnemar
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
