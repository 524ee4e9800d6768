"""How often a model errs that answers only where it is surest.

Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks" (2017), section 2:
coverage is the share of the pictures that are answered, risk the share of these answers that
is wrong. The area is that of Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty
Estimation for Deep Neural Classifiers" (2019), section 3: the mean risk over the thresholds
that the confidences of the pictures themselves are. Equal confidences stand on the same side
of any threshold, so the order of the pictures plays no part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .metrics import Values
from .scores import RiskPoint

POINTS = 50
"""About how many points of the curve a record holds."""


def risk_curve(
    confidence: ArrayLike, correct: ArrayLike, *, points: int = POINTS
) -> tuple[RiskPoint, ...]:
    """Risk at growing coverage, up to all pictures.

    Args:
        confidence: (N,), of the answers; 0 for a picture without one.
        correct: (N,), 1 where the answer is right.
        points: how many at most; those nearest above evenly spaced coverages are kept.

    Raises:
        DataError: if there is no picture, or the two differ in number.
    """
    order, last = _thresholds(confidence, correct)
    wrong = 1 - np.asarray(correct, np.float64)[order]
    answered = last + 1
    risk = wrong.cumsum()[last] / answered
    coverage = answered / len(order)
    wanted = np.arange(1, points + 1) / points
    # What is rounded down to just below a wanted coverage is meant to reach it.
    chosen = np.unique(np.searchsorted(coverage, wanted - 1e-12))
    sure = np.asarray(confidence, np.float64)[order][last]
    return tuple(
        RiskPoint(coverage=float(coverage[one]), risk=float(risk[one]), confidence=float(sure[one]))
        for one in chosen
    )


def area_under_risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Mean over the pictures of the risk when all that are at least as sure are answered.

    Args:
        confidence: (N,), of the answers; 0 for a picture without one.
        correct: (N,), 1 where the answer is right.

    Returns:
        Between 0 and 1, the smaller the better.

    Raises:
        DataError: if there is no picture, or the two differ in number.
    """
    return float(area_of_weights(confidence, correct)(np.ones((1, np.size(confidence))))[0])


def area_of_weights(confidence: ArrayLike, correct: ArrayLike) -> Callable[[Values], Values]:
    """The same as a function of how often each picture counts, weights (R, N) to (R,).

    What does not depend on the weights is computed once, for
    :func:`~mien.evaluation.bootstrap.estimate_from_weights`.
    """
    order, last = _thresholds(confidence, correct)
    wrong = 1 - np.asarray(correct, np.float64)[order]
    ordered = bool((order == np.arange(len(order))).all())

    def area(weights: Values) -> Values:
        counted = weights if ordered else weights[:, order]
        errors = _in_runs(counted * wrong, last)
        pictures = _in_runs(counted, last)
        np.cumsum(errors, axis=1, out=errors)
        answered = pictures.cumsum(axis=1)
        total = answered[:, -1].copy()
        # Where none is answered yet there is no error either, and the run counts nothing.
        errors /= np.maximum(answered, 1, out=answered)
        return np.asarray(np.einsum("rn,rn->r", errors, pictures) / total)

    return area


def _in_runs(values: Values, last: NDArray[np.intp]) -> Values:
    """Sums over the runs that end at ``last``, (..., N) to (..., runs)."""
    if len(last) == values.shape[-1]:
        return values
    return np.asarray(np.add.reduceat(values, np.append(0, last[:-1] + 1), axis=-1))


def _thresholds(
    confidence: ArrayLike, correct: ArrayLike
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pictures from surest to least sure, and where each run of equal ones ends."""
    sure = np.asarray(confidence, np.float64)
    if sure.ndim != 1 or not len(sure) or np.shape(correct) != sure.shape:
        raise DataError(
            f"confidences of shape {sure.shape} and answers of shape {np.shape(correct)} give no "
            "curve of risk; give one of each per picture, of at least one picture"
        )
    order = np.argsort(-sure, kind="stable")
    ends = np.append(np.diff(sure[order]) != 0, True)
    return order, np.flatnonzero(ends)
