"""Bring a model's answers and a task's truth together, picture by picture and class by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..expressions import LabelSet
from .answers import MISSED, Answers
from .tasks import Task

_DIGITS = 10  # float32 has seven


@dataclass(frozen=True, slots=True)
class Judged:
    """Truth and answers of the K pictures that count, in the order of the task's M classes.

    Attributes:
        labels: the M classes.
        truth: int64 (K,), from 0 to M - 1.
        predicted: int64 (K,); :data:`~mien.evaluation.answers.MISSED` without an answer.
        probabilities: float64 (K, M), zeros in rows without an answer; or ``None``.
        votes: float64 (K, M), shares of the raters' votes; or ``None``.
        clusters: int64 (K,), from 0 to C - 1, which of the pictures are not independent;
            ``None`` where all are.
    """

    labels: LabelSet
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64] | None = None
    votes: NDArray[np.float64] | None = None
    clusters: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def number_of_clusters(self) -> int:
        """C; 0 where all pictures are independent."""
        return 0 if self.clusters is None else int(self.clusters.max()) + 1

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the answer is right, bool (K,)."""
        return np.equal(self.predicted, self.truth)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Whether there is an answer, bool (K,)."""
        return np.not_equal(self.predicted, MISSED)

    @property
    def confidence(self) -> NDArray[np.float64] | None:
        """Probability of the answer, (K,); 0 without one. ``None`` without probabilities.

        To ten digits: further ones tell equal confidences apart only by how they were added up.
        """
        if self.probabilities is None:
            return None
        sure = self.probabilities[np.arange(len(self)), np.maximum(self.predicted, 0)]
        return np.where(self.answered, np.round(sure, _DIGITS), 0.0)

    def from_surest(self) -> Judged:
        """The same pictures from the highest confidence down; as they are without any."""
        if (sure := self.confidence) is None:
            return self
        order = np.argsort(-sure, kind="stable")
        return Judged(
            labels=self.labels,
            truth=self.truth[order],
            predicted=self.predicted[order],
            probabilities=None if self.probabilities is None else self.probabilities[order],
            votes=None if self.votes is None else self.votes[order],
            clusters=None if self.clusters is None else self.clusters[order],
        )


def judge(task: Task, answers: Answers) -> Judged:
    """The pictures of the task that count, with the answers mapped onto its classes by name.

    A model may know more classes than the task, such as contempt where seven classes are
    asked for. Its probabilities are then those of the task's classes among themselves, and
    an answer outside them becomes the most probable of them; without probabilities such an
    answer counts as none, which is wrong.

    Args:
        task: of N pictures.
        answers: to the same N pictures.

    Raises:
        LabelMismatch: if the model lacks a class of the task; both sets are named.
        DataError: if the two are of other numbers of pictures, no picture counts, or a
            probability is no finite number.
    """
    columns = task.labels.columns_in(answers.labels)
    if not len(answers) == len(task.truth) == len(task.counts):
        raise DataError(
            f"{len(answers):,} answers do not fit the {len(task.truth):,} pictures of "
            f"{task.protocol} {task.subset}"
        )
    rows = np.flatnonzero(task.counts)
    if not len(rows):
        raise DataError(
            f"no picture counts under the protocol {task.protocol} in the subset {task.subset}, "
            "so there is nothing to measure; choose another protocol or subset"
        )
    predicted, probabilities = _mapped(answers, rows, columns)
    return Judged(
        labels=task.labels,
        truth=task.truth[rows],
        predicted=predicted,
        probabilities=probabilities,
        votes=None if task.votes is None else task.votes[rows],
        clusters=clusters_among(task, rows),
    )


def clusters_among(task: Task, rows: NDArray[np.intp]) -> NDArray[np.int64] | None:
    """Clusters of some pictures of a task, numbered from 0 on.

    Returns:
        int64 (K,); ``None`` where the pictures are independent, or all of one cluster: from that
        nothing is known of others, so that its pictures must do.
    """
    if task.clusters is None:
        return None
    found, places = np.unique(task.clusters[rows], return_inverse=True)
    return None if len(found) in (1, len(rows)) else places.astype(np.int64)


def _mapped(
    answers: Answers, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    # The last entry is for MISSED, which is -1; classes that the task lacks stay there, too.
    places = np.full(len(answers.labels) + 1, MISSED, np.int64)
    places[columns] = np.arange(len(columns))
    given = answers.predicted[rows]
    if given.max() >= len(answers.labels) or given.min() < MISSED:
        raise DataError(
            f"the answers hold a class that is none of the {len(answers.labels)} of the model"
        )
    predicted = places[given]
    if answers.probabilities is None:
        return predicted, None
    table = answers.probabilities[rows][:, columns].astype(np.float64)
    if not np.isfinite(table).all():
        raise DataError("a probability among the answers is no finite number")
    if len(columns) < len(answers.labels):
        total = table.sum(axis=1, keepdims=True)
        table = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
        outside = (predicted == MISSED) & (given != MISSED) & (total[:, 0] > 0)
        predicted[outside] = table[outside].argmax(axis=1)
    table[predicted == MISSED] = 0.0
    return predicted, table
