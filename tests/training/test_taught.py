"""Faces without labels beside those with: what of them is learned from, and what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.card import Card  # noqa: E402
from mien.data.expw import ExpW  # noqa: E402
from mien.data.ferplus import FERPlus  # noqa: E402
from mien.data.loading.pictures import PicturesInMemory  # noqa: E402
from mien.data.mosaics import Mosaic  # noqa: E402
from mien.data.packed import pack  # noqa: E402
from mien.data.rafdb import RAFDB  # noqa: E402
from mien.errors import DataError  # noqa: E402
from mien.expressions import BASIC7, BASIC8  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.parts import Parts, load_parts  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.sources import Source  # noqa: E402

GREY = Preprocess(size=16, colour="grey")
FER = Recipe(name="tried", model="small", preprocess=GREY, targets="soft", validation_share=0.3)
RAF = replace(
    FER, data=(Source("rafdb"),), preprocess=Preprocess(size=16), labels=BASIC7, teacher_share=0.5
)
TINY = {"stem": 8, "widths": (8, 16), "depths": (1, 1)}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    network = create_model("small", classes=BASIC8, **TINY)
    card = Card(
        name="teacher", architecture="small", arguments=TINY, labels=BASIC8, preprocess=GREY
    )
    save_model(network, card, path)
    return path


@pytest.fixture(scope="module")
def ferplus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed file whose first split is not the one to learn from."""
    root = tmp_path_factory.mktemp("ferplus")
    splits = {
        "FER2013Train": ferplus_copy.make_faces(80),
        "FER2013Valid": ferplus_copy.make_faces(20, 1),
    }
    ferplus_copy.write_folders(root / "copy", splits)
    pack([FERPlus(root / "copy", one) for one in ("public-test", "train")], root / "packed.zip")
    return root / "packed.zip"


@pytest.fixture(scope="module")
def rafdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = rafdb_copy.names_of("train", 25)
    labels = {name: 1 + place % 7 for place, name in enumerate(names)}
    root = rafdb_copy.write_list(tmp_path_factory.mktemp("rafdb"), labels)
    return rafdb_copy.write_pictures(root, names)


def pixels(images: np.ndarray) -> set[bytes]:
    return {one.tobytes() for one in images}


def in_memory(parts: Parts) -> tuple[np.ndarray, np.ndarray]:
    assert isinstance(parts.train, PicturesInMemory)
    assert isinstance(parts.held, PicturesInMemory)
    return parts.train.images, parts.held.images


def test_held_faces_do_not_come_back_without_labels(ferplus: Path, teacher: Path) -> None:
    plain = load_parts(FER, Copies(packed=ferplus))
    parts = load_parts(FER, Copies(packed=ferplus), [teacher], ferplus)
    train, held = in_memory(parts)
    assert len(held) == len(plain.held) > 10
    assert not pixels(train) & pixels(held)
    assert not pixels(train) & pixels(FERPlus(ferplus, "public-test").images)
    everything = FERPlus(ferplus).images
    added = [one for one in everything if one.tobytes() not in pixels(held)]
    assert np.array_equal(train[len(plain.train) :], added)
    assert len(added) == 80 - len(held)
    assert parts.train_targets.shape == (len(train), 8)
    assert parts.notes[-1] == (
        f"faces without labels: {len(held)} of 80 are left out, as they are in the held-out part, "
        "or copies of faces there"
    )
    # What is to be said of the copy is said once, though it is opened twice.
    assert parts.notes[:-1] == plain.notes
    assert len(plain.notes) == 1
    assert parts.data.endswith(
        f"; {FERPlus.citation}, training split, with the answers of other networks for labels"
    )


def test_the_test_split_is_held_out_where_it_chooses(ferplus: Path, teacher: Path) -> None:
    recipe = replace(FER, selection="test", test=Source("ferplus", "public-test"))
    parts = load_parts(recipe, Copies(packed=ferplus), [teacher], ferplus)
    train, held = in_memory(parts)
    assert (len(train), len(held)) == (160, 20)
    assert not any("left out" in note for note in parts.notes)


def test_copies_of_held_faces_by_any_name(ferplus: Path, teacher: Path, tmp_path: Path) -> None:
    held = in_memory(load_parts(FER, Copies(packed=ferplus)))[1]
    new = ferplus_copy.make_faces(1, 5)[0][0]
    faces = {
        "a": held[3],
        "b": new,
        "c": (held[5] * 0.8 + 20).astype(np.uint8),  # darker
        "d": cv2.resize(held[0], (96, 96), interpolation=cv2.INTER_NEAREST),  # larger
    }
    for name, image in faces.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
    parts = load_parts(FER, Copies(packed=ferplus), [teacher], tmp_path)
    assert parts.train.names[-1] == "b.png"
    assert np.array_equal(in_memory(parts)[0][-1], new)
    assert "3 of 4 are left out" in parts.notes[-1]
    (tmp_path / "b.png").unlink()
    with pytest.raises(DataError, match="all its faces are in the held-out part; name others"):
        load_parts(FER, Copies(packed=ferplus), [teacher], tmp_path)


def test_pictures_in_files_go_by_data_set_and_name(
    rafdb: Path,
    ferplus: Path,
    teacher: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pack([RAFDB(rafdb)], tmp_path / "packed.zip", Preprocess(size=20))
    alone = load_parts(RAF, Copies({"rafdb": rafdb}), [teacher])
    both = replace(RAF, data=(Source("ferplus", only=("fear",)), Source("rafdb")))
    copies = Copies({"rafdb": rafdb, "ferplus": ferplus})
    for recipe in (RAF, both):
        plain = load_parts(recipe, copies, [teacher])
        parts = load_parts(recipe, copies, [teacher], tmp_path / "packed.zip")
        added = list(parts.train.names)[len(plain.train) :]
        expected = set(rafdb_copy.names_of("train", 25)) - set(alone.held.names)
        assert len(added) == 25 - len(alone.held) < 25
        assert set(added) == expected
        assert f"{len(alone.held)} of 25 are left out" in parts.notes[-1]
    monkeypatch.setattr(Mosaic, "decode", None)  # workers need not do it again
    assert parts.train.picture(len(parts.train) - 1).shape == (20, 20, 3)


def test_no_class_has_more_faces_without_labels_than_asked_for(
    rafdb: Path, ferplus: Path, teacher: Path, tmp_path: Path
) -> None:
    pack([RAFDB(rafdb)], tmp_path / "faces.zip", Preprocess(size=20))
    for recipe, copies, faces in (
        (FER, Copies(packed=ferplus), ferplus),
        (RAF, Copies({"rafdb": rafdb}), tmp_path / "faces.zip"),
    ):
        labelled = len(load_parts(recipe, copies, [teacher] if recipe.teacher_share else []).train)

        def added(recipe: Recipe, copies=copies, faces=faces, labelled=labelled):
            parts = load_parts(recipe, copies, [teacher], faces)
            names, answers = list(parts.train.names)[labelled:], parts.train_targets[labelled:]
            pictures = [parts.train.picture(labelled + row) for row in range(len(names))]
            return names, answers, pictures, parts.notes[-1]

        names, answers, pictures, _ = added(recipe)
        some, their_answers, their_pictures, note = added(replace(recipe, unlabelled_per_class=3))
        number = np.bincount(answers.argmax(axis=1), minlength=8)
        theirs = np.bincount(their_answers.argmax(axis=1), minlength=8)
        assert np.array_equal(theirs, np.minimum(number, 3))
        assert note == (
            f"faces without labels: {len(some)} of {len(names)}, at most 3 of each class"
        )
        # Each with its own answer and picture, from the first of a class to its last.
        rows = [names.index(name) for name in some]
        assert np.array_equal(their_answers, answers[rows])
        assert all(map(np.array_equal, their_pictures, [pictures[row] for row in rows]))
        often = np.flatnonzero(answers.argmax(axis=1) == number.argmax())
        assert len(often) > 3
        assert {often[0], often[-1]} <= set(rows)


def test_groups_that_are_held_stay_so(teacher: Path, tmp_path: Path) -> None:
    rows = [
        f"{picture}.jpg {face} 10 12 30 32 90 {(picture + face) % 7}"
        for picture in range(30)
        for face in range(2)
    ]
    root = more_copies.write_expw(tmp_path / "expw", rows, [f"{one}.jpg" for one in range(30)])
    pack([ExpW(root)], tmp_path / "packed.zip", Preprocess(size=20))
    recipe = replace(RAF, data=(Source("expw", only=("fear", "anger", "disgust")),), labels=None)
    parts = load_parts(recipe, Copies({"expw": root}), [teacher], tmp_path / "packed.zip")
    groups = [{name.partition("#")[0] for name in one.names} for one in (parts.train, parts.held)]
    assert not groups[0] & groups[1]
    assert len(groups[1]) > 3
