"""Answers of models with other classes and other orders, on the pictures that count."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import DataError, LabelMismatch
from mien.evaluation.answers import MISSED, Answers
from mien.evaluation.judging import judge
from mien.evaluation.tasks import Task
from mien.expressions import LabelSet

THREE = LabelSet.of(["anger", "fear", "sadness"])
FOUR = LabelSet.of(["sadness", "contempt", "fear", "anger"])


def task_of(truth: list[int], labels: LabelSet = THREE) -> Task:
    true = np.array(truth, np.int64)
    return Task(
        protocol="labels",
        subset="whole",
        labels=labels,
        truth=true,
        counts=true >= 0,
        votes=np.eye(len(labels))[true],
    )


def answers_of(
    predicted: list[int], table: list[list[float]] | None = None, labels: LabelSet = FOUR
) -> Answers:
    probabilities = None if table is None else np.array(table, np.float64)
    return Answers(labels, np.array(predicted, np.int64), probabilities)


def test_classes_are_mapped_by_name_and_pictures_that_do_not_count_left_out() -> None:
    judged = judge(task_of([0, -1, 1, 2]), answers_of([3, 0, 2, 3]))
    assert judged.truth.tolist() == [0, 1, 2]
    assert judged.predicted.tolist() == [0, 1, 0]
    assert judged.correct.tolist() == [True, True, False]
    assert judged.probabilities is None
    assert judged.confidence is None
    assert judged.votes is not None
    assert judged.votes.tolist() == np.eye(3).tolist()


def test_probabilities_are_those_among_the_tasks_classes() -> None:
    # sadness, contempt, fear, anger; the second answer is contempt, then anger.
    table = [[0.2, 0.2, 0.5, 0.1], [0.1, 0.6, 0.0, 0.3], [0.0, 1.0, 0.0, 0.0]]
    judged = judge(task_of([1, 1, 0]), answers_of([2, 1, 1], table))
    assert judged.predicted.tolist() == [1, 0, MISSED]
    assert judged.probabilities is not None
    assert judged.probabilities[0] == pytest.approx(np.array([0.1, 0.5, 0.2]) / 0.8)
    assert judged.probabilities[1] == pytest.approx([0.75, 0, 0.25])
    assert judged.probabilities[2].tolist() == [0, 0, 0]
    assert judged.confidence == pytest.approx([0.625, 0.75, 0])
    assert judged.answered.tolist() == [True, True, False]


def test_an_answer_outside_the_classes_without_probabilities_is_wrong() -> None:
    judged = judge(task_of([1, 1]), answers_of([1, 2]))
    assert judged.predicted.tolist() == [MISSED, 1]
    assert judged.correct.tolist() == [False, True]


def test_a_missed_face_stays_missed_whatever_its_row_holds() -> None:
    judged = judge(task_of([0, 1]), answers_of([MISSED, 2], [[0, 0, 0, 0], [0, 0, 1, 0]]))
    assert judged.predicted.tolist() == [MISSED, 1]
    assert judged.confidence is not None
    assert judged.confidence.tolist() == [0, 1]


def test_confidence_is_that_of_the_answer_given() -> None:
    # Somebody's predictions need not be the most probable class.
    judged = judge(task_of([0]), answers_of([1], [[0.6, 0.3, 0.1]], THREE))
    assert judged.predicted.tolist() == [1]
    assert judged.confidence == pytest.approx([0.3])


def test_equal_confidences_are_equal_however_their_rows_were_added_up() -> None:
    rows = np.array([[0.6, 0.3, 0.1], [0.6, 0.2, 0.2], [0.6, 0.4, 0.0], [0.6, 0.1, 0.3]])
    noisy = rows / (1 + np.array([[0], [1e-15], [-2e-15], [3e-16]]))
    judged = judge(task_of([0] * 4), answers_of([0] * 4, noisy.tolist(), THREE))
    assert judged.confidence is not None
    assert set(judged.confidence.tolist()) == {0.6}


def test_from_the_surest_down() -> None:
    table = [[0.4, 0.3, 0.3], [0.1, 0.8, 0.1], [0.0, 0.4, 0.6]]
    judged = judge(task_of([0, 1, 1]), answers_of([0, 1, 2], table, THREE)).from_surest()
    assert judged.predicted.tolist() == [1, 2, 0]
    assert judged.truth.tolist() == [1, 1, 0]
    assert judged.confidence == pytest.approx([0.8, 0.6, 0.4])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(LabelMismatch, match=r"\[anger, fear, sadness\] lacks contempt of \[sad"):
        judge(task_of([0], FOUR), answers_of([0], labels=THREE))
    with pytest.raises(DataError, match="2 answers do not fit the 1 pictures of labels whole"):
        judge(task_of([0]), answers_of([0, 1]))
    with pytest.raises(DataError, match="no picture counts under the protocol labels"):
        judge(task_of([-1, -1]), answers_of([0, 1]))
    with pytest.raises(DataError, match="none of the 4 of the model"):
        judge(task_of([0]), answers_of([4]))
    with pytest.raises(DataError, match="no finite number"):
        judge(task_of([0]), answers_of([0], [[float("nan"), 0, 0, 1]]))
