"""Calibration against hand computation and torchmetrics."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from mien.evaluation.reliability import (
    calibration_error_of_weights,
    expected_calibration_error,
    reliability_bins,
)

# Two of fifteen bins are used: (0.6, 0.667] holds two pictures, (0.933, 1] three.
SURE, CORRECT = [0.61, 0.65, 0.95, 0.98, 1.0], [1, 0, 1, 1, 0]
FIRST = abs(1 / 2 - (0.61 + 0.65) / 2)
SECOND = abs(2 / 3 - (0.95 + 0.98 + 1.0) / 3)


def test_by_hand() -> None:
    expected = 2 / 5 * FIRST + 3 / 5 * SECOND
    assert expected_calibration_error(SURE, CORRECT) == pytest.approx(expected, abs=1e-12)
    # All right: each bin's accuracy is 1, so the error is what confidence lacks of it.
    found = expected_calibration_error(SURE, [1] * 5)
    assert found == pytest.approx(1 - np.mean(SURE), abs=1e-12)


def test_the_diagram_by_hand() -> None:
    bins = reliability_bins(SURE, CORRECT)
    assert len(bins) == 15
    assert [one.low for one in bins] == pytest.approx(np.arange(15) / 15)
    assert [one.high for one in bins] == pytest.approx(np.arange(1, 16) / 15)
    assert {place: one.images for place, one in enumerate(bins) if one.images} == {9: 2, 14: 3}
    assert (bins[9].confidence, bins[9].accuracy) == pytest.approx((0.63, 1 / 2))
    assert (bins[14].confidence, bins[14].accuracy) == pytest.approx((2.93 / 3, 2 / 3))
    assert (bins[0].confidence, bins[0].accuracy) == (0, 0)


def test_a_bin_holds_its_upper_edge() -> None:
    # With two bins, 0.5 is in the lower one and does not mix with 0.6.
    found = expected_calibration_error([0.5, 0.6], [1, 0], bins=2)
    assert found == pytest.approx((0.5 + 0.6) / 2, abs=1e-12)
    assert [one.images for one in reliability_bins([0.5, 0.6, 0.0], [1, 0, 0], bins=2)] == [2, 1]


def test_the_diagram_and_the_error_agree() -> None:
    random = np.random.default_rng(0)
    sure = random.random(500)
    correct = random.random(500) < sure**2
    weighted = sum(
        one.images * abs(one.accuracy - one.confidence) for one in reliability_bins(sure, correct)
    )
    assert expected_calibration_error(sure, correct) == pytest.approx(weighted / 500, abs=1e-12)


def test_weights_stand_for_repeated_pictures() -> None:
    weights = np.array([[1, 1, 1, 1, 1], [0, 2, 0, 3, 0], [0, 0, 0, 0, 0]], float)
    found = calibration_error_of_weights(SURE, CORRECT)(weights)
    assert found[0] == pytest.approx(expected_calibration_error(SURE, CORRECT), abs=1e-12)
    repeated = expected_calibration_error([0.65, 0.65, 0.98, 0.98, 0.98], [0, 0, 1, 1, 1])
    assert found[1] == pytest.approx(repeated, abs=1e-12)
    assert np.isnan(found[2])


def test_agrees_with_torchmetrics(torchmetrics_in_float64: ModuleType) -> None:
    import torch

    random = np.random.default_rng(4)
    probabilities = random.dirichlet(np.full(8, 0.4), 700)
    labels = np.array([random.choice(8, p=row) for row in probabilities])
    theirs = torchmetrics_in_float64.multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(labels), 8, 15, "l1"
    )
    ours = expected_calibration_error(
        probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    )
    assert ours == pytest.approx(float(theirs), abs=1e-9)
