"""Whether confidence means what it says (Guo et al. 2017, "On Calibration of Modern Neural
Networks", section 2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .metrics import CALIBRATION_BINS, Values, share
from .scores import ReliabilityBin


def reliability_bins(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> tuple[ReliabilityBin, ...]:
    """Mean confidence and accuracy in bins of equal width: the reliability diagram.

    Args:
        confidence: (N,), probability of the predicted class.
        correct: (N,), 1 where the predicted class is the true one.
        bins: number of bins between 0 and 1; a bin holds its upper edge.
    """
    sure, hit = np.asarray(confidence, np.float64), np.asarray(correct, np.float64)
    place, edges = _places(sure, bins), np.linspace(0, 1, bins + 1)
    images, confidences, hits = (
        np.bincount(place, values, minlength=bins) for values in (None, sure, hit)
    )
    at_least_one = np.maximum(images, 1)
    return tuple(
        ReliabilityBin(
            low=float(edges[one]),
            high=float(edges[one + 1]),
            images=int(images[one]),
            confidence=float(confidences[one] / at_least_one[one]),
            accuracy=float(hits[one] / at_least_one[one]),
        )
        for one in range(bins)
    )


def expected_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance between confidence and accuracy, weighted by the pictures in a bin.

    Guo et al. 2017, equation 3, with bins of equal width.

    Args:
        confidence: (N,), probability of the predicted class.
        correct: (N,), 1 where the predicted class is the true one.
        bins: number of bins between 0 and 1; a bin holds its upper edge.
    """
    once = np.ones((1, np.size(confidence)))
    return float(calibration_error_of_weights(confidence, correct, bins)(once)[0])


def calibration_error_of_weights(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> Callable[[Values], Values]:
    """The same as a function of how often each picture counts, weights (R, N) to (R,).

    NaN where no picture counts. For
    :func:`~mien.evaluation.bootstrap.estimate_from_weights`.
    """
    sure, hit = np.asarray(confidence, np.float64), np.asarray(correct, np.float64)
    # The distance of two means times the pictures of the bin: the sum of the differences.
    differences = np.zeros((len(sure), bins))
    differences[np.arange(len(sure)), _places(sure, bins)] = hit - sure

    def error(weights: Values) -> Values:
        return share(np.abs(weights @ differences).sum(axis=1), weights.sum(axis=1))

    return error


def _places(confidence: Values, bins: int) -> NDArray[np.intp]:
    """The bin of each confidence, (N,)."""
    return np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1], right=True)
