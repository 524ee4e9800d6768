"""Accuracy by group against scipy, and the gap against Newcombe's own example."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mien.errors import DataError
from mien.evaluation.answers import Answers
from mien.evaluation.groups import group_scores
from mien.evaluation.shares import share_estimate
from mien.evaluation.tasks import Task
from mien.expressions import LabelSet

TWO = LabelSet.of(["anger", "fear"])


def measured(groups: dict[str, tuple[int, int]], column: str = "gender"):
    """Groups of so many right answers of so many pictures, mixed; and one that does not count."""
    values = [name for name, (_, images) in groups.items() for _ in range(images)] + ["lost"]
    correct = [place < hits for hits, images in groups.values() for place in range(images)]
    order = np.random.default_rng(0).permutation(len(values))
    truth = np.array([*([0] * len(correct)), -1])[order]
    predicted = np.array([*(0 if one else 1 for one in correct), 0])[order]
    task = Task(protocol="all", subset="whole", labels=TWO, truth=truth, counts=truth >= 0)
    columns = {column: [values[place] for place in order]}
    return group_scores(columns, task, Answers(TWO, predicted))


def wilson(hits: int, images: int, level: float = 0.95) -> tuple[float, float]:
    z, p = stats.norm.ppf((1 + level) / 2), hits / images
    half = z * math.sqrt(p * (1 - p) / images + z**2 / (4 * images**2))
    middle = p + z**2 / (2 * images)
    return (middle - half) / (1 + z**2 / images), (middle + half) / (1 + z**2 / images)


def test_each_group_has_its_accuracy_and_wilsons_interval() -> None:
    groups, _ = measured({"Male": (160, 200), "Female": (135, 150), "": (1, 4)})
    assert [(one.column, one.group, one.images) for one in groups] == [
        ("gender", "Female", 150),
        ("gender", "Male", 200),
    ]
    for one, (hits, images) in zip(groups, [(135, 150), (160, 200)], strict=True):
        assert one.accuracy.value == hits / images
        assert (one.accuracy.low, one.accuracy.high) == pytest.approx(wilson(hits, images))
        assert one.judged


def test_the_gap_of_two_groups_has_newcombes_interval() -> None:
    # Newcombe 1998, table II, example (a): 56 of 70 and 48 of 80, method 10.
    found, (gap,) = measured({"a": (5600, 7000), "b": (4800, 8000)})
    assert (gap.column, gap.best, gap.worst) == ("gender", "a", "b")
    assert all(one.judged for one in found)
    _, (gap,) = measured({"a": (96, 100), "b": (160, 200)})
    low, high = wilson(96, 100), wilson(160, 200)
    assert gap.difference.value == pytest.approx(0.16)
    below = math.hypot(0.96 - low[0], high[1] - 0.8)
    above = math.hypot(low[1] - 0.96, 0.8 - high[0])
    assert gap.difference.low == pytest.approx(0.16 - below)
    assert gap.difference.high == pytest.approx(0.16 + above)


def test_newcombes_published_example(monkeypatch: pytest.MonkeyPatch) -> None:
    from mien.evaluation import groups

    monkeypatch.setattr(groups, "WIDEST", 1.0)
    _, (gap,) = measured({"a": (56, 70), "b": (48, 80)})
    assert gap.difference.value == pytest.approx(0.2)
    assert gap.difference.low == pytest.approx(0.0524, abs=5e-5)
    assert gap.difference.high == pytest.approx(0.3339, abs=5e-5)


def test_the_choice_of_the_extremes_widens_the_interval() -> None:
    three = {"a": (96, 100), "b": (160, 200), "c": (180, 200)}
    _, (two_groups,) = measured({"a": three["a"], "b": three["b"]})
    _, (of_three,) = measured(three)
    assert (of_three.best, of_three.worst) == ("a", "b")
    assert of_three.difference.value == pytest.approx(two_groups.difference.value)
    assert of_three.difference.low < two_groups.difference.low
    assert of_three.difference.high > two_groups.difference.high
    level = 1 - 0.05 / 3  # three pairs
    below = math.hypot(0.96 - wilson(96, 100, level)[0], wilson(160, 200, level)[1] - 0.8)
    assert of_three.difference.low == pytest.approx(0.16 - below)


def test_equal_groups_seldom_seem_to_differ() -> None:
    """What the interval promises: of 9 groups that are alike, hardly a gap seems real."""
    random = np.random.default_rng(6)
    false_alarms = 0
    for _ in range(60):
        hits = random.binomial(150, 0.85, 9)
        _, (gap,) = measured({f"g{place}": (int(one), 150) for place, one in enumerate(hits)})
        false_alarms += gap.difference.low > 0
    assert false_alarms <= 6  # 5 % are 3


def test_groups_too_small_to_judge_say_so_and_make_no_gap() -> None:
    groups, gaps = measured({"few": (29, 29), "enough": (95, 100), "unsure": (20, 40)})
    assert {one.group: one.judged for one in groups} == {
        "few": False,  # fewer than 30 pictures
        "enough": True,
        "unsure": False,  # an interval of 30 points
    }
    assert gaps == ()
    # All right, and yet an interval with a width.
    few = next(one for one in groups if one.group == "few")
    assert few.accuracy.high == pytest.approx(1)
    assert few.accuracy.low == pytest.approx(wilson(29, 29)[0])


def test_equal_groups_have_a_gap_of_nothing() -> None:
    _, (gap,) = measured({"a": (90, 100), "b": (180, 200)})
    assert gap.difference.value == 0
    assert gap.best != gap.worst
    assert gap.difference.low < 0 < gap.difference.high


def test_groups_are_sorted_as_people_do() -> None:
    groups, _ = measured({"10-19": (1, 1), "3-9": (1, 1), "0-2": (1, 1), "more than 70": (1, 1)})
    assert [one.group for one in groups] == ["0-2", "3-9", "10-19", "more than 70"]


def test_every_column_by_itself() -> None:
    truth = np.zeros(80, np.int64)
    task = Task(protocol="all", subset="whole", labels=TWO, truth=truth, counts=truth == 0)
    columns = {"age": ["young", "old"] * 40, "tone": ["1"] * 80}
    groups, gaps = group_scores(columns, task, Answers(TWO, truth))
    assert [(one.column, one.group) for one in groups] == [
        ("age", "old"),
        ("age", "young"),
        ("tone", "1"),
    ]
    assert [one.column for one in gaps] == ["age"]


def test_what_does_not_fit_is_refused() -> None:
    truth = np.array([0, -1])
    task = Task(protocol="all", subset="whole", labels=TWO, truth=truth, counts=truth >= 0)
    answers = Answers(TWO, np.array([0, 0]))
    with pytest.raises(DataError, match="column age has 1 values for 2 pictures"):
        group_scores({"age": ["1"]}, task, answers)
    with pytest.raises(DataError, match="column age has no value for any picture that counts"):
        group_scores({"age": ["", "20"]}, task, answers)


def test_groups_of_few_persons_are_not_judged_by_their_many_pictures() -> None:
    # Two groups of 200 pictures, one of four persons, the other of a hundred.
    persons = np.concatenate([np.repeat(np.arange(4), 50), 10 + np.repeat(np.arange(100), 2)])
    right = np.concatenate([np.repeat([True, True, True, False], 50), np.arange(200) < 160])
    task = Task(
        protocol="all",
        subset="whole",
        labels=TWO,
        truth=np.zeros(400, np.int64),
        counts=np.ones(400, bool),
        clusters=persons,
    )
    answers = Answers(TWO, np.where(right, 0, 1))
    (few, many), gaps = group_scores({"where": ["few"] * 200 + ["many"] * 200}, task, answers)
    assert (few.images, few.clusters, few.judged) == (200, 4, False)
    assert (many.images, many.clusters, many.judged) == (200, 100, True)
    assert few.accuracy == share_estimate(right[:200], persons[:200])
    assert many.accuracy == share_estimate(right[200:], persons[200:])
    assert gaps == ()
