"""Prepared copies of sets whose splits and classes are their own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.data.image_folder import ImageFolder
from mien.data.listing import Listing
from mien.data.preparing.prepare import prepare
from mien.data.reader import Reader
from mien.errors import DataError
from mien.expressions import LabelSet

SET = LabelSet.of(["happiness", "sadness", "fear"])
FILES = ("train/sad/1.png", "train/happy/2.png", "train/fear/3.png", "test/Happy/4.png")


@pytest.fixture
def original(tmp_path: Path) -> Path:
    root = tmp_path / "original"
    lines = ["path,label,split,group,age"]
    for number, file in enumerate(FILES):
        path = root / file
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), np.full((20, 24, 3), 50 * number, np.uint8))
        split, label, _ = file.split("/")
        lines.append(f"{file},{label},{split},person {number},{30 + number}")
    (root / "list.csv").write_text("\n".join(lines))
    return root


@pytest.mark.parametrize("reader", [ImageFolder, Listing])
def test_prepared_copies_say_the_same(
    reader: type[ImageFolder | Listing], original: Path, tmp_path: Path
) -> None:
    for split in ("train", "test"):
        prepare(reader(original, split), tmp_path / "out", size=16, detector="none", jobs=1)
    assert set(reader.splits_in(tmp_path / "out")) == {"train", "test"}
    for split in ("train", "test"):
        one: Reader = reader(original, split)
        other: Reader = reader(tmp_path / "out", split)
        assert (one.prepared, other.prepared) == (False, True)
        assert other.labels == one.labels == SET
        assert other.names == one.names
        assert np.array_equal(other.table.classes, one.table.classes)
        assert other.table.groups == one.table.groups
        assert other.table.attributes == one.table.attributes
        for row in range(len(one)):
            assert other.picture(row).shape == (16, 16, 3)
            assert other.picture(row).mean() == one.picture(row).mean()


@pytest.mark.parametrize("reader", [ImageFolder, Listing])
def test_classes_can_be_left_out_of_either(
    reader: type[ImageFolder | Listing], original: Path, tmp_path: Path
) -> None:
    prepare(reader(original, "train"), tmp_path / "out", size=16, detector="none", jobs=1)
    copies = [reader(root, "train", ignore=["Sad"]) for root in (original, tmp_path / "out")]
    for copy in copies:
        assert list(copy.labels) == ["happiness", "fear"]
        assert [name.rpartition("/")[2] for name in copy.names] == (
            ["3.png", "2.png"] if reader is ImageFolder else ["2.png", "3.png"]
        )
        assert [copy[row].label for row in range(2)] == (
            [1, 0] if reader is ImageFolder else [0, 1]
        )
    for root in (original, tmp_path / "out"):
        with pytest.raises(DataError, match=r"every (picture|row) is left out"):
            reader(root, "train", ignore=SET)
    with pytest.raises(DataError, match=r"split test is not prepared"):
        reader(tmp_path / "out", "test")


def test_a_list_may_say_the_order_of_its_classes(original: Path, tmp_path: Path) -> None:
    order = ["fear", "happy", "sad", "anger"]
    one = Listing(original, "train", labels=order)
    prepare(one, tmp_path / "out", size=16, detector="none", jobs=1)
    for other in (
        Listing(tmp_path / "out", "train"),
        Listing(tmp_path / "out", "train", labels=order),
    ):
        assert other.labels == one.labels
        assert np.array_equal(other.table.classes, one.table.classes)
