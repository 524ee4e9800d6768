from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("lightning")

from mien.data.catalogue import READERS
from mien.errors import InputError, UnknownName
from mien.preprocess import Preprocess
from mien.training.moved import HOMES, moved, moved_to_what_is_there
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
    # Those that need more than a name cannot be moved to.
    assert set(READERS) - set(HOMES) == {"huggingface", "folder", "list"}


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
    assert moved_to_what_is_there(DAN, ()) is DAN
    assert moved_to_what_is_there(DAN, ("rafdb", "ferplus")) is DAN
    assert moved_to_what_is_there(DAN, ["affectnet"]) == moved(DAN, "affectnet")


def test_what_cannot_be_moved() -> None:
    with pytest.raises(UnknownName, match="did you mean rafdb"):
        moved(DAN, "rafbd")
    with pytest.raises(InputError, match="give one other data set, not affectnet, rafdb"):
        moved_to_what_is_there(DAN, ("rafdb", "affectnet"))
    with pytest.raises(InputError, match=r"classes and units.*--data ferplus=ROOT"):
        moved(replace(DAN, objective=TwoTask()), "rafdb")
