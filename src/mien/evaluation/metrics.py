"""How good predictions are: metrics over a whole set, never averaged over batches.

Metrics of the confusion matrix take counts (..., M, M), true classes in rows and predicted
ones in columns. The leading axes let the bootstrap compute a metric of a thousand resampled
matrices at once. A class without pictures takes no part in a mean over classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sklearn.metrics  # type: ignore[import-untyped]
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError

Values = NDArray[np.float64]
CALIBRATION_BINS = 15
_SMALLEST = 1e-12  # a probability of exactly zero would make one picture's loss infinite


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is recognised; 0 where a quotient has nothing below the line.

    Attributes:
        precision: share of the pictures answered with this class that are of it.
        recall: share of the pictures of this class that are answered with it.
        f1: harmonic mean of the two.
        images: how many pictures are of this class.
    """

    precision: float
    recall: float
    f1: float
    images: int


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Count pictures by true class (row) and predicted class (column).

    Args:
        labels: int (N,), from 0 to ``classes - 1``.
        predicted: int (N,).
        classes: M.

    Returns:
        int64 (M, M).

    Raises:
        DataError: if the two differ in length, are empty, or hold another class.
    """
    true, answer = np.asarray(labels), np.asarray(predicted)
    if true.shape != answer.shape or true.ndim != 1 or not len(true):
        raise DataError(
            f"labels of shape {true.shape} and predictions of shape {answer.shape} cannot be "
            "scored; give one of each per picture, of at least one picture"
        )
    for name, values in (("label", true), ("prediction", answer)):
        if values.min() < 0 or values.max() >= classes:
            wrong = values.min() if values.min() < 0 else values.max()
            raise DataError(f"the {name} {wrong} is none of the {classes} classes from 0")
    counts = sklearn.metrics.confusion_matrix(true, answer, labels=np.arange(classes))
    return np.asarray(counts, np.int64)


def accuracy(counts: ArrayLike) -> Values:
    """Share of pictures whose predicted class is the true one: (..., M, M) to (...)."""
    table = np.asarray(counts, np.float64)
    return np.asarray(np.trace(table, axis1=-2, axis2=-1) / table.sum((-2, -1)))


def balanced_accuracy(counts: ArrayLike) -> Values:
    """Mean recall of the classes that have pictures ("mean class accuracy")."""
    table = np.asarray(counts, np.float64)
    return _mean_over_classes(_diagonal(table), table.sum(-1))


def macro_f1(counts: ArrayLike) -> Values:
    """Mean F1 of the classes that occur among the labels or the predictions."""
    table = np.asarray(counts, np.float64)
    return _mean_over_classes(2 * _diagonal(table), table.sum(-1) + table.sum(-2))


def class_scores(counts: ArrayLike) -> list[ClassScores]:
    """Precision, recall and F1 of every class, from counts (M, M)."""
    table = np.asarray(counts, np.float64)
    hits, true, answered = _diagonal(table), table.sum(-1), table.sum(-2)
    columns = zip(
        _quotient(hits, answered),
        _quotient(hits, true),
        _quotient(2 * hits, true + answered),
        true,
        strict=True,
    )
    return [ClassScores(float(p), float(r), float(f), int(n)) for p, r, f, n in columns]


def expected_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> Values:
    """Mean distance between confidence and accuracy, weighted by the pictures in a bin.

    Guo et al. 2017, equation 3, with bins of equal width.

    Args:
        confidence: (..., N), probability of the predicted class.
        correct: (..., N), 1 where the predicted class is the true one.
        bins: number of bins between 0 and 1; a bin holds its upper edge.

    Returns:
        (...).
    """
    sure, hit = np.asarray(confidence, np.float64), np.asarray(correct, np.float64)
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    rows = np.arange(sure[..., :1].size).reshape(*sure.shape[:-1], 1)
    place = rows * bins + np.digitize(sure, edges, right=True)
    # The distance of two means times the pictures of the bin: the sum of the differences.
    gap = np.bincount(place.ravel(), (hit - sure).ravel(), minlength=rows.size * bins)
    sums = np.abs(gap).reshape(*sure.shape[:-1], bins).sum(-1)
    return np.asarray(sums / sure.shape[-1])


def log_losses(labels: ArrayLike, probabilities: ArrayLike) -> Values:
    """Negative log-likelihood of each picture's true class, in nats: (N,), (N, M) to (N,)."""
    true, table = np.asarray(labels), np.asarray(probabilities, np.float64)
    return np.asarray(-np.log(np.clip(table[np.arange(len(true)), true], _SMALLEST, 1)))


def negative_log_likelihood(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean of :func:`log_losses`."""
    return float(log_losses(labels, probabilities).mean())


def _diagonal(table: Values) -> Values:
    return np.diagonal(table, axis1=-2, axis2=-1)


def _quotient(above: Values, below: Values) -> Values:
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 0))


def _mean_over_classes(above: Values, below: Values) -> Values:
    return np.asarray(_quotient(above, below).sum(-1) / (below > 0).sum(-1))
