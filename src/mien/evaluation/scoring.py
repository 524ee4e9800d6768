"""All metrics of one set of answers, each with its 95 % interval.

A face that was not found counts as wrong: it lowers accuracy, recall and F1, gets no votes,
has no chance for its class (its loss is that of a probability of 1e-12, 27.6 nats), and comes
last on the curve of risk. The calibration error and the reliability diagram alone are of the
answers that were given, as there is no confidence where there is no answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import agreement, metrics
from .answers import Answers
from .bootstrap import estimate_from_counts, estimate_from_weights
from .judging import Judged, judge
from .reliability import calibration_error_of_weights, reliability_bins
from .risk import area_of_weights, risk_curve
from .scores import Scores
from .tasks import Task

_Statistic = Callable[[metrics.Values], ArrayLike]

_OF_COUNTS: dict[str, Callable[[ArrayLike], ArrayLike]] = {
    "accuracy": metrics.accuracy,
    "balanced_accuracy": metrics.balanced_accuracy,
    "macro_f1": metrics.macro_f1,
    "f1_accuracy": metrics.f1_accuracy,
}


def score(task: Task, answers: Answers, *, seed: int = 0) -> Scores:
    """All metrics of a model's answers under one protocol.

    Metrics that need probabilities are left out without them, and those of votes without
    votes. The interval of the calibration error leans upwards: a resampled set is always a
    little worse calibrated than the set it is drawn from.

    Args:
        task: which of the N pictures count, and what is true.
        answers: to the same N pictures, of classes that include the task's.
        seed: of the bootstrap.

    Raises:
        LabelMismatch: if the model lacks a class of the task; both sets are named.
        DataError: if the two are of other numbers of pictures, or no picture counts.
    """
    # In this order, the curve of risk need not be sorted for each resampled set.
    judged = judge(task, answers).from_surest()
    counts = metrics.confusion_matrix(
        judged.truth, judged.predicted, len(task.labels), may_miss=True
    )
    drawn = counts if judged.clusters is None else _by_cluster(judged, judged.clusters, counts)
    measured = {
        name: estimate_from_counts(metric, drawn, seed=seed) for name, metric in _OF_COUNTS.items()
    }
    measured |= estimate_from_weights(
        _of_pictures(judged), len(judged), clusters=judged.clusters, seed=seed
    )
    correct, confidence, answered = judged.correct, judged.confidence, judged.answered
    sure = None if confidence is None else (confidence[answered], correct[answered])
    return Scores(
        protocol=task.protocol,
        subset=task.subset,
        images=len(judged),
        clusters=judged.number_of_clusters,
        metrics=measured,
        classes=dict(zip(map(str, task.labels), metrics.class_scores(counts), strict=True)),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
        reliability=() if sure is None or not answered.any() else reliability_bins(*sure),
        risk=() if confidence is None else risk_curve(confidence, correct),
    )


def _by_cluster(
    judged: Judged, clusters: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The confusion matrix of each cluster, (C, M, M) or (C, M, M + 1); ``counts`` is their sum."""
    found = np.zeros((judged.number_of_clusters, *counts.shape), np.int64)
    # The last column is of faces without an answer, whose number is -1.
    np.add.at(found, (clusters, judged.truth, judged.predicted), 1)
    return found


def _of_pictures(judged: Judged) -> dict[str, _Statistic]:
    """The metrics that are no function of the confusion matrix, by name."""
    chosen: dict[str, _Statistic] = {}
    table, confidence = judged.probabilities, judged.confidence
    if table is not None and confidence is not None:
        correct, losses = judged.correct, metrics.log_losses(judged.truth, table)
        if (answered := judged.answered).any():
            chosen["expected_calibration_error"] = _among(
                answered, calibration_error_of_weights(confidence[answered], correct[answered])
            )
        chosen["negative_log_likelihood"] = functools.partial(metrics.mean, losses)
        chosen["area_under_risk_coverage"] = area_of_weights(confidence, correct)
    if judged.votes is not None and (voted := agreement.has_votes(judged.votes)).any():
        votes = judged.votes[voted]
        got = agreement.vote_agreements(votes, judged.predicted[voted])
        chosen["vote_agreement"] = _among(voted, functools.partial(metrics.mean, got))
        if table is not None:
            losses = agreement.vote_cross_entropies(votes, table[voted])
            chosen["vote_cross_entropy"] = _among(voted, functools.partial(metrics.mean, losses))
    return chosen


def _among(mask: NDArray[np.bool_], statistic: _Statistic) -> _Statistic:
    """A statistic of some of the pictures, as one of all of them."""
    if mask.all():
        return statistic
    return lambda weights: statistic(weights[..., mask])
