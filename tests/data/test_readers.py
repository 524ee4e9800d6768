"""What holds for all readers, and what those say whose splits lie in files of their own."""

from __future__ import annotations

import ast
import inspect
import shutil
import textwrap
from pathlib import Path

import affectnet_copy
import fairface_copy
import ferplus_copy
import more_copies
import pytest

from mien.data.catalogue import READERS, open_reader
from mien.errors import DataError, SplitMissing


def _assigned(one: type) -> set[str]:
    """Names that methods of a class give to ``self``."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def _methods(one: type) -> set[str]:
    kinds = (classmethod, staticmethod, property)
    return {
        name for name, value in vars(one).items() if callable(value) or isinstance(value, kinds)
    }


@pytest.mark.parametrize("name", READERS)
def test_no_attribute_hides_a_method(name: str) -> None:
    classes = [one for one in READERS[name].__mro__ if one.__module__.startswith("mien.")]
    assigned = set().union(*map(_assigned, classes))
    methods = set().union(*map(_methods, classes))
    assert {"root", "split", "table"} <= assigned
    assert {"picture", "names", "keep"} <= methods
    assert not assigned & methods


def _write(name: str, root: Path) -> dict[str, str]:
    """A copy of two splits, and where the annotations of each lie."""
    if name == "ferplus":
        faces = {
            folder: ferplus_copy.make_faces(3, seed)
            for seed, folder in enumerate(["FER2013Train", "FER2013Test"])
        }
        ferplus_copy.write_folders(root, faces)
        return {"train": "FER2013Train", "private-test": "FER2013Test"}
    if name == "fairface":
        fairface_copy.write(root, 4)
        shutil.copy(root / "fairface_label_train.csv", root / "fairface_label_val.csv")
        return {"train": "fairface_label_train.csv", "val": "fairface_label_val.csv"}
    if name == "affectnet":
        for split in ("train", "val"):
            rows = [affectnet_copy.row(affectnet_copy.path_of(0, split), 3)]
            affectnet_copy.write_table(root, rows, split, folder=".")
        return {"train": "training.csv", "val": "validation.csv"}
    if name == "affectnet arrays":
        for split in ("train", "val"):
            affectnet_copy.write_arrays(root, [1, 2], split)
        return {"train": "train_set", "val": "val_set"}
    more_copies.write_sfew(root / "Train", [1] * 7)
    aligned = root / "Val/Val_Aligned_Faces"
    more_copies.write_sfew(aligned, [1] * 7)
    (root / "Test").mkdir()
    (root / "Test/AlexEmma_000000001_00000034.png").write_bytes(more_copies.picture(8, 6))
    return {"train": "Train", "val": "Val", "test": "Test"}


@pytest.mark.parametrize("name", ["ferplus", "fairface", "affectnet", "affectnet arrays", "sfew"])
def test_a_split_of_which_nothing_is_there_is_told_from_a_wrong_folder(
    name: str, tmp_path: Path
) -> None:
    dataset = name.split()[0]
    places = _write(name, tmp_path / "whole")
    for split in places:
        assert len(open_reader(dataset, tmp_path / "whole", split))
    for split, place in places.items():
        copy = tmp_path / f"without {split}"
        shutil.copytree(tmp_path / "whole", copy, ignore=shutil.ignore_patterns(place))
        with pytest.raises(SplitMissing, match=f"the split {split}") as caught:
            open_reader(dataset, copy, split)
        assert str(caught.value).startswith(f"{copy}: ")
        assert "\n" not in str(caught.value)
        for other in places.keys() - {split}:
            assert len(open_reader(dataset, copy, other))
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(DataError) as caught:
        open_reader(dataset, tmp_path / "elsewhere", next(iter(places)))
    assert type(caught.value) is DataError


def test_the_wrong_layout_of_a_split_is_not_its_absence(tmp_path: Path) -> None:
    _write("sfew", tmp_path)
    with pytest.raises(DataError, match="Val_Aligned_Faces has the layout aligned") as caught:
        open_reader("sfew", tmp_path, "val", layout="frames")
    assert type(caught.value) is DataError


def test_ferplus_says_which_split_is_missing(tmp_path: Path) -> None:
    _write("ferplus", tmp_path)
    with pytest.raises(SplitMissing) as caught:
        open_reader("ferplus", tmp_path, "public-test")
    assert str(caught.value) == (
        f"{tmp_path}: the split public-test is not in this copy, FER2013Valid/label.csv is missing"
    )
    # The other layout has all splits in one table.
    copy = ferplus_copy.write_csv(tmp_path / "csv", {"FER2013Train": ferplus_copy.make_faces(3)})
    with pytest.raises(SplitMissing, match=r"fer2013new\.csv has no rows for the split private"):
        open_reader("ferplus", copy, "private-test")
