"""What a record says beside the scores."""

from __future__ import annotations

import numpy as np

from mien.card import Card
from mien.evaluation.answers import MISSED, Answers
from mien.evaluation.recording import predictions_of, record, worst_mistakes
from mien.evaluation.tasks import Task
from mien.expressions import BASIC8, LabelSet
from mien.preprocess import Preprocess

THREE = LabelSet.of(["neutral", "anger", "fear"])
TASK = Task(
    protocol="labels",
    subset="whole",
    labels=LabelSet.of(["fear", "neutral"]),
    truth=np.array([0, 0, 1, -1, 1, 0]),
    counts=np.array([True, True, True, False, True, True]),
)
SHARES = np.array(
    [
        [0.6, 0.1, 0.3],  # fear taken for neutral, sure by 2 of 3
        [0.1, 0.6, 0.3],  # anger is left out, so fear
        [0.05, 0.05, 0.9],  # neutral taken for fear, sure by 18 of 19
        [0.8, 0.1, 0.1],
        [0.0, 0.0, 0.0],
        [0.3, 0.0, 0.7],
    ]
)
ANSWERS = Answers(THREE, np.array([0, 1, 2, 0, MISSED, 2]), SHARES)


def test_predictions_are_classes_of_the_task_counted_or_not() -> None:
    assert predictions_of(TASK, ANSWERS) == [1, 0, 0, 1, MISSED, 0]


def test_the_surest_mistakes_come_first() -> None:
    first, second = worst_mistakes(TASK, ANSWERS, "abcdef")
    assert (first.name, first.truth, first.predicted) == ("c", "neutral", "fear")
    assert np.isclose(first.confidence, 18 / 19)
    assert (second.name, second.truth, second.predicted) == ("a", "fear", "neutral")
    assert np.isclose(second.confidence, 2 / 3)
    assert worst_mistakes(TASK, ANSWERS, "abcdef", most=1) == (first,)
    # Who does not say how sure an answer is, has no surest one.
    assert worst_mistakes(TASK, Answers(THREE, ANSWERS.predicted), "abcdef") == ()


def test_a_record_of_a_model_and_of_a_table() -> None:
    card = Card(
        name="mine",
        architecture="none",
        labels=THREE,
        preprocess=Preprocess(size=8),
        recipe="its recipe",
        seed=4,
        commit="abc",
    )
    facts = {"dataset": "rafdb", "split": "test", "data": "f00", "command": "mien evaluate"}
    one = record(card, [], [0, 1], BASIC8, sha256="5a", settings={"views": "flip"}, **facts)
    assert (one.model, one.recipe, one.seed, one.trained_at) == ("mine", "its recipe", 4, "abc")
    assert (one.model_sha256, one.data_fingerprint) == ("5a", "f00")
    assert (one.predictions, one.settings) == ((0, 1), {"views": "flip"})
    assert one.labels == tuple(map(str, BASIC8))
    other = record("theirs", [], [0] * 20_001, BASIC8, **facts)
    assert (other.model, other.recipe, other.seed) == ("theirs", "", None)
    assert other.predictions == ()
