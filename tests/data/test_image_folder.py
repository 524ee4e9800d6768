from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.data.image_folder import ImageFolder
from mien.errors import DataError, NotFound, UnknownName
from mien.expressions import BASIC7, BASIC8, LabelSet


def write(root: Path, *members: str) -> Path:
    """Tiny pictures, each in a colour of its own."""
    for number, member in enumerate(members):
        path = root / member
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((4, 5, 3), 10 * number, np.uint8))
    return root


def zipped(root: Path, target: Path, top: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, Path(top) / path.relative_to(root))
    return target


SPLITS = (
    *("train/Happy/b.png", "train/Happy/a.png", "train/sad/deep/er/c.png", "train/angry/d.png"),
    *("test/Happiness/e.png", "test/FEARFUL/f.png"),
)


@pytest.mark.parametrize("layout", ["folder", "zip", "zip of a folder"])
def test_splits_with_classes(layout: str, tmp_path: Path) -> None:
    root = write(tmp_path / "pictures ä", *SPLITS)
    if layout != "folder":
        root = zipped(root, tmp_path / "x.zip", "top" if layout == "zip of a folder" else "")
    assert set(ImageFolder.splits_in(root)) == {"train", "test"}
    train, test = ImageFolder(root, "train"), ImageFolder(root, "test")
    # The classes of all splits, so that both have the same set.
    assert train.labels == test.labels == LabelSet.of(["happiness", "sadness", "anger", "fear"])
    assert train.names == ["Happy/a.png", "Happy/b.png", "angry/d.png", "sad/deep/er/c.png"]
    assert [train.labels[int(one)] for one in train.table.classes] == [
        *("happiness", "happiness", "anger", "sadness"),
    ]
    assert [test[index].label for index in range(2)] == [3, 0]
    assert train.picture(1).shape == (4, 5, 3)
    assert np.unique(train.picture(1)).tolist() == [0]
    assert np.unique(train.picture(3)).tolist() == [20]
    assert train.classes_in(BASIC7).tolist() == [1, 1, 4, 3]


def test_layouts_give_the_same_names_and_fingerprint(tmp_path: Path) -> None:
    root = write(tmp_path / "x", *SPLITS)
    one = ImageFolder(root, "train")
    other = ImageFolder(zipped(root, tmp_path / "x.zip", "top"), "train")
    whole = ImageFolder(root / "train", "all")
    assert one.names == other.names == whole.names
    assert one.fingerprint == other.fingerprint
    assert whole.splits == ("all",)


def test_readers_travel_to_other_processes(tmp_path: Path) -> None:
    root = write(tmp_path / "x", *SPLITS)
    reader = ImageFolder(zipped(root, tmp_path / "x.zip"), "train")
    again = pickle.loads(pickle.dumps(reader))
    assert np.array_equal(again.picture(3), reader.picture(3))


def test_all_eight_come_in_the_usual_order(tmp_path: Path) -> None:
    root = write(tmp_path / "x", *(f"{name.upper()}/1.jpg" for name in reversed(BASIC8)))
    reader = ImageFolder(root, "all")
    assert reader.labels == BASIC8
    assert [reader.names[index] for index in np.argsort(reader.table.classes)] == [
        f"{name.upper()}/1.jpg" for name in BASIC8
    ]


def test_two_names_of_one_class_are_one_class(tmp_path: Path) -> None:
    reader = ImageFolder(write(tmp_path / "x", "happy/1.png", "joy/1.png", "sad/1.png"), "all")
    assert reader.labels == LabelSet.of(["happiness", "sadness"])
    assert reader.table.classes is not None
    assert reader.table.classes.tolist() == [0, 0, 1]


def test_what_is_no_picture_is_passed_over(tmp_path: Path) -> None:
    root = write(tmp_path / "x", "train/happy/1.png", "train/sad/2.JPG", "train/sad/._2.jpg")
    for name in ("train/happy/Thumbs.db", "train/readme.txt", "licence.txt", "notes/a.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x")
    (root / ".git").mkdir()
    (root / "train/.cache").mkdir()
    assert ImageFolder(root, "train").names == ["happy/1.png", "sad/2.JPG"]
    assert ImageFolder.splits_in(root) == ("train",)


def test_pictures_are_not_decoded_before_they_are_asked_for(tmp_path: Path) -> None:
    root = write(tmp_path / "x", "happy/1.png")
    (root / "happy/2.png").write_bytes(b"no picture")
    reader = ImageFolder(root, "all")
    assert len(reader) == 2
    with pytest.raises(DataError, match=r"happy/2\.png is not a picture"):
        reader.picture(1)


def test_unknown_classes_are_named_or_left_out(tmp_path: Path) -> None:
    root = write(tmp_path / "x", "train/happy/1.png", "train/Unknown/2.png", "test/sad/3.png")
    with pytest.raises(DataError, match=r"class folder train/Unknown is no expression.*ignore"):
        ImageFolder(root, "test")
    assert ImageFolder(root, "train", ignore=["unknown"]).names == ["happy/1.png"]
    with pytest.raises(UnknownName, match="split of image folder is called 'val'; known: te"):
        ImageFolder(root, "val", ignore=["unknown"])


def test_wrong_roots_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no image folder at this path"):
        ImageFolder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no class folders.*folders here are: none"):
        ImageFolder(tmp_path / "empty")
    for split in ("train", "val"):
        (tmp_path / "empty" / split).mkdir()
    with pytest.raises(DataError, match=r"the folders here are: train, val; they are empty$"):
        ImageFolder(tmp_path / "empty")
    other = write(tmp_path / "other", "cats/1.png", "dogs/2.png")
    with pytest.raises(DataError, match="the folders here are: cats, dogs"):
        ImageFolder(other)
    (tmp_path / "ferplus/FER2013Train").mkdir(parents=True)
    (tmp_path / "ferplus/FER2013Train/label.csv").touch()
    with pytest.raises(DataError, match=r"it looks like FER\+"):
        ImageFolder(tmp_path / "ferplus")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/state.json").touch()
    with pytest.raises(DataError, match="huggingface"):
        ImageFolder(tmp_path / "saved")
    (tmp_path / "list").mkdir()
    (tmp_path / "list/pictures.CSV").touch()
    with pytest.raises(DataError, match=r"if pictures\.CSV lists pictures, it is read as list"):
        ImageFolder(tmp_path / "list")
    (tmp_path / "hollow/train/happy").mkdir(parents=True)
    with pytest.raises(DataError, match="no picture of image folder's split train"):
        ImageFolder(tmp_path / "hollow")


@pytest.mark.skipif(os.name != "posix", reason="names are always Unicode elsewhere")
def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    root = write(tmp_path / "x", "happy/1.png")
    try:
        (root / "happy" / os.fsdecode(b"\xff.png")).touch()
    except OSError:
        pytest.skip("this file system has Unicode names only")
    with pytest.raises(DataError, match="is not UTF-8"):
        ImageFolder(root, "all")
