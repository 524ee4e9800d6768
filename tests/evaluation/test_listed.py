"""Subsets by name: small copies made here, and the authors' own lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import affectnet_copy
import ferplus_copy
import numpy as np
import pytest
import rafdb_copy

from mien.data.affectnet import AffectNet
from mien.data.ferplus import FERPlus
from mien.data.packed import default_preprocess, pack
from mien.data.rafdb import RAFDB
from mien.data.split import altered, held_out
from mien.data.subsets import read_list
from mien.errors import DataError, InputError, NotFound, UnknownName
from mien.evaluation.listed import HELD_OUT, LISTS, find_list, keep_listed


@pytest.fixture
def reader(tmp_path: Path) -> RAFDB:
    """Ten pictures of the classes 1 to 7 in turns."""
    names = rafdb_copy.names_of("test", 10)
    labels = {name: place % 7 + 1 for place, name in enumerate(names)}
    return RAFDB(rafdb_copy.write_list(tmp_path / "rafdb", labels), "test")


def write(folder: Path, name: str, *places: int) -> Path:
    """A list of RAF-DB's, whose labels count from 0."""
    folder.mkdir(exist_ok=True)
    lines = [f"{place % 7}/test_{place + 1:04d}_aligned.jpg" for place in places]
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def test_a_reader_keeps_what_is_on_a_list(reader: RAFDB, tmp_path: Path) -> None:
    lists = write(tmp_path / "lists", "rafdb_pose_30_list.txt", 1, 4, 7)
    write(lists, "rafdb_pose_45_list.txt", 7, 2)
    masks = keep_listed(reader, ("pose-30", "pose-45"), lists)
    assert reader.names == ["test_0002", "test_0003", "test_0005", "test_0008"]
    assert {name: np.flatnonzero(mask).tolist() for name, mask in masks.items()} == {
        "pose-30": [0, 2, 3],
        "pose-45": [1, 3],
    }


def test_a_list_may_be_a_file_of_ones_own(reader: RAFDB, tmp_path: Path) -> None:
    write(tmp_path, "hard.txt", 3)
    masks = keep_listed(reader, (str(tmp_path / "hard.txt"),))
    assert list(masks) == ["hard"]
    assert reader.names == ["test_0004"]


def test_what_is_wrong_is_said(reader: RAFDB, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"name the folder that holds rafdb_pose_30_list\.txt"):
        find_list("rafdb", "pose-30")
    with pytest.raises(NotFound, match=r"rafdb_pose_30_list\.txt.*check --lists"):
        find_list("rafdb", "pose-30", tmp_path)
    with pytest.raises(UnknownName, match="did you mean pose-30 or pose-45"):
        find_list("rafdb", "pose-3", tmp_path)
    with pytest.raises(InputError, match="are for affectnet and rafdb, not for ferplus"):
        find_list("ferplus", "pose-30", tmp_path)
    with pytest.raises(NotFound, match=r"none\.txt"):
        keep_listed(reader, ("none.txt",))
    write(tmp_path, "one.txt", 3)
    twice = (str(tmp_path / "one.txt"), str(tmp_path / "one.txt"))
    with pytest.raises(DataError, match="there is a subset one already"):
        keep_listed(reader, twice)


@pytest.mark.parametrize(
    ("dataset", "name", "pictures"),
    [
        # Section 5.4 of the specification; pictures that a list names twice are one.
        ("affectnet", "pose-30", 1944),
        ("affectnet", "pose-45", 983),
        ("affectnet", "occlusion", 683),
        ("rafdb", "pose-30", 1247),
        ("rafdb", "pose-45", 558),
        ("rafdb", "occlusion", 734),
    ],
)
def test_the_authors_lists(
    shared_data: Path, tmp_path: Path, dataset: str, name: str, pictures: int
) -> None:
    path = find_list(dataset, name, shared_data / "lists")
    labels = (AffectNet if dataset == "affectnet" else RAFDB).labels
    listed = read_list(path, labels)
    assert len(listed) == pictures
    # A copy that holds these and ten others keeps these alone.
    if dataset == "affectnet":
        rows = [
            affectnet_copy.row(f"1/{key}.jpg", labels.index(one)) for key, one in listed.items()
        ]
        rows += [affectnet_copy.row(affectnet_copy.path_of(place), 0) for place in range(10)]
        reader = AffectNet(affectnet_copy.write_table(tmp_path, rows, "val"), "val")
    else:
        table = {key: labels.index(one) + 1 for key, one in listed.items()}
        table |= {f"test_{place}": 1 for place in range(9990, 10_000)}
        reader = RAFDB(rafdb_copy.write_list(tmp_path, table), "test")
    assert len(reader) == pictures + 10
    masks = keep_listed(reader, (name,), shared_data / "lists")
    assert len(reader) == masks[name].sum() == pictures
    assert set(LISTS[dataset]) == {"pose-30", "pose-45", "occlusion"}


def test_what_training_holds_out_is_a_subset(tmp_path: Path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus",
        {"FER2013Train": ferplus_copy.make_faces(120), "FER2013Valid": ferplus_copy.make_faces(40)},
    )
    whole = FERPlus(root, "train")
    held = held_out(whole, 0.08)  # every recipe's share, unless it says otherwise
    assert 0 < held.sum() < 30
    thinned = FERPlus(root, "train")
    masks = keep_listed(thinned, (HELD_OUT,))
    assert {name: mask.all() for name, mask in masks.items()} == {HELD_OUT: True}
    assert thinned.names == [name for name, one in zip(whole.names, held, strict=True) if one]
    with pytest.raises(InputError, match=r"nothing is held out of public-test.*--split train"):
        keep_listed(FERPlus(root, "public-test"), (HELD_OUT,))


def test_it_stands_beside_lists(tmp_path: Path) -> None:
    names = rafdb_copy.names_of("train", 60)
    labels = {name: place % 7 + 1 for place, name in enumerate(names)}
    root = rafdb_copy.write_list(tmp_path / "rafdb", labels)
    whole = RAFDB(root, "train")
    held = set(np.flatnonzero(held_out(whole, 0.08)).tolist())
    listed = sorted(held)[0], next(row for row in range(60) if row not in held)
    lines = [f"{row % 7}/train_{row + 1:05d}_aligned.jpg" for row in listed]
    (tmp_path / "hard.txt").write_text("\n".join(lines) + "\n")
    masks = keep_listed(thinned := RAFDB(root, "train"), (HELD_OUT, str(tmp_path / "hard.txt")))
    kept = sorted(held | set(listed))
    assert thinned.names == [whole.names[row] for row in kept]
    assert [kept[row] for row in np.flatnonzero(masks[HELD_OUT])] == sorted(held)
    assert sorted(kept[row] for row in np.flatnonzero(masks["hard"])) == sorted(listed)


def test_of_pictures_of_another_size_another_part_is_held_out(tmp_path: Path) -> None:
    """Which is said, instead of measuring on faces that training has seen."""
    faces = {"FER2013Train": ferplus_copy.make_faces(120)}
    root = ferplus_copy.write_folders(tmp_path / "ferplus", faces)
    whole = FERPlus(root, "train")
    usual = default_preprocess(whole)
    same = FERPlus(pack([whole], tmp_path / "same", usual).path, "train")
    other = FERPlus(pack([whole], tmp_path / "other", replace(usual, size=40)).path, "train")
    again = FERPlus(pack([other], tmp_path / "again", replace(usual, size=40)).path, "train")
    changed = "by pictures of 40 pixels"
    assert [altered(one) for one in (whole, same, other, again)] == ["", "", changed, changed]
    assert (held_out(same, 0.3) == held_out(whole, 0.3)).all()
    assert (held_out(other, 0.3) != held_out(whole, 0.3)).any()
    keep_listed(same, (HELD_OUT,))
    with pytest.raises(InputError, match=r"may have been cut or resized.*as they are given out"):
        keep_listed(other, (HELD_OUT,))
