"""The curve of risk against coverage, against hand computation and a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import DataError
from mien.evaluation.risk import area_of_weights, area_under_risk_coverage, risk_curve

RANDOM = np.random.default_rng(5)
SURE = RANDOM.random(400)
CORRECT = RANDOM.random(400) < SURE
COARSE = np.round(SURE, 1)


def plain_area(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Geifman et al. 2019: one threshold for each picture, and the risk of what is above it."""
    risks = [1 - correct[confidence >= threshold].mean() for threshold in confidence]
    return float(np.mean(risks))


def test_by_hand() -> None:
    # From the surest down: right, wrong, right, wrong.
    sure, correct = [0.6, 0.9, 0.7, 0.8], [0, 1, 1, 0]
    curve = risk_curve(sure, correct)
    assert [one.coverage for one in curve] == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1])
    assert [one.risk for one in curve] == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    assert [one.confidence for one in curve] == [0.9, 0.8, 0.7, 0.6]
    assert area_under_risk_coverage(sure, correct) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidences_are_answered_together() -> None:
    sure, correct = [0.9, 0.5, 0.5, 0.5], [1, 0, 1, 1]
    curve = risk_curve(sure, correct)
    assert [(one.coverage, one.risk) for one in curve] == [(1 / 4, 0), (1, 1 / 4)]
    assert area_under_risk_coverage(sure, correct) == pytest.approx((0 + 3 * 1 / 4) / 4)


@pytest.mark.parametrize("confidence", [SURE, COARSE, np.full(400, 0.5)])
def test_the_area_is_the_mean_over_thresholds(confidence: np.ndarray) -> None:
    found = area_under_risk_coverage(confidence, CORRECT)
    assert found == pytest.approx(plain_area(confidence, CORRECT), abs=1e-12)


@pytest.mark.parametrize("confidence", [SURE, COARSE])
def test_the_order_of_the_pictures_plays_no_part(confidence: np.ndarray) -> None:
    order = np.random.default_rng(1).permutation(400)
    mixed = area_under_risk_coverage(confidence[order], CORRECT[order])
    assert mixed == pytest.approx(area_under_risk_coverage(confidence, CORRECT), abs=1e-12)
    assert risk_curve(confidence[order], CORRECT[order]) == risk_curve(confidence, CORRECT)


@pytest.mark.parametrize("confidence", [SURE, COARSE])
def test_weights_stand_for_repeated_pictures(confidence: np.ndarray) -> None:
    weights = np.random.default_rng(2).integers(0, 4, (3, 400)).astype(float)
    found = area_of_weights(confidence, CORRECT)(weights)
    for row, area in zip(weights.astype(int), found, strict=True):
        repeated = area_under_risk_coverage(np.repeat(confidence, row), np.repeat(CORRECT, row))
        assert area == pytest.approx(repeated, abs=1e-12)


def test_the_best_order_has_the_smallest_area() -> None:
    best = area_under_risk_coverage(CORRECT + SURE / 2, CORRECT)
    worst = area_under_risk_coverage(-1.0 * CORRECT, CORRECT)
    assert best < area_under_risk_coverage(SURE, CORRECT) < worst
    assert area_under_risk_coverage(SURE, np.ones(400)) == 0
    assert area_under_risk_coverage(SURE, np.zeros(400)) == 1


def test_a_long_curve_is_thinned_and_ends_with_all_pictures() -> None:
    curve = risk_curve(SURE, CORRECT)
    assert len(curve) == 50
    assert [one.coverage for one in curve] == pytest.approx(np.arange(1, 51) / 50)
    assert curve[-1].risk == pytest.approx(1 - CORRECT.mean())
    assert curve[-1].confidence == SURE.min()
    for one in curve:
        chosen = one.confidence <= SURE
        assert (one.coverage, one.risk) == pytest.approx(
            (chosen.mean(), 1 - CORRECT[chosen].mean())
        )


@pytest.mark.parametrize(("confidence", "correct"), [([], []), ([0.5], [1, 0]), ([[0.5]], [[1]])])
def test_what_gives_no_curve_is_refused(confidence: list, correct: list) -> None:
    with pytest.raises(DataError, match="no curve of risk"):
        risk_curve(confidence, correct)
