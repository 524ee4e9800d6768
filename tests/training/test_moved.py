from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("lightning")

from mien.data.catalogue import READERS
from mien.errors import DataError, InputError, UnknownName
from mien.preprocess import Preprocess
from mien.training.moved import HOMES, OWN, dataset_of, moved, moved_to_what_is_there, recipe_called
from mien.training.objectives import TwoTask
from mien.training.recipe import Recipe
from mien.training.recipes import find_recipe
from mien.training.sources import Source

DAN = find_recipe("dan.ferplus.cpu")


def test_every_home_has_splits_that_its_reader_knows() -> None:
    for name, (train, test) in HOMES.items():
        assert (train.dataset, test.dataset) == (name, name)
        assert {train.split, test.split} <= set(READERS[name].splits)
        assert train.split != test.split
    assert set(READERS) - set(HOMES) == set(OWN)


def test_only_data_and_targets_change() -> None:
    there = moved(DAN, "rafdb")
    assert there.data == (Source("rafdb"),)
    assert there.test == Source("rafdb", "test")
    assert there.targets == "hard"  # nobody voted
    kept = replace(there, name=DAN.name, data=DAN.data, test=DAN.test, targets=DAN.targets)
    assert kept == DAN
    hard = Recipe(name="a", model="small", preprocess=Preprocess(size=48), data=(Source("rafdb"),))
    back = moved(hard, "ferplus")
    assert (back.data, back.test, back.targets) == (DAN.data, DAN.test, "hard")


def test_own_data_stays() -> None:
    assert moved_to_what_is_there(DAN, {}) is DAN
    assert moved_to_what_is_there(DAN, {"rafdb": "", "ferplus": ""}) is DAN
    assert moved_to_what_is_there(DAN, {"affectnet": ""}) == moved(DAN, "affectnet")


def test_what_cannot_be_moved() -> None:
    with pytest.raises(UnknownName, match="did you mean rafdb"):
        moved(DAN, "rafbd")
    with pytest.raises(InputError, match="give one other data set, not affectnet, rafdb"):
        moved_to_what_is_there(DAN, {"rafdb": "", "affectnet": ""})
    with pytest.raises(InputError, match=r"classes and units.*--data ferplus=ROOT"):
        moved(replace(DAN, objective=TwoTask()), "rafdb")


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
        cv2.imwrite(str(root / name / "a.png"), np.zeros((8, 8), np.uint8))
    return root


def test_own_pictures_have_the_splits_that_a_copy_has(tmp_path: Path) -> None:
    whole = folder(tmp_path / "whole", "anger", "fear")
    recipe = moved(DAN, "folder", whole)
    assert (recipe.name, recipe.data) == ("dan.ferplus.cpu-folder", (Source("folder", "all"),))
    assert (recipe.test, recipe.targets) == (None, "hard")
    split = folder(tmp_path / "split", "train/anger", "train/fear", "val/anger", "test/fear")
    recipe = moved_to_what_is_there(DAN, {"folder": split})
    assert recipe.data == (Source("folder", "train"),)
    assert recipe.test == Source("folder", "test")
    assert recipe_called(recipe.name, {"folder": split}) == recipe
    assert dataset_of(recipe.name) == "folder"
    listed = tmp_path / "list.csv"
    listed.write_text("path,label,split\na.png,fear,train\nb.png,anger,val\n", encoding="utf-8")
    recipe = moved(DAN, "list", listed)
    assert (recipe.data, recipe.test) == ((Source("list", "train"),), Source("list", "val"))


def test_own_pictures_without_a_copy_or_a_training_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--data folder=ROOT"):
        recipe_called("dan.ferplus.cpu-folder", {})
    other = folder(tmp_path / "other", "first/anger", "second/fear")
    with pytest.raises(DataError, match="has the splits first, second; what is trained on"):
        moved(DAN, "folder", other)
