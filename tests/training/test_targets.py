"""What a network is to answer for each picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import fairface_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

pytest.importorskip("torch")

from mien.data.affwild2 import AffWild2
from mien.data.cifar10 import CIFAR10, CLASSES
from mien.data.fairface import AGES, GENDERS, RACES, FairFace
from mien.data.ferplus import FERPlus
from mien.data.rafdb import RAFDB
from mien.errors import DataError, LabelMismatch
from mien.expressions import BASIC7, BASIC8, LabelSet, OtherClasses
from mien.preprocess import Preprocess
from mien.training.objectives import CrossEntropy, TwoTask
from mien.training.pretraining import FAIRFACE_CLASSES
from mien.training.recipe import Recipe
from mien.training.targets import (
    check_labels,
    column_of_classes,
    labels_of,
    targets_of,
)

HARD = Recipe(name="tried", model="small", preprocess=Preprocess(size=16))
SOFT = replace(HARD, targets="soft")

VOTES = np.zeros((5, 10), int)
VOTES[0, [0, 1]] = 7, 3
VOTES[1, [2, 3, 8]] = 4, 4, 2  # a tie, which goes to the first
VOTES[2, [1, 9]] = 1, 9  # not a face; the single vote is an outlier
VOTES[3, [3, 8]] = 4, 6  # unknown wins, and sadness is all that is said of an expression
VOTES[4, [7, 0]] = 8, 2


@dataclass(frozen=True, slots=True)
class Attributes(CrossEntropy):
    """A loss of attributes; what it is made of does not matter here."""

    targets: ClassVar = "attributes"


@pytest.fixture
def ferplus(tmp_path: Path) -> Path:
    faces = ferplus_copy.make_faces(5)[0]
    return ferplus_copy.write_folders(tmp_path / "ferplus", {"FER2013Train": (faces, VOTES)})


@pytest.fixture
def rafdb(tmp_path: Path) -> RAFDB:
    names = rafdb_copy.names_of("train", 4)
    return RAFDB(
        rafdb_copy.write_list(tmp_path / "rafdb", dict(zip(names, (1, 7, 3, 1), strict=True)))
    )


def test_votes_become_distributions_or_the_most_voted_class(ferplus: Path) -> None:
    data = FERPlus(ferplus)
    soft, usable = targets_of(SOFT, data, BASIC8)
    assert usable.tolist() == [True, True, False, True, True]
    assert soft.dtype == np.float32
    expected = np.zeros((5, 8))
    expected[0, [0, 1]] = 0.7, 0.3
    expected[1, [2, 3]] = 0.5
    expected[3, 3] = 1
    expected[4, [7, 0]] = 0.8, 0.2
    assert soft == pytest.approx(expected, abs=1e-7)
    hard, same = targets_of(HARD, data, BASIC8)
    assert hard.dtype == np.int64
    assert hard[usable].tolist() == [0, 2, 3, 7]
    assert np.array_equal(usable, same)


def test_other_label_sets_leave_votes_out(ferplus: Path) -> None:
    data = FERPlus(ferplus)
    turned = LabelSet(tuple(BASIC7)[::-1])
    soft, usable = targets_of(SOFT, data, turned)
    assert usable.tolist() == [True, True, False, True, True]
    assert soft[4].tolist() == [0, 0, 0, 0, 0, 0, 1]  # without the votes for contempt
    assert soft[0, turned.index("neutral")] == pytest.approx(0.7)
    hard, _ = targets_of(HARD, data, turned)
    assert [turned[place] for place in hard[[0, 3]]] == ["neutral", "sadness"]


def test_protocols_decide_which_faces_count(ferplus: Path) -> None:
    majority = FERPlus(ferplus, protocol="majority")
    classes, usable = targets_of(HARD, majority, BASIC8)
    # Of the tie neither has more than half; of row 3 the winner is no expression.
    assert usable.tolist() == [True, False, False, False, True]
    assert classes[usable].tolist() == [0, 7]
    everything, usable = targets_of(HARD, FERPlus(ferplus, protocol="all"), BASIC8)
    assert usable.all()
    assert everything.tolist() == [0, 2, 1, 3, 7]
    # On the split that is reported, the usual protocol does, too.
    _, tested = targets_of(SOFT, FERPlus(ferplus), BASIC8, tested=True)
    assert tested.tolist() == [True, True, False, False, True]


def test_classes_are_mapped_by_name(rafdb: RAFDB) -> None:
    classes, usable = targets_of(HARD, rafdb, BASIC7)
    assert [BASIC7[place] for place in classes] == ["surprise", "neutral", "disgust", "surprise"]
    assert usable.all()
    native, _ = targets_of(HARD, rafdb, labels_of(HARD, rafdb))
    assert native.tolist() == [0, 6, 2, 0]


def test_classes_become_distributions_for_teachers_alone(rafdb: RAFDB) -> None:
    with pytest.raises(DataError, match="tried wants soft targets, and RAF-DB has no votes"):
        targets_of(SOFT, rafdb, BASIC7)
    soft, usable = targets_of(replace(SOFT, teacher_share=1.0), rafdb, RAFDB.labels)
    assert np.array_equal(soft, np.eye(7, dtype=np.float32)[[0, 6, 2, 0]])
    assert soft.dtype == np.float32
    assert usable.all()


def test_classes_and_action_units_stand_side_by_side(tmp_path: Path) -> None:
    units = ["0,0,0,1,0,0,1,0,0,0,1,0", ",".join("1" * 12), ",".join(["-1"] * 12)]
    for part, person in (("Train_Set", "one"), ("Validation_Set", "two")):
        for task, header, lines in (
            ("EXPR_Set", more_copies.AFFWILD2_HEADER, [4, -1, 6]),
            ("AU_Set", more_copies.AFFWILD2_UNITS, units),
        ):
            path = tmp_path / "annotations" / task / part / f"{person}.txt"
            more_copies.write_annotation(path, header, lines)
        more_copies.write_faces(tmp_path, person, [1, 2, 3])
    recipe = replace(HARD, objective=TwoTask())
    columns, usable = targets_of(recipe, AffWild2(tmp_path, task="both"), BASIC7)
    assert columns.dtype == np.int64
    assert usable.all()
    happy, surprised = BASIC7.index("happiness"), BASIC7.index("surprise")
    assert columns[:, 0].tolist() == [happy, -1, surprised]
    assert columns[0, 1:].tolist() == [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0]
    assert columns[1, 1:].tolist() == [1] * 12
    assert columns[2, 1:].tolist() == [-1] * 12
    alone, _ = targets_of(recipe, AffWild2(tmp_path, task="action_units"), BASIC7)
    assert alone[:, 0].tolist() == [-1, -1]
    with pytest.raises(DataError, match="task=both"):
        targets_of(recipe, AffWild2(tmp_path), BASIC7)
    # Results may be reported on expressions alone.
    tested, usable = targets_of(recipe, AffWild2(tmp_path), BASIC7, tested=True)
    assert tested[:, 0].tolist() == [happy, surprised]
    assert (tested[:, 1:] == -1).all()
    assert tested.shape == (2, 13)
    assert usable.all()


def test_attributes_are_positions(tmp_path: Path, rafdb: RAFDB) -> None:
    recipe = replace(HARD, objective=Attributes())
    data = FairFace(fairface_copy.write(tmp_path / "fairface", 4))
    columns, usable = targets_of(recipe, data, labels_of(recipe, data))
    assert columns.dtype == np.int64
    said = [(AGES[age], GENDERS[gender], RACES[race]) for age, gender, race in columns]
    assert said == [
        ("50-59", "Male", "East Asian"),
        ("3-9", "Female", "Black"),
        ("10-19", "Female", "White"),
        ("more than 70", "Male", "Latino_Hispanic"),
    ]
    assert usable.all()
    # The very classes that recipes of FairFace have.
    assert labels_of(recipe, data) == FAIRFACE_CLASSES
    with pytest.raises(DataError, match="RAF-DB has no age, gender and race"):
        targets_of(recipe, rafdb, BASIC7)


def test_things_have_classes_of_their_own(tmp_path: Path) -> None:
    batches = {f"data_batch_{n}": more_copies.cifar10_records(3, n) for n in range(1, 6)}
    more_copies.write_cifar10_binary(tmp_path / "cifar", batches)
    data = CIFAR10(tmp_path / "cifar")
    labels = labels_of(HARD, data)
    assert isinstance(labels, OtherClasses)
    assert tuple(labels) == CLASSES
    classes, usable = targets_of(HARD, data, labels)
    assert classes.tolist() == [0, 1, 2] * 5
    assert usable.all()
    check_labels(HARD, labels, [data])
    with pytest.raises(LabelMismatch, match=r"lacks airplane, automobile, bird"):
        check_labels(HARD, BASIC8, [data])


def test_a_label_set_that_does_not_fit_is_refused(ferplus: Path, rafdb: RAFDB) -> None:
    # RAF-DB's three classes that occur are all in BASIC8, and contempt is in no data.
    with pytest.raises(
        LabelMismatch,
        match=r"tried has the classes \[neutral.*contempt\], and the data has \[surprise.*neutral\]"
        r" of RAF-DB: the data lacks contempt",
    ):
        check_labels(HARD, BASIC8, [rafdb])
    check_labels(HARD, BASIC8, [rafdb, FERPlus(ferplus)])
    check_labels(HARD, BASIC7, [rafdb])
    with pytest.raises(
        LabelMismatch, match=r"FER\+ has \[neutral.*\]: the recipe lacks contempt; .*only="
    ):
        check_labels(HARD, BASIC7, [FERPlus(ferplus)])


def test_classes_of_all_kinds_of_targets() -> None:
    assert column_of_classes(np.array([3, -1])).tolist() == [3, -1]
    assert column_of_classes(np.array([[0.2, 0.8], [1, 0]], np.float32)).tolist() == [1, 0]
    assert column_of_classes(np.array([[4, 1, 1], [-1, 0, 1]])).tolist() == [4, -1]
