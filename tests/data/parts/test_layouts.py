import zipfile
from pathlib import Path

import pytest

from mien.data.archive import Archive
from mien.data.parts.layouts import guess_layout


def make(root: Path, kind: str, *files: str) -> Archive:
    """A copy of empty files, as a folder or a zip file."""
    if kind == "zip":
        with zipfile.ZipFile(root / "copy.zip", "w") as archive:
            for file in files:
                archive.writestr(file, b"")
        return Archive(root / "copy.zip", "a data set")
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return Archive(root, "a data set")


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("FER2013Train/label.csv", "it looks like FER+"),
        ("fer2013new.csv", "it looks like FER+"),
        ("EmoLabel/list_patition_label.txt", "it looks like RAF-DB"),
        ("basic/EmoLabel/list_patition_label.txt", "RAF-DB seems to lie in its folder basic"),
        ("val_set/annotations/0_exp.npy", "it looks like AffectNet's train_set and val_set"),
        ("train/angry/1.png", "it looks like a folder of classes in a folder of each split"),
        ("Train/Angry/1.png", "it looks like SFEW"),
        ("x/cropped_aligned/1/00001.jpg", "Aff-Wild2 seems to lie in its folder x"),
        ("readme.txt", "it looks like no layout that is known"),
        ("training.csv.bak", "it looks like no layout that is known"),
    ],
)
def test_layouts_are_known_by_a_file(tmp_path: Path, kind: str, file: str, expected: str) -> None:
    assert guess_layout(make(tmp_path, kind, file, "notes/other.txt")) == expected


def test_the_most_special_sign_counts(tmp_path: Path) -> None:
    copy = make(tmp_path, "folder", "train/1.jpg", "fairface_label_train.csv")
    assert guess_layout(copy) == "it looks like FairFace"


def test_empty_copies_look_like_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert guess_layout(make(tmp_path / "empty", "folder")).endswith("no layout that is known")
    assert guess_layout(make(tmp_path, "zip")).endswith("no layout that is known")
