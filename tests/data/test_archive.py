from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest

from mien.data.archive import Archive
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.data.rafdb import RAFDB
from mien.data.sfew import SFEW
from mien.errors import DataError, NotFound


def zipped(path: Path, *members: str) -> Archive:
    """Files that hold their own names; names that end in ``/`` are folders."""
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, member)
    return Archive(path, "a data set")


def unpacked(path: Path, *members: str) -> Archive:
    for member in members:
        (path / member).parent.mkdir(parents=True, exist_ok=True)
        if not member.endswith("/"):
            (path / member).write_text(member)
    return Archive(path, "a data set")


@pytest.mark.parametrize("write", [zipped, unpacked])
def test_what_is_hidden_is_not_listed(write: type, tmp_path: Path) -> None:
    archive = write(
        tmp_path / "copy",
        *("a/2.png", "a/1.png", "a/._1.png", "a/Thumbs.db", "a/desktop.ini", "a/.git/x", "b.txt"),
        *(".DS_Store", "__MACOSX/a/._1.png", "c/d/3.png", "c/.hidden/4.png", "_left/5.png"),
    )
    assert list(archive.files()) == ["b.txt"]
    assert list(archive.files("a")) == list(archive.files("a/")) == ["a/1.png", "a/2.png"]
    assert list(archive.files("a", deep=True)) == ["a/1.png", "a/2.png"]
    everything = ["_left/5.png", "a/1.png", "a/2.png", "b.txt", "c/d/3.png"]
    assert sorted(archive.files(deep=True)) == everything
    assert list(archive.files("nowhere", deep=True)) == list(archive.files("nowhere")) == []
    assert archive.folders() == ["_left", "a", "c"]
    assert archive.folders("c") == ["d"]
    assert archive.folders("a") == archive.folders("nowhere") == []
    # What a table names is read, wherever it lies.
    assert archive.read("c/.hidden/4.png") == b"c/.hidden/4.png"
    assert archive.has("a/._1.png")


@pytest.mark.parametrize(
    ("members", "listed"),
    [
        (("top/x/1", "top/2"), ["2", "x/1"]),
        (("top/", "top/deep/", "top/deep/x/1", "top/deep/y/2"), ["x/1", "y/2"]),
        (("top/deep/deeper/x/1",), ["deeper/x/1"]),
        (("top/1", "top/2", "__MACOSX/top/._1", ".DS_Store"), ["1", "2"]),
        (("top/1", "readme.txt"), ["readme.txt", "top/1"]),
        (("top/1", "other/2"), ["other/2", "top/1"]),
        # A known layout begins here.
        (("FER2013Train/label.csv",), ["FER2013Train/label.csv"]),
        (("x/FER2013Train/label.csv",), ["FER2013Train/label.csv"]),
        (("val_set/annotations/1",), ["val_set/annotations/1"]),
        (("train/a/1", "train/b/2"), ["train/a/1", "train/b/2"]),
        (("top/My split/Happy/1",), ["My split/Happy/1"]),
        (("My split/Happy/1",), ["My split/Happy/1"]),
        (("happy/1",), ["happy/1"]),
        (("a/b/c/happy/1",), ["c/happy/1"]),
    ],
)
def test_the_folder_that_holds_everything_is_the_root(
    tmp_path: Path, members: tuple[str, ...], listed: list[str]
) -> None:
    archive = zipped(tmp_path / "copy.zip", *members)
    assert list(archive.files(deep=True)) == listed
    again = pickle.loads(pickle.dumps(archive))
    for one in listed:
        assert archive.has(one)
        content = archive.read(one)
        assert content is not None
        assert content.decode().endswith(one)
        assert again.read(one) == content
    # Only the folders that are left out are not found.
    assert archive.has(members[-1]) == (members[-1] in listed)


def test_readers_take_zip_files_with_outer_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "raf.zip", "w") as archive:
        archive.writestr("RAF-DB/basic/EmoLabel/list_patition_label.txt", "test_0001.jpg 4\n")
        archive.writestr("RAF-DB/basic/Image/aligned/test_0001_aligned.jpg", b"")
        archive.writestr("__MACOSX/RAF-DB/._basic", b"")
    data = RAFDB(tmp_path / "raf.zip", "test")
    assert data.labels[int(data.table.classes[0])] == "happiness"
    assert data.archive.has(data.table.files[0])
    with zipfile.ZipFile(tmp_path / "fer.zip", "w") as archive:
        votes = ",".join(["0"] * 9 + ["10"])
        archive.writestr("FERPlus/data/FER2013Train/label.csv", f"a.png,box,{votes}\n")
    assert list(FERPlus(tmp_path / "fer.zip").names) == ["a.png"]
    for names in (["Train/Angry"], ["Train_Aligned_Faces/Train_Aligned_Faces/Angry"]):
        with zipfile.ZipFile(tmp_path / "sfew.zip", "w") as archive:
            for kind in ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"):
                for name in names:
                    archive.writestr(f"SFEW/{name.replace('Angry', kind)}/X_000_001.png", b"")
        assert len(SFEW(tmp_path / "sfew.zip")) == 7
    with zipfile.ZipFile(tmp_path / "tested.zip", "w") as archive:
        archive.writestr("Test/X_000_001.png", b"")
    assert len(SFEW(tmp_path / "tested.zip", "test")) == 1
    with zipfile.ZipFile(tmp_path / "folder.zip", "w") as archive:
        archive.writestr("top/inner/test/happy/1.png", b"")
    assert ImageFolder.splits_in(tmp_path / "folder.zip") == ("test",)


def test_encrypted_files_are_called_so(tmp_path: Path) -> None:
    path = tmp_path / "copy.zip"
    zipped(path, "a.png", "b.png")
    content = bytearray(path.read_bytes())
    # The bit of encryption, in the entry and in the directory.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    archive = Archive(path, "a data set")
    assert archive.read("b.png") == b"b.png"
    with pytest.raises(DataError, match=r"copy\.zip: a\.png is encrypted; unpack the zip file"):
        archive.read("a.png")


def test_other_compressions_and_damage_are_named(tmp_path: Path) -> None:
    path = tmp_path / "copy.zip"
    zipped(path, "a.png")
    whole = path.read_bytes()
    content = bytearray(whole)
    content[8] = content[content.index(b"PK\x01\x02") + 10] = 97  # of WavPack
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png cannot be read \(.*; unpack the zip file first"):
        Archive(path, "a data set").read("a.png")
    path.write_bytes(whole.replace(b"a.pnga.png", b"a.pngb.png"))
    with pytest.raises(DataError, match=r"a\.png cannot be read \(.*; copy the zip file again"):
        Archive(path, "a data set").read("a.png")


def test_other_roots_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no a data set at this path"):
        Archive(tmp_path / "nowhere", "a data set")
    (tmp_path / "text").write_text("text")
    with pytest.raises(DataError, match="neither a folder nor a zip file"):
        Archive(tmp_path / "text", "a data set")
    assert list(zipped(tmp_path / "empty.zip").files(deep=True)) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a right to")
def test_folders_that_are_links_are_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "copy" / "a").mkdir(parents=True)
    (tmp_path / "copy" / "a" / "1.jpg").touch()
    (tmp_path / "copy" / "b").symlink_to(tmp_path / "copy" / "a")
    archive = Archive(tmp_path / "copy", "FER+")
    assert list(archive.files(deep=True)) == list(archive.files(deep=True)) == ["a/1.jpg"]
    assert len(caplog.messages) == 1
    assert "links to folders are not followed (1, such as b)" in caplog.messages[0]
    assert list(archive.files("b")) == ["b/1.jpg"]
