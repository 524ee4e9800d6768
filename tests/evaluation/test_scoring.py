"""All metrics together: against scikit-learn, plain resampling, and a case worked by hand."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn import metrics as other

from mien.errors import DataError, LabelMismatch
from mien.evaluation import agreement, metrics
from mien.evaluation.answers import MISSED, Answers
from mien.evaluation.bootstrap import Estimate, estimate
from mien.evaluation.reliability import expected_calibration_error
from mien.evaluation.risk import area_under_risk_coverage
from mien.evaluation.scoring import score
from mien.evaluation.tasks import Task
from mien.expressions import BASIC7, BASIC8, LabelSet

OF_PROBABILITIES = {
    "expected_calibration_error",
    "negative_log_likelihood",
    "area_under_risk_coverage",
}
COUNTED = {"accuracy", "balanced_accuracy", "macro_f1", "f1_accuracy"}
OF_VOTES = {"vote_agreement", "vote_cross_entropy"}
TWO = LabelSet.of(["anger", "fear"])


@pytest.fixture(scope="module")
def task() -> Task:
    """600 pictures; every seventh does not count, every fifth has no votes."""
    random = np.random.default_rng(7)
    votes = random.dirichlet(np.full(8, 0.3), 600)
    votes[::5] = 0
    truth = random.integers(0, 8, 600)
    truth[::7] = -1
    return Task(
        protocol="majority",
        subset="clean",
        labels=BASIC8,
        truth=truth,
        counts=truth >= 0,
        votes=votes,
    )


@pytest.fixture(scope="module")
def answers(task: Task) -> Answers:
    random = np.random.default_rng(8)
    logits = random.normal(size=(600, 8)) + 2 * np.eye(8)[task.truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Answers(BASIC8, probabilities.argmax(axis=1), probabilities)


def small(predicted: list[int], table: list[list[float]] | None) -> Answers:
    probabilities = None if table is None else np.array(table, np.float64)
    return Answers(TWO, np.array(predicted, np.int64), probabilities)


def small_task(truth: list[int], votes: list[list[float]] | None = None) -> Task:
    return Task(
        protocol="labels",
        subset="whole",
        labels=TWO,
        truth=np.array(truth, np.int64),
        counts=np.array(truth) >= 0,
        votes=None if votes is None else np.array(votes, np.float64),
    )


def test_agree_with_scikit_learn(task: Task, answers: Answers) -> None:
    scores = score(task, answers)
    counts = task.counts
    true, predicted = task.truth[counts], answers.predicted[counts]
    assert answers.probabilities is not None
    macro = other.f1_score(true, predicted, average="macro")
    expected = {
        "accuracy": other.accuracy_score(true, predicted),
        "balanced_accuracy": other.balanced_accuracy_score(true, predicted),
        "macro_f1": macro,
        "f1_accuracy": 0.67 * macro + 0.33 * other.accuracy_score(true, predicted),
        "negative_log_likelihood": other.log_loss(true, answers.probabilities[counts]),
    }
    for name, value in expected.items():
        assert scores.metrics[name].value == pytest.approx(value, abs=1e-9), name
    assert set(scores.metrics) == COUNTED | OF_PROBABILITIES | OF_VOTES
    assert (scores.protocol, scores.subset, scores.images) == ("majority", "clean", counts.sum())
    assert scores.confusion == tuple(map(tuple, other.confusion_matrix(true, predicted).tolist()))
    recall = other.recall_score(true, predicted, average=None)
    assert [one.recall for one in scores.classes.values()] == pytest.approx(recall, abs=1e-9)
    assert list(scores.classes) == [str(one) for one in BASIC8]


def test_values_are_those_of_the_metrics_themselves(task: Task, answers: Answers) -> None:
    scores = score(task, answers)
    counts = task.counts
    assert answers.probabilities is not None
    assert task.votes is not None
    table, predicted = answers.probabilities[counts], answers.predicted[counts]
    correct, sure = predicted == task.truth[counts], table.max(axis=1)
    votes = task.votes[counts]
    voted = votes.sum(axis=1) > 0
    shares = votes[voted][np.arange(voted.sum()), predicted[voted]]
    entropies = -(votes[voted] * np.log(table[voted])).sum(axis=1)
    expected = {
        "expected_calibration_error": expected_calibration_error(sure, correct),
        "area_under_risk_coverage": area_under_risk_coverage(sure, correct),
        "vote_agreement": shares.mean(),
        "vote_cross_entropy": entropies.mean(),
    }
    for name, value in expected.items():
        # Confidences are rounded to ten digits.
        assert scores.metrics[name].value == pytest.approx(value, abs=1e-9), name
    assert sum(one.images for one in scores.reliability) == counts.sum()
    assert scores.risk[-1].coverage == 1
    assert scores.risk[-1].risk == pytest.approx(1 - correct.mean())


def test_intervals_are_those_of_plain_resampling(task: Task, answers: Answers) -> None:
    scores = score(task, answers)
    counts = task.counts
    assert answers.probabilities is not None
    assert task.votes is not None
    table, predicted = answers.probabilities[counts], answers.predicted[counts]
    true = task.truth[counts]
    sure, correct, votes = table.max(axis=1), predicted == true, task.votes[counts]
    rows = np.arange(len(true))

    def of_drawn(metric):
        """A metric of one array, for many rows of drawn positions."""
        return lambda drawn: np.apply_along_axis(metric, -1, np.atleast_2d(drawn)).squeeze()

    def agreement_of(drawn: np.ndarray) -> float:
        voted = drawn[votes[drawn].sum(axis=1) > 0]
        return agreement.vote_agreements(votes[voted], predicted[voted]).mean()

    plain = {
        "expected_calibration_error": lambda drawn: expected_calibration_error(
            sure[drawn], correct[drawn]
        ),
        "area_under_risk_coverage": lambda drawn: area_under_risk_coverage(
            sure[drawn], correct[drawn]
        ),
        "negative_log_likelihood": lambda drawn: metrics.negative_log_likelihood(
            true[drawn], table[drawn]
        ),
        "vote_agreement": agreement_of,
        "f1_accuracy": lambda drawn: float(
            metrics.f1_accuracy(metrics.confusion_matrix(true[drawn], predicted[drawn], 8))
        ),
    }
    for name, metric in plain.items():
        slow, fast = estimate(of_drawn(metric), rows, repeats=400, seed=3), scores.metrics[name]
        width = slow.high - slow.low
        assert fast.low == pytest.approx(slow.low, abs=0.2 * width), name
        assert fast.high == pytest.approx(slow.high, abs=0.2 * width), name


def test_a_missed_face_is_wrong_everywhere() -> None:
    votes = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.25, 0.75]]
    table = [[0.9, 0.1], [0.3, 0.7], [0.0, 0.0], [0.8, 0.2]]
    scores = score(small_task([0, 1, 0, 1], votes), small([0, 1, MISSED, 0], table))
    assert scores.confusion == ((1, 0, 1), (1, 1, 0))
    value = {name: one.value for name, one in scores.metrics.items()}
    assert value["accuracy"] == 2 / 4
    assert value["balanced_accuracy"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert scores.classes["anger"].precision == 1 / 2
    lost = 12 * math.log(10)
    assert value["negative_log_likelihood"] == pytest.approx(
        -(math.log(0.9) + math.log(0.7) + math.log(0.2) - lost) / 4
    )
    # The calibration error is of the three answers alone; each is in a bin of its own.
    assert value["expected_calibration_error"] == pytest.approx((0.1 + 0.3 + 0.8) / 3)
    assert sum(one.images for one in scores.reliability) == 3
    # From the surest: right, wrong, right, and the missed face last.
    assert value["area_under_risk_coverage"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert scores.risk[-1].confidence == 0
    assert value["vote_agreement"] == pytest.approx((1 + 1 + 0 + 0.25) / 4)


def test_classes_alone_have_no_metrics_of_probabilities() -> None:
    scores = score(small_task([0, 1, -1]), small([0, 0, 1], None))
    assert set(scores.metrics) == COUNTED
    assert (scores.reliability, scores.risk) == ((), ())
    voted = score(small_task([0, 1], [[1, 0], [0.5, 0.5]]), small([0, 0], None))
    assert set(voted.metrics) == COUNTED | {"vote_agreement"}
    assert voted.metrics["vote_agreement"].value == 0.75
    # Votes that no picture has are no votes.
    assert set(score(small_task([0], [[0, 0]]), small([0], None)).metrics) == COUNTED


def test_all_faces_missed_still_has_numbers() -> None:
    scores = score(small_task([0, 1]), small([MISSED, MISSED], [[0, 0], [0, 0]]))
    assert scores.metrics["accuracy"] == Estimate(0, 0, 0)
    assert scores.metrics["area_under_risk_coverage"].value == 1
    assert "expected_calibration_error" not in scores.metrics
    assert scores.reliability == ()


def test_numbers_are_finite_where_few_pictures_have_votes_or_answers() -> None:
    votes = [[1.0, 0.0], [0, 0], [0, 0]]
    table = [[0.0, 0.0], [0.6, 0.4], [0.0, 0.0]]
    scores = score(small_task([0, 1, 1], votes), small([MISSED, 0, MISSED], table))
    assert scores.metrics["vote_agreement"] == Estimate(0, 0, 0)
    json.dumps(asdict(scores), allow_nan=False)


def test_other_orders_and_more_classes_of_a_model(task: Task, answers: Answers) -> None:
    turned = LabelSet(tuple(reversed(BASIC8.expressions)))
    assert answers.probabilities is not None
    same = Answers(turned, 7 - answers.predicted, answers.probabilities[:, ::-1])
    assert score(task, same) == score(task, answers)
    seven = replace(task, labels=BASIC7, counts=task.counts & (task.truth < 7), votes=None)
    scores = score(seven, answers)
    restricted = answers.probabilities[seven.counts][:, :7]
    assert scores.metrics["accuracy"].value == pytest.approx(
        (restricted.argmax(axis=1) == task.truth[seven.counts]).mean()
    )
    restricted = restricted / restricted.sum(axis=1, keepdims=True)
    assert scores.metrics["negative_log_likelihood"].value == pytest.approx(
        other.log_loss(task.truth[seven.counts], restricted, labels=range(7)), abs=1e-9
    )


def test_the_seed_decides_the_intervals_alone(task: Task, answers: Answers) -> None:
    first, again, another = (score(task, answers, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first != another
    for name, one in another.metrics.items():
        assert one.value == first.metrics[name].value
        assert one.low <= one.high


def test_what_does_not_fit_is_refused(task: Task, answers: Answers) -> None:
    with pytest.raises(DataError, match="no picture counts"):
        score(replace(task, counts=np.zeros(600, bool)), answers)
    with pytest.raises(LabelMismatch, match="lacks contempt"):
        score(task, Answers(BASIC7, np.zeros(600, np.int64)))


def test_intervals_draw_whole_clusters(task: Task, answers: Answers) -> None:
    """Nine copies of each picture, told to belong together, leave every interval as wide."""
    rows = np.repeat(np.arange(len(task.truth)), 9)
    assert answers.probabilities is not None
    copies = Answers(BASIC8, answers.predicted[rows], answers.probabilities[rows])
    single = score(task, answers)
    copied = score(task.at(rows), copies)
    together = score(replace(task.at(rows), clusters=rows), copies)
    assert (single.clusters, copied.clusters) == (0, 0)
    assert together.clusters == single.images
    assert together.images == copied.images == 9 * single.images
    assert set(single.metrics) == set(together.metrics)
    for name, number in single.metrics.items():
        width = number.high - number.low
        narrow, found = copied.metrics[name], together.metrics[name]
        assert found.value == pytest.approx(number.value)
        assert found.high - found.low == pytest.approx(width, rel=0.15)
        assert narrow.high - narrow.low == pytest.approx(width / 3, rel=0.15)


def test_clusters_agree_with_plain_resampling_of_them() -> None:
    random = np.random.default_rng(5)
    sizes = random.integers(1, 40, 60)
    clusters = np.repeat(np.arange(60), sizes)
    chance = np.repeat(random.beta(4, 2, 60), sizes)
    right = random.random(len(clusters)) < chance
    true = np.ones(len(clusters), np.int64)
    numbered = replace(small_task(true.tolist()), clusters=7 * clusters + 3)
    found = score(numbered, small(right.astype(int).tolist(), None)).metrics["accuracy"]
    sums = np.bincount(clusters, right)
    drawn = random.integers(0, 60, (4000, 60))
    low, high = np.quantile(sums[drawn].sum(1) / sizes[drawn].sum(1), [0.025, 0.975])
    assert found.value == right.mean()
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_of_a_single_cluster_or_of_clusters_of_one_pictures_are_drawn() -> None:
    predicted = small([0, 1, 1, 0, 1, 1], None)
    plain = small_task([0, 1, 0, 0, 1, 0])
    for clusters in (np.full(6, 4), np.arange(6)):
        assert score(replace(plain, clusters=clusters), predicted) == score(plain, predicted)
