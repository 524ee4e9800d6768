"""How good predictions are: metrics over a whole set, never averaged over batches.

Metrics of the confusion matrix take counts (..., M, M), true classes in rows and predicted
ones in columns. The leading axes let the bootstrap compute a metric of a thousand resampled
matrices at once. A class without pictures takes no part in a mean over classes. Pictures
without an answer may stand in one more column, (..., M, M + 1): they are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .answers import MISSED

Values = NDArray[np.float64]
CALIBRATION_BINS = 15
SMALLEST = 1e-12
"""What losses take for less: a probability of zero would make one picture's loss infinite."""


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


def confusion_matrix(
    labels: ArrayLike, predicted: ArrayLike, classes: int, *, may_miss: bool = False
) -> NDArray[np.int64]:
    """Count pictures by true class (row) and predicted class (column).

    Args:
        labels: int (N,), from 0 to ``classes - 1``.
        predicted: int (N,).
        classes: M.
        may_miss: whether a prediction may be :data:`~mien.evaluation.answers.MISSED`.

    Returns:
        int64 (M, M), or (M, M + 1) if an answer is missed: the last column counts these.

    Raises:
        DataError: if the two differ in length, are empty, or hold another class.
    """
    true, answer = np.asarray(labels), np.asarray(predicted)
    if true.shape != answer.shape or true.ndim != 1 or not len(true):
        raise DataError(
            f"labels of shape {true.shape} and predictions of shape {answer.shape} cannot be "
            "scored; give one of each per picture, of at least one picture"
        )
    for name, values, lowest in (("label", true, 0), ("prediction", answer, -may_miss)):
        if values.min() < lowest or values.max() >= classes:
            wrong = values.min() if values.min() < lowest else values.max()
            raise DataError(f"the {name} {wrong} is none of the {classes} classes from 0")
    missed = answer == MISSED
    counts = np.zeros((classes, classes + int(missed.any())), np.int64)
    np.add.at(counts, (true, np.where(missed, classes, answer)), 1)
    return counts


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
    return _mean_over_classes(2 * _diagonal(table), table.sum(-1) + _answered(table))


def f1_accuracy(counts: ArrayLike) -> Values:
    """0.67 macro F1 + 0.33 accuracy: the measure of the ABAW challenges on Aff-Wild2.

    Kollias et al. 2020, "Analysing Affective Behavior in the First ABAW 2020 Competition".
    """
    return 0.67 * macro_f1(counts) + 0.33 * accuracy(counts)


def class_scores(counts: ArrayLike) -> list[ClassScores]:
    """Precision, recall and F1 of every class, from counts (M, M) or (M, M + 1)."""
    table = np.asarray(counts, np.float64)
    hits, true, answered = _diagonal(table), table.sum(-1), _answered(table)
    columns = zip(
        _quotient(hits, answered),
        _quotient(hits, true),
        _quotient(2 * hits, true + answered),
        true,
        strict=True,
    )
    return [ClassScores(float(p), float(r), float(f), int(n)) for p, r, f, n in columns]


def log_losses(labels: ArrayLike, probabilities: ArrayLike) -> Values:
    """Negative log-likelihood of each picture's true class, in nats: (N,), (N, M) to (N,)."""
    true, table = np.asarray(labels), np.asarray(probabilities, np.float64)
    return np.asarray(-np.log(np.clip(table[np.arange(len(true)), true], SMALLEST, 1)))


def mean(values: ArrayLike, weights: ArrayLike | None = None) -> Values:
    """Mean of one value per picture, (N,).

    Args:
        values: (N,).
        weights: (..., N), how often each picture counts; once without.

    Returns:
        (...); NaN where no picture counts.
    """
    if weights is None:
        return np.asarray(np.asarray(values, np.float64).mean())
    counted = np.asarray(weights, np.float64)
    return share(counted @ np.asarray(values, np.float64), counted.sum(-1))


def share(above: Values, below: Values) -> Values:
    """A quotient that is NaN where there is nothing below the line."""
    return np.asarray(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))


def negative_log_likelihood(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean of :func:`log_losses`."""
    return float(log_losses(labels, probabilities).mean())


def _diagonal(table: Values) -> Values:
    return np.diagonal(table, axis1=-2, axis2=-1)


def _answered(table: Values) -> Values:
    return np.asarray(table.sum(-2)[..., : table.shape[-2]])


def _quotient(above: Values, below: Values) -> Values:
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 0))


def _mean_over_classes(above: Values, below: Values) -> Values:
    return np.asarray(_quotient(above, below).sum(-1) / (below > 0).sum(-1))
