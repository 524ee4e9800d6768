"""Protocols and subsets: which pictures count, and what their label is."""

from __future__ import annotations

import logging
from pathlib import Path

import affectnet_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

from mien.data.affectnet import AffectNet
from mien.data.cifar10 import CIFAR10
from mien.data.fairface import FairFace
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.data.listing import Listing
from mien.data.rafdb import RAFDB
from mien.data.sfew import SFEW
from mien.errors import DataError, LabelMismatch, UnknownName
from mien.evaluation.answers import Answers
from mien.evaluation.clean import clean_faces
from mien.evaluation.judging import judge
from mien.evaluation.tasks import answerable, labels_asked, protocols_of, tasks_of
from mien.expressions import BASIC7, BASIC8, LabelSet


@pytest.fixture
def ferplus(tmp_path: Path) -> Path:
    """PublicTest of 20 faces, the first two of which Training holds, too."""
    train, tested = ferplus_copy.make_faces(12), ferplus_copy.make_faces(20, seed=1)
    tested[0][:2] = train[0][:2]
    splits = {"FER2013Train": train, "FER2013Valid": tested}
    return ferplus_copy.write_folders(tmp_path / "ferplus", splits)


@pytest.fixture
def affectnet(tmp_path: Path) -> Path:
    """Sixteen pictures of the validation split, two of each of the eight."""
    paths = [affectnet_copy.path_of(number, "val") for number in range(16)]
    rows = [affectnet_copy.row(path, place % 8) for place, path in enumerate(paths)]
    return affectnet_copy.write_table(tmp_path / "affectnet", rows, "val")


def rafdb(root: Path, labels: list[int]) -> Path:
    names = rafdb_copy.names_of("test", len(labels))
    return rafdb_copy.write_list(root, dict(zip(names, labels, strict=True)))


def test_ferplus_has_three_protocols_whole_and_clean(ferplus: Path) -> None:
    reader = FERPlus(ferplus, "public-test")
    clean = clean_faces(reader)
    assert clean is not None
    assert clean.tolist() == [False, False, *[True] * 18]
    tasks = tasks_of(reader, clean=clean)
    assert [(one.protocol, one.subset) for one in tasks] == [
        (protocol, subset)
        for protocol in ("majority", "argmax", "all")
        for subset in ("whole", "clean")
    ]
    # Eight of ten raters agree on every face.
    voted = reader.votes[:, :8].argmax(axis=1)
    for whole, part in zip(tasks[::2], tasks[1::2], strict=True):
        assert whole.labels == BASIC8
        assert whole.truth.tolist() == voted.tolist()
        assert part.truth.tolist() == [-1, -1, *voted[2:]]
        assert part.counts.tolist() == clean.tolist()
        assert whole.votes is not None
        assert np.array_equal(whole.votes, np.eye(8)[voted])


def test_votes_are_shares_of_the_expressions(ferplus: Path) -> None:
    reader = FERPlus(ferplus, "public-test")
    reader.votes[0] = [3, 0, 1, 2, 0, 0, 0, 0, 4, 0]
    reader.votes[1] = [0, 0, 0, 0, 0, 0, 0, 0, 10, 0]
    (task,) = tasks_of(reader, protocol="all")
    assert task.votes is not None
    # A lone vote is left out.
    assert task.votes[0].tolist() == pytest.approx([0.6, 0, 0, 0.4, 0, 0, 0, 0])
    assert task.votes[1].tolist() == [0] * 8


def test_affectnet_with_and_without_contempt(affectnet: Path) -> None:
    reader = AffectNet(affectnet, "val")
    eight, seven = tasks_of(reader)
    assert (eight.protocol, seven.protocol) == ("8", "7")
    assert eight.labels == reader.labels
    assert eight.truth.tolist() == [0, 1, 2, 3, 4, 5, 6, 7] * 2
    assert tuple(seven.labels) == tuple(reader.labels)[:7]
    assert seven.truth.tolist() == [0, 1, 2, 3, 4, 5, 6, -1] * 2
    assert seven.counts.sum() == 14
    assert protocols_of(AffectNet(affectnet, "val", classes=7)) == ("7",)
    (only,) = tasks_of(AffectNet(affectnet, "val", classes=7))
    assert only.labels == seven.labels
    assert only.counts.all()


def test_other_sets_count_every_picture_with_a_class(tmp_path: Path) -> None:
    reader = RAFDB(rafdb(tmp_path, [1, 7, 3]), "test")
    assert reader.table.classes is not None
    reader.table.classes[1] = -1
    (task,) = tasks_of(reader)
    assert (task.protocol, task.subset, task.labels) == ("labels", "whole", reader.labels)
    assert task.truth.tolist() == [0, -1, 2]
    assert task.counts.tolist() == [True, False, True]
    assert task.votes is None


def test_classes_that_are_no_expressions_keep_their_names(tmp_path: Path) -> None:
    batches = {"test_batch": more_copies.cifar10_records(10)}
    more_copies.write_cifar10_binary(tmp_path / "cifar-10-batches-bin", batches)
    (task,) = tasks_of(CIFAR10(tmp_path, "test"))
    assert task.labels[9] == "truck"
    assert task.truth.tolist() == list(range(10))


def test_named_parts_take_the_place_of_the_whole(tmp_path: Path) -> None:
    reader = RAFDB(rafdb(tmp_path, [1, 2, 3, 4]), "test")
    parts = {"a": np.array([True, False, True, False]), "b": np.array([False, False, True, True])}
    first, second = tasks_of(reader, subsets=parts)
    assert (first.subset, first.truth.tolist()) == ("a", [0, -1, 2, -1])
    assert (second.subset, second.truth.tolist()) == ("b", [-1, -1, 2, 3])


def test_ignored_expressions_do_not_count_and_are_named(ferplus: Path) -> None:
    reader = FERPlus(ferplus, "public-test")
    reader.votes[0] = [2, 0, 0, 0, 0, 0, 0, 8, 0, 0]
    (task,) = tasks_of(reader, protocol="majority", ignore=("contempt", "fear"))
    assert task.protocol == "majority without fear and contempt"
    assert tuple(task.labels) == tuple(BASIC8)[:6]
    voted = reader.votes[:, :8].argmax(axis=1)
    assert task.truth.tolist() == [label if label < 6 else -1 for label in voted]
    assert task.votes is not None
    assert task.votes[0].tolist() == [1, 0, 0, 0, 0, 0]


def test_a_task_at_some_rows(ferplus: Path) -> None:
    (task,) = tasks_of(FERPlus(ferplus, "public-test"), protocol="all")
    part = task.at(np.array([3, 1]))
    assert part.truth.tolist() == [task.truth[3], task.truth[1]]
    assert part.votes is not None
    assert task.votes is not None
    assert np.array_equal(part.votes, task.votes[[3, 1]])


def test_what_cannot_be_measured_is_said(ferplus: Path, tmp_path: Path) -> None:
    reader = FERPlus(ferplus, "public-test")
    with pytest.raises(UnknownName, match=r"no FER\+ protocol is called 'most'; known: all, argm"):
        tasks_of(reader, protocol="most")
    with pytest.raises(DataError, match="no picture counts under the protocol majority, subset x"):
        tasks_of(reader, subsets={"x": np.zeros(20, bool)})
    with pytest.raises(DataError, match=r"no class of .* is left"):
        tasks_of(reader, ignore=tuple(BASIC8))
    more_copies.write_sfew(tmp_path / "sfew" / "Val", [1] * 7)
    sfew = SFEW(tmp_path / "sfew", "val")
    assert sfew.table.classes is not None
    sfew.table.classes[:] = -1
    with pytest.raises(DataError, match="no picture counts"):
        tasks_of(sfew)


def test_a_set_without_classes(tmp_path: Path) -> None:
    import fairface_copy

    fairface_copy.write(tmp_path, 4)
    with pytest.raises(DataError, match="FairFace has no expressions"):
        tasks_of(FairFace(tmp_path))


def test_tasks_that_a_model_cannot_answer_are_left_out(
    affectnet: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = tasks_of(AffectNet(affectnet, "val"))
    caplog.set_level(logging.INFO, "mien")
    ((seven,), ignored) = answerable(tasks, {"mine": BASIC7})
    assert ignored == ()
    assert seven.protocol == "7"
    assert "left out: mine: " in caplog.text
    assert answerable(tasks, {"mine": BASIC8}) == (tasks, ())
    with pytest.raises(LabelMismatch) as caught:
        answerable(tasks[:1], {"other": BASIC8, "mine": BASIC7})
    assert str(caught.value) == (
        f"mine: [{BASIC7}] lacks contempt of [{tasks[0].labels}], the classes of the protocol 8; "
        "2 of 16 pictures are of that, which --ignore contempt leaves out"
    )
    with pytest.raises(LabelMismatch, match="lacks contempt"):
        answerable(tasks, {"mine": BASIC7}, all_of_them=True)


def test_classes_without_pictures_need_not_be_known(tmp_path: Path) -> None:
    tasks = tasks_of(RAFDB(rafdb(tmp_path, [1, 4, 4, 7]), "test"))
    few = LabelSet.of(["neutral", "happiness", "surprise"])
    ((task,), _) = answerable(tasks, {"few": few})
    assert tuple(task.labels) == ("surprise", "happiness", "neutral")
    assert task.truth.tolist() == [0, 1, 1, 2]
    assert task.protocol == "labels"


def test_of_one_s_own_pictures_all_expressions_are_classes(tmp_path: Path) -> None:
    """Or a network would be right that can but say what occurs."""
    for name in ("anger", "sad"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "1.png").write_bytes(b"")
    reader = ImageFolder(tmp_path / "set", "all")
    (task,) = tasks_of(reader)
    assert task.labels == labels_asked(reader) == BASIC7
    assert [task.labels[one] for one in task.truth] == ["anger", "sadness"]
    answers = Answers(BASIC8, np.array([BASIC8.index("fear"), BASIC8.index("sadness")]))
    assert judge(task, answers).predicted.tolist() == [BASIC7.index("fear"), task.truth[1]]
    (tmp_path / "set" / "contempt").mkdir()
    (tmp_path / "set" / "contempt" / "1.png").write_bytes(b"")
    assert labels_asked(ImageFolder(tmp_path / "set", "all")) == BASIC8
    # What a set declares is what it asks for.
    listed = tmp_path / "list.csv"
    listed.write_text("path,label\nset/sad/1.png,1\n")
    own = LabelSet.of(["anger", "sadness"])
    assert labels_asked(Listing(listed, "all", labels=own)) == own


def test_pictures_of_one_person_belong_together(ferplus: Path, tmp_path: Path) -> None:
    people = ["zoe", "abe", "", "zoe", "", "abe"]
    rows = [f"{place}.png,{place % 2},{one}" for place, one in enumerate(people)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["path,label,person", *rows]))
    (task,) = tasks_of(Listing(path, "all", labels=LabelSet.of(["anger", "sadness"])))
    assert task.clusters is not None
    numbers = task.clusters.tolist()
    same = [[one == other for other in numbers] for one in numbers]
    # Nobody is not one person.
    assert same == [
        [row == column or (one == other != "") for column, other in enumerate(people)]
        for row, one in enumerate(people)
    ]
    some = task.at(np.array([5, 3, 1]))
    assert some.clusters is not None
    assert some.clusters.tolist() == [numbers[5], numbers[3], numbers[1]]
    answers = Answers(task.labels, np.zeros(6, np.int64))
    judged = judge(task.where(np.array([True] * 4 + [False] * 2), "some"), answers)
    assert judged.number_of_clusters == 3  # of 0 to 3: zoe, abe and somebody
    assert all(one.clusters is None for one in tasks_of(FERPlus(ferplus, "public-test")))


def test_a_class_that_only_some_models_know_is_ignored_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = tasks_of(RAFDB(rafdb(tmp_path, [1, 4, 4, 7]), "test"))
    caplog.set_level(logging.INFO, "mien")
    few = LabelSet.of(["neutral", "happiness", "surprise", "anger"])
    more = LabelSet.of(["neutral", "happiness", "surprise", "fear"])
    ((task,), ignored) = answerable(tasks, {"few": few, "more": more})
    # Both of fear and anger have no picture; sadness and disgust nobody knows.
    assert sorted(ignored) == ["anger", "fear"]
    assert tuple(task.labels) == ("surprise", "happiness", "neutral")
    assert task.protocol in ("labels without fear and anger", "labels without anger and fear")
    assert "anger is ignored: some of the models do not know it" in caplog.text
    # Each alone is measured as it would be with the option that the record's command names.
    (alone,) = tasks_of(RAFDB(tmp_path, "test"), ignore=("fear", "anger"))
    ((same,), none) = answerable([alone], {"few": few})
    assert (same.protocol, none) == (task.protocol, ())
    assert tuple(same.labels) == tuple(task.labels)
