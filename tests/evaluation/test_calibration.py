"""The temperature: recovered where it is known, and a minimum everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from mien.errors import DataError
from mien.evaluation.calibration import cross_entropy, fit_temperature


def known(temperature: float, pictures: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and the distributions that they mean at ``temperature``."""
    logits = np.random.default_rng(0).normal(scale=3, size=(pictures, 8))
    return logits, softmax(logits / temperature, axis=1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_soft_targets_give_the_temperature_back(temperature: float) -> None:
    assert fit_temperature(*known(temperature, 200)) == pytest.approx(temperature, rel=1e-4)


def test_drawn_classes_give_it_back_roughly() -> None:
    logits, shares = known(1.7)
    classes = (shares.cumsum(axis=1) < np.random.default_rng(1).random((20_000, 1))).sum(axis=1)
    assert fit_temperature(logits, classes) == pytest.approx(1.7, rel=0.03)


def test_classes_are_distributions_with_one_certain_class() -> None:
    logits, shares = known(1.3, 300)
    classes = shares.argmax(axis=1)
    logits[:60] = np.roll(logits[:60], 1, axis=1)  # some wrong ones, or it would be coldest
    assert fit_temperature(logits, classes) == fit_temperature(logits, np.eye(8)[classes])


def test_no_other_temperature_is_better() -> None:
    random = np.random.default_rng(5)
    logits, targets = random.normal(size=(50, 4)) * 4, random.dirichlet(np.ones(4), 50)
    best = fit_temperature(logits, targets)
    loss = cross_entropy(logits / best, targets)
    assert all(cross_entropy(logits / other, targets) >= loss for other in np.geomspace(0.1, 10))


def test_cross_entropy_by_hand() -> None:
    logits, targets = np.log([[0.5, 0.25, 0.25]]), np.array([[0.5, 0.5, 0.0]])
    assert cross_entropy(logits, targets) == pytest.approx(-0.5 * np.log(0.5) - 0.5 * np.log(0.25))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="do not fit"):
        fit_temperature(np.zeros((3, 2)), np.zeros(2, int))
    with pytest.raises(DataError, match="do not fit"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, int))
    with pytest.raises(DataError, match="not a finite number"):
        fit_temperature(np.array([[np.nan, 0]]), np.array([0]))
