"""Metrics against hand computation, torchmetrics and scikit-learn."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest

from mien.errors import DataError
from mien.evaluation import metrics

# Three classes, ten pictures: rows are true classes.
TABLE = np.array([[4, 1, 0], [1, 2, 0], [0, 1, 1]])
LABELS = np.repeat([0, 0, 1, 1, 2, 2], [4, 1, 1, 2, 1, 1])
PREDICTED = np.repeat([0, 1, 0, 1, 1, 2], [4, 1, 1, 2, 1, 1])


@pytest.fixture(scope="module")
def answers() -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of 700 pictures in eight classes."""
    random = np.random.default_rng(4)
    probabilities = random.dirichlet(np.full(8, 0.4), 700)
    labels = np.array([random.choice(8, p=row) for row in probabilities])
    return labels, probabilities


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    assert metrics.confusion_matrix(LABELS, PREDICTED, 3).tolist() == TABLE.tolist()


def test_by_hand() -> None:
    assert metrics.accuracy(TABLE) == pytest.approx(7 / 10, abs=1e-12)
    assert metrics.balanced_accuracy(TABLE) == pytest.approx((4 / 5 + 2 / 3 + 1 / 2) / 3)
    f1 = [2 * 4 / (5 + 5), 2 * 2 / (3 + 4), 2 * 1 / (2 + 1)]
    assert metrics.macro_f1(TABLE) == pytest.approx(sum(f1) / 3, abs=1e-12)
    scores = metrics.class_scores(TABLE)
    assert [one.precision for one in scores] == pytest.approx([4 / 5, 2 / 4, 1])
    assert [one.recall for one in scores] == pytest.approx([4 / 5, 2 / 3, 1 / 2])
    assert [one.f1 for one in scores] == pytest.approx(f1)
    assert [one.images for one in scores] == [5, 3, 2]


def test_classes_without_pictures_take_no_part_in_means() -> None:
    counts = metrics.confusion_matrix([0, 0, 1], [0, 2, 1], 5)
    assert metrics.balanced_accuracy(counts) == pytest.approx((1 / 2 + 1) / 2)
    # Class 2 was answered, so its F1 of 0 counts; 3 and 4 do not occur at all.
    assert metrics.macro_f1(counts) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert metrics.class_scores(counts)[4] == metrics.ClassScores(0.0, 0.0, 0.0, 0)


def test_many_matrices_at_once() -> None:
    tables = np.stack([TABLE, TABLE.T, 3 * TABLE])
    for metric in (metrics.accuracy, metrics.balanced_accuracy, metrics.macro_f1):
        assert metric(tables).tolist() == [float(metric(one)) for one in tables]


def test_agree_with_torchmetrics(
    answers: tuple[np.ndarray, np.ndarray], torchmetrics_in_float64: ModuleType
) -> None:
    import torch

    other = torchmetrics_in_float64
    labels, probabilities = answers
    predicted = probabilities.argmax(axis=1)
    counts = metrics.confusion_matrix(labels, predicted, 8)
    truth, answer = torch.from_numpy(labels), torch.from_numpy(predicted)
    assert counts.tolist() == other.multiclass_confusion_matrix(answer, truth, 8).tolist()
    for ours, theirs in (
        (metrics.accuracy(counts), other.multiclass_accuracy(answer, truth, 8, "micro")),
        (metrics.balanced_accuracy(counts), other.multiclass_accuracy(answer, truth, 8, "macro")),
        (metrics.macro_f1(counts), other.multiclass_f1_score(answer, truth, 8, "macro")),
    ):
        assert float(ours) == pytest.approx(float(theirs), abs=1e-9)
    scores = metrics.class_scores(counts)
    precision = other.multiclass_precision(answer, truth, 8, None)
    recall = other.multiclass_recall(answer, truth, 8, None)
    assert [one.precision for one in scores] == pytest.approx(precision.tolist(), abs=1e-9)
    assert [one.recall for one in scores] == pytest.approx(recall.tolist(), abs=1e-9)


def test_agree_with_scikit_learn(answers: tuple[np.ndarray, np.ndarray]) -> None:
    from sklearn import metrics as other

    labels, probabilities = answers
    predicted = probabilities.argmax(axis=1)
    counts = metrics.confusion_matrix(labels, predicted, 8)
    assert float(metrics.accuracy(counts)) == pytest.approx(
        other.accuracy_score(labels, predicted), abs=1e-9
    )
    assert float(metrics.balanced_accuracy(counts)) == pytest.approx(
        other.balanced_accuracy_score(labels, predicted), abs=1e-9
    )
    assert float(metrics.macro_f1(counts)) == pytest.approx(
        other.f1_score(labels, predicted, average="macro"), abs=1e-9
    )
    assert metrics.negative_log_likelihood(labels, probabilities) == pytest.approx(
        other.log_loss(labels, probabilities), abs=1e-9
    )
    precision, recall, f1, images = other.precision_recall_fscore_support(labels, predicted)
    scores = metrics.class_scores(counts)
    assert [one.precision for one in scores] == pytest.approx(precision.tolist(), abs=1e-9)
    assert [one.recall for one in scores] == pytest.approx(recall.tolist(), abs=1e-9)
    assert [one.f1 for one in scores] == pytest.approx(f1.tolist(), abs=1e-9)
    assert [one.images for one in scores] == images.tolist()


def test_the_measure_of_abaw() -> None:
    expected = 0.67 * float(metrics.macro_f1(TABLE)) + 0.33 * 0.7
    assert float(metrics.f1_accuracy(TABLE)) == pytest.approx(expected, abs=1e-12)


def test_missed_faces_stand_in_a_column_of_their_own() -> None:
    counts = metrics.confusion_matrix([0, 0, 1, 1, 1], [0, -1, 1, -1, 0], 2, may_miss=True)
    assert counts.tolist() == [[1, 0, 1], [1, 1, 1]]
    assert float(metrics.accuracy(counts)) == pytest.approx(2 / 5)
    assert float(metrics.balanced_accuracy(counts)) == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert float(metrics.macro_f1(counts)) == pytest.approx((2 / (2 + 2) + 2 / (3 + 1)) / 2)
    first, second = metrics.class_scores(counts)
    assert (first.precision, first.recall, first.images) == (1 / 2, 1 / 2, 2)
    assert (second.precision, second.recall, second.images) == (1, 1 / 3, 3)
    # Without a missed face the matrix is square.
    assert metrics.confusion_matrix([0, 1], [1, 1], 2, may_miss=True).shape == (2, 2)


def test_missed_faces_as_scikit_learn_counts_them(answers: tuple[np.ndarray, np.ndarray]) -> None:
    from sklearn import metrics as other

    labels, probabilities = answers
    predicted = np.where(np.arange(700) % 5 == 0, -1, probabilities.argmax(axis=1))
    counts = metrics.confusion_matrix(labels, predicted, 8, may_miss=True)
    known = {"labels": list(range(8)), "average": None, "zero_division": 0}
    precision, recall, f1, _ = other.precision_recall_fscore_support(labels, predicted, **known)
    scores = metrics.class_scores(counts)
    assert [one.precision for one in scores] == pytest.approx(precision.tolist(), abs=1e-9)
    assert [one.recall for one in scores] == pytest.approx(recall.tolist(), abs=1e-9)
    assert [one.f1 for one in scores] == pytest.approx(f1.tolist(), abs=1e-9)
    assert float(metrics.macro_f1(counts)) == pytest.approx(f1.mean(), abs=1e-9)
    assert float(metrics.accuracy(counts)) == pytest.approx((labels == predicted).mean(), abs=1e-9)


def test_a_mean_of_weighted_pictures() -> None:
    values = [1.0, 2.0, 6.0]
    assert float(metrics.mean(values)) == 3
    weights = np.array([[1, 1, 1], [0, 3, 0], [2, 0, 1], [0, 0, 0]])
    assert metrics.mean(values, weights)[:3].tolist() == pytest.approx([3, 2, 8 / 3])
    assert np.isnan(metrics.mean(values, weights)[3])


def test_negative_log_likelihood_stays_finite() -> None:
    assert metrics.negative_log_likelihood([0, 1], [[0.5, 0.5], [0.75, 0.25]]) == pytest.approx(
        (math.log(2) + math.log(4)) / 2, abs=1e-12
    )
    assert metrics.negative_log_likelihood([0], [[0.0, 1.0]]) == pytest.approx(12 * math.log(10))


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [
        ([], [], "at least one picture"),
        ([0, 1], [0], "cannot be scored"),
        ([0, 3], [0, 1], "the label 3 is none of the 3 classes"),
        ([0, 1], [0, -1], "the prediction -1 is none"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    labels: list[int], predicted: list[int], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        metrics.confusion_matrix(np.array(labels, int), np.array(predicted, int), 3)
