from collections import Counter
from pathlib import Path

import affectnet_copy
import numpy as np
import pytest
import rafdb_copy

from mien.data.affectnet import AffectNet
from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.data.subsets import read_list, subset
from mien.errors import DataError, NotFound

AFFECTNET = {
    # papers.md 5.4: lines of each label, and unique pictures.
    "pose_30_affectnet_list.txt": ((230, 201, 263, 261, 263, 261, 270, 200), 1_944, 1_749),
    "pose_45_affectnet_list.txt": ((108, 106, 145, 132, 135, 137, 126, 96), 983, 889),
    "occlusion_affectnet_list.txt": ((102, 61, 56, 107, 100, 76, 90, 91), 683, 592),
}
RAF = {"rafdb_pose_30_list.txt": 1_247, "rafdb_pose_45_list.txt": 558}
HASHES = [affectnet_copy.hashed(str(number)) for number in range(5)]


@pytest.fixture
def affectnet(tmp_path: Path) -> Path:
    """Labels 0, 1, 7, 3 and, of a picture that is listed twice, 4."""
    rows = [
        affectnet_copy.row(f"{place}/{name}.jpg", label)
        for place, (name, label) in enumerate(zip(HASHES, (0, 1, 7, 3, 4), strict=True))
    ]
    rows.append(affectnet_copy.row(f"4/{HASHES[4]}.jpg", 4))
    return affectnet_copy.write_table(tmp_path / "copy", rows, "val")


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "list.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_form_of_a_line_names_the_picture(affectnet: Path, tmp_path: Path) -> None:
    data = AffectNet(affectnet, "val")
    path = write(
        tmp_path,
        f"4/{HASHES[4]}.jpg",
        f"1/{HASHES[1]}/8.jpg",
        f"val/7/{HASHES[2]}/",
        "",
        f"1/{HASHES[1]}.jpg\r",
    )
    assert subset(data, path).tolist() == [1, 2, 4]
    chosen = AffectNet(affectnet, "val", subset=path)
    assert list(chosen.names) == [data.names[row] for row in (1, 2, 4)]
    assert chosen.table.classes.tolist() == [1, 7, 4]


def test_contempt_is_left_out_with_seven_classes(affectnet: Path, tmp_path: Path) -> None:
    path = write(tmp_path, f"7/{HASHES[2]}.jpg", f"3/{HASHES[3]}.jpg")
    assert len(AffectNet(affectnet, "val", subset=path)) == 2
    seven = AffectNet(affectnet, "val", classes=7, subset=path)
    assert seven.table.classes.tolist() == [3]


def test_other_labels_and_missing_pictures_are_named(affectnet: Path, tmp_path: Path) -> None:
    data = AffectNet(affectnet, "val")
    path = write(tmp_path, f"0/{HASHES[0]}.jpg", f"2/{HASHES[3]}.jpg")
    with pytest.raises(DataError, match=f"{HASHES[3]} is sadness here and surprise in"):
        subset(data, path)
    path = write(tmp_path, f"0/{HASHES[0]}.jpg", "1/aa.jpg", "2/bb.jpg", "3/cc.jpg")
    with pytest.raises(DataError, match=r"aa and 2 more pictures of .* are not in the split val"):
        subset(data, path)
    path = write(tmp_path, "1/aa.jpg")
    with pytest.raises(DataError, match=r"aa of .* is not in the split val; is this the split"):
        AffectNet(affectnet, "val", subset=path)


def test_pictures_that_a_prepared_copy_leaves_out_are_counted(
    affectnet: Path, tmp_path: Path
) -> None:
    """Of the five listed, prepare could not read the second and the fourth."""
    original = AffectNet(affectnet, "val")
    affectnet_copy.write_pictures(affectnet, original.table.files, "")
    for row in (1, 3):
        (affectnet / original.table.files[row]).write_bytes(b"")
    prepare(original, tmp_path / "out", detector="none", jobs=1, unreadable="drop")
    path = write(
        tmp_path,
        *(f"{label}/{one}.jpg" for label, one in zip((0, 1, 7, 3, 4), HASHES, strict=True)),
    )
    data = AffectNet(tmp_path / "out", "val", subset=path)
    assert data.table.classes.tolist() == [0, 7, 4]
    (note,) = data.notes
    assert note.startswith(f"2 of the 5 pictures of {path} are not in this prepared copy")
    assert HASHES[1] in note
    more = write(tmp_path, path.read_text(), "1/aa.jpg")
    with pytest.raises(DataError, match="leaves out 2 pictures of its original, so it was made"):
        AffectNet(tmp_path / "out", "val", subset=more)


def test_lists_do_not_fit_the_numbers_of_the_newer_release(tmp_path: Path) -> None:
    root = affectnet_copy.write_arrays(tmp_path / "new", [1, 2, 3])
    with pytest.raises(DataError, match=r"numbered in this copy.*Manually_Annotated release"):
        AffectNet(root, "val", subset=write(tmp_path, f"1/{HASHES[1]}.jpg"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["1/aa.jpg", "a picture"], "line 2 names no label and picture: a picture"),
        (["8/aa.jpg"], "line 1 has the label 8; labels go from 0 to 7"),
        (["1/aa.jpg", "2/aa/8.jpg"], "line 2 calls aa sadness, an earlier line happiness"),
        ([""], "names no picture"),
    ],
)
def test_damaged_lists_are_named(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_list(write(tmp_path, *lines), AffectNet.labels)


def test_unreadable_lists_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        read_list(tmp_path / "nowhere", AffectNet.labels)
    with pytest.raises(DataError, match="not a readable list"):
        read_list(tmp_path, AffectNet.labels)
    (tmp_path / "list").write_bytes(b"1/\xe4.jpg\n")
    with pytest.raises(DataError, match="not a readable list"):
        read_list(tmp_path / "list", AffectNet.labels)


@pytest.mark.parametrize("name", AFFECTNET)
def test_lists_of_affectnet(shared_data: Path, tmp_path: Path, name: str) -> None:
    """papers.md 5.4, against a validation table of 500 pictures of each class."""
    counts, unique, seven = AFFECTNET[name]
    path = shared_data / "lists" / name
    lines = path.read_text().split()
    labels = Counter(line.removeprefix("val/")[0] for line in lines)
    assert tuple(labels[str(label)] for label in range(8)) == counts
    listed: dict[str, int] = {}
    for one in AFFECTNET:
        for line in (shared_data / "lists" / one).read_text().split():
            label, key = line.removeprefix("val/").split("/")[:2]
            listed[key.removesuffix(".jpg")] = int(label)
    rows = [
        affectnet_copy.row(f"{n}/{key}.JPG", one) for n, (key, one) in enumerate(listed.items())
    ]
    for label in range(8):
        lacking = 500 - sum(one == label for one in listed.values())
        rows += [affectnet_copy.row(affectnet_copy.path_of(n), label) for n in range(lacking)]
    root = affectnet_copy.write_table(tmp_path, rows, "val")
    assert len(AffectNet(root, "val")) == 4_000
    data = AffectNet(root, "val", subset=path)
    assert len(data) == unique
    hashes = {line.removeprefix("val/").split("/")[1].removesuffix(".jpg") for line in lines}
    assert {one.split("/")[1].removesuffix(".JPG") for one in data.names} == hashes
    fewer = AffectNet(root, "val", classes=7, subset=path)
    assert len(fewer) == unique - len({line for line in lines if "7" in line.split("/")[:2]})
    # Lines without label 7, of which each repeated one is a picture only once.
    assert sum(counts[:7]) == seven
    assert seven - len(fewer) <= len(lines) - unique


@pytest.fixture
def rafdb(shared_data: Path, tmp_path: Path) -> Path:
    """3,068 pictures of the test split, the listed ones with their labels."""
    labels = dict.fromkeys(rafdb_copy.names_of("test", 3_068), 7)
    for one in RAF:
        for line in (shared_data / "lists" / one).read_text().split():
            labels[line[2:11]] = int(line[0]) + 1
    for line in (shared_data / "lists" / "rafdb_occlusion_list.txt").read_text().splitlines():
        name, label, kind = line.split()
        assert kind in "1234"
        labels[name[:9]] = int(label) + 1
    return rafdb_copy.write_list(tmp_path, labels)


@pytest.mark.parametrize(("name", "unique"), [*RAF.items(), ("rafdb_occlusion_list.txt", 734)])
def test_lists_of_rafdb(shared_data: Path, rafdb: Path, name: str, unique: int) -> None:
    data = RAFDB(rafdb, "test", subset=shared_data / "lists" / name)
    assert len(data) == unique
    # No more of a class than the test split has, which no other order of the labels allows
    # for happiness.
    published = next(one.classes for one in RAFDB.published if one.images == 3_068)
    assert published is not None
    counts = np.bincount(data.table.classes, minlength=7)
    for expression, count in zip(data.labels, counts, strict=True):
        assert 0 < count <= published[expression]


def test_labels_of_rafdb_lists_are_in_the_native_order(shared_data: Path) -> None:
    """Pictures whose label is known from figures of others: anger, disgust and sadness."""
    listed = read_list(shared_data / "lists" / "rafdb_occlusion_list.txt", RAFDB.labels)
    listed |= read_list(shared_data / "lists" / "rafdb_pose_30_list.txt", RAFDB.labels)
    assert listed["test_0017"] == "anger"
    assert listed["test_0007"] == "disgust"
    assert listed["test_0003"] == "happiness"


def test_a_list_of_the_test_split_does_not_fit_training(tmp_path: Path) -> None:
    root = rafdb_copy.write_list(tmp_path, {"train_00001": 4, "test_0003": 4})
    path = write(tmp_path, "test_0003_aligned 3 4")
    assert list(RAFDB(root, "test", subset=path).names) == ["test_0003"]
    with pytest.raises(DataError, match=r"test_0003 of .* is not in the split train"):
        RAFDB(root, "train", subset=path)
