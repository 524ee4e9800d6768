"""Which split is measured on, and what the record says of how it was opened."""

from __future__ import annotations

from pathlib import Path

import more_copies
import pytest
import rafdb_copy

from mien.data.packed import pack
from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.errors import InputError, NotFound, UnknownName
from mien.evaluation.split import open_split, usual_split
from mien.preprocess import Preprocess


def folder(root: Path, *splits: str) -> Path:
    for split in splits:
        (root / split / "happy").mkdir(parents=True)
        (root / split / "happy" / "1.png").write_bytes(more_copies.picture(8, 6))
    return root


def test_the_test_split_is_the_usual_one(tmp_path: Path) -> None:
    assert usual_split("ferplus", tmp_path, {}) == "public-test"
    assert usual_split("rafdb", tmp_path, {}) == "test"
    assert usual_split("affectnet", tmp_path, {}) == "val"
    assert usual_split("sfew", tmp_path, {}) == "val"
    assert usual_split("expw", tmp_path, {}) == "test"
    assert usual_split("affwild2", tmp_path, {}) == "val"
    assert usual_split("folder", folder(tmp_path / "a", "train", "val"), {}) == "val"
    assert usual_split("folder", folder(tmp_path / "b", "train", "val", "test"), {}) == "test"
    own = folder(tmp_path / "c", "train", "held")
    with pytest.raises(InputError, match="name one of its splits with --split: held, train"):
        usual_split("folder", own, {})
    assert open_split("folder", own, "held").reader.split == "held"


def test_a_prepared_copy_and_options_are_told(tmp_path: Path) -> None:
    names = rafdb_copy.names_of("test", 3)
    root = rafdb_copy.write_list(tmp_path / "rafdb", dict.fromkeys(names, 1))
    rafdb_copy.write_pictures(root, names, "aligned_224")
    opened = open_split("rafdb", root, options={"images": "aligned_224"})
    assert opened.settings == {"option images": "aligned_224"}
    assert [one.subset for one in opened.tasks] == ["whole"]
    reader = RAFDB(root, "test", images="aligned_224")
    prepare(reader, tmp_path / "prepared", size=32, detector="none", jobs=1)
    opened = open_split("rafdb", tmp_path / "prepared")
    assert opened.settings == {"copy": "prepared, 32 pixels"}
    pack([reader], tmp_path / "same.zip")
    assert open_split("rafdb", tmp_path / "same.zip").settings == {}
    pack([reader], tmp_path / "small.zip", Preprocess(size=24))
    opened = open_split("rafdb", tmp_path / "small.zip")
    assert opened.settings == {"copy": "prepared, 24 pixels"}
    next((root / "Image" / "aligned_224").iterdir()).unlink()
    prepare(reader, tmp_path / "fewer", size=32, detector="none", jobs=1, unreadable="drop")
    settings = open_split("rafdb", tmp_path / "fewer").settings
    assert settings == {"copy": "prepared, 32 pixels, without 1 picture of the original"}


def test_wrong_names_are_told_before_a_copy_is_sought(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="data set"):
        open_split("rafdbs", tmp_path / "none")
    with pytest.raises(UnknownName, match="no expression is called 'contemp'; did you mean cont"):
        open_split("rafdb", tmp_path / "none", ignore=("contemp",))
    with pytest.raises(NotFound, match="none"):
        open_split("rafdb", tmp_path / "none")


def test_ignored_expressions_go_by_any_of_their_names(tmp_path: Path) -> None:
    names = rafdb_copy.names_of("test", 4)
    # Of surprise, fear, disgust and happiness.
    labels = {name: place + 1 for place, name in enumerate(names)}
    root = rafdb_copy.write_list(tmp_path / "rafdb", labels)
    opened = open_split("rafdb", root, ignore=("Happy", "joy", "FE"))
    assert opened.settings == {"ignored": "happiness, fear"}
    (task,) = opened.tasks
    assert task.counts.tolist() == [True, False, True, False]
    assert not {"happiness", "fear"} & set(task.labels)
    assert task.protocol == "labels without fear and happiness"
