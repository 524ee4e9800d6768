from pathlib import Path

import cv2
import ferplus_copy
import numpy as np
import pytest

from mien.data.ferplus import FERPlus
from mien.data.ferplus_protocols import protocol_labels
from mien.data.packed import pack
from mien.data.preparing.prepare import prepare
from mien.data.reader_options import options_from_text
from mien.errors import DataError, ModelError, NotFound, UnknownName

TRAIN = ferplus_copy.make_faces(6)
TEST = ferplus_copy.make_faces(3, seed=1)
SPLITS = {"FER2013Train": TRAIN, "FER2013Valid": TEST}


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    return ferplus_copy.write_folders(tmp_path / "copy with spaces ä", SPLITS)


@pytest.mark.parametrize("layout", ["folders", "zip", "csv"])
def test_all_layouts_give_the_same_faces_and_votes(
    layout: str, folders: Path, tmp_path: Path
) -> None:
    root = folders
    if layout == "zip":
        root = ferplus_copy.zip_folder(folders, tmp_path / "ferplus.zip")
    if layout == "csv":
        root = ferplus_copy.write_csv(tmp_path / "csv", SPLITS)
    for split, (images, votes) in (("train", TRAIN), ("public-test", TEST)):
        data = FERPlus(root, split)
        assert np.array_equal(data.images, images)
        assert np.array_equal(data.votes, votes)
    assert data.names == [f"fer{number:07d}.png" for number in (6, 7, 8)]


def test_fingerprint_changes_with_one_vote(folders: Path) -> None:
    before = FERPlus(folders).fingerprint
    assert before == FERPlus(folders).fingerprint
    table = folders / "FER2013Train/label.csv"
    table.write_text(table.read_text().replace(",8,", ",7,", 1))
    assert FERPlus(folders).fingerprint != before


def test_votes_of_copies_are_merged(tmp_path: Path) -> None:
    images, votes = ferplus_copy.make_faces(4)
    images[3] = images[1]
    votes[1], votes[3] = [6, 4, 0, 0, 0, 0, 0, 0, 0, 0], [0, 8, 0, 0, 0, 0, 0, 0, 2, 0]
    root = ferplus_copy.write_folders(tmp_path / "x", {"FER2013Train": (images, votes)})
    data = FERPlus(root, merge_votes=True)
    merged = data.votes
    assert merged[1].tolist() == merged[3].tolist() == [6, 12, 0, 0, 0, 0, 0, 0, 2, 0]
    assert np.array_equal(merged[[0, 2]], votes[[0, 2]])
    # Neutral was ahead of happiness in the second picture alone.
    assert FERPlus(root).table.classes[[1, 3]].tolist() == [0, 1]
    assert data.table.classes[[1, 3]].tolist() == [1, 1]
    assert np.array_equal(data.table.votes, merged)
    assert np.array_equal(data[1].votes, merged[1])
    assert data[1].label == 1
    # A copy that was made of it has the sums, which are not summed again.
    pack([data], tmp_path / "merged.zip")
    assert np.array_equal(FERPlus(tmp_path / "merged.zip", merge_votes=True).votes, merged)


def test_the_protocol_decides_the_classes_of_every_copy(tmp_path: Path) -> None:
    images, _ = ferplus_copy.make_faces(4)
    votes = np.zeros((4, 10), int)
    votes[0, 2] = 10  # surprise by each of the protocols
    votes[1, [3, 8]] = 4, 6  # unknown, else sadness
    votes[2, [4, 5, 6]] = 4, 3, 3  # anger, by less than half of the votes
    votes[3, [0, 9]] = 2, 8  # not a face, else neutral
    root = ferplus_copy.write_folders(tmp_path / "x", {"FER2013Train": (images, votes)})
    expected = {"majority": [2, -1, -1, -1], "argmax": [2, -1, 4, -1], "all": [2, 3, 4, 0]}
    prepare(FERPlus(root, protocol="all"), tmp_path / "out", detector="none", size=48, jobs=1)
    for copy in (root, tmp_path / "out"):
        assert FERPlus(copy).table.classes.tolist() == expected["argmax"]
        for protocol, classes in expected.items():
            data = FERPlus(copy, protocol=protocol)
            assert data.table.classes.tolist() == classes
            assert [data[row].label for row in range(4)] == [
                None if one == -1 else one for one in classes
            ]
    assert options_from_text("ferplus", {"protocol": "majority"}) == {"protocol": "majority"}
    with pytest.raises(ModelError, match="choose one of majority, argmax, all"):
        FERPlus(root, protocol="most")
    with pytest.raises(DataError, match=r"labels=fer2013new\.csv chooses something in an orig"):
        FERPlus(tmp_path / "out", labels="fer2013new.csv")


@pytest.mark.parametrize("layout", ["folders", "csv"])
def test_names_are_unique_where_the_votes_file_repeats_them(layout: str, tmp_path: Path) -> None:
    """One name twice; the row without one stands where another row's picture is numbered."""
    images, votes = ferplus_copy.make_faces(5)
    votes[3, :2] = 3, 7
    splits = {"FER2013Train": (images, votes)}
    write = ferplus_copy.write_folders if layout == "folders" else ferplus_copy.write_csv
    root = write(tmp_path / "x", splits)
    names = ["fer0000000.png", "", "fer0000001.png", "fer0000001.png", "fer0000004.png"]
    rows = [["Training", name, *map(str, row)] for name, row in zip(names, votes, strict=True)]
    lines = ["Usage,Image name,a,b,c,d,e,f,g,h,i,j", *(",".join(row) for row in rows)]
    (root / "fer2013new.csv").write_text("\n".join(lines))
    data = FERPlus(root, labels="fer2013new.csv")
    named = ["fer0000000.png", "fer0000001.png", "fer0000001.png#2", "fer0000004.png"]
    if layout == "csv":
        assert list(data.names) == [named[0], "row0000001.png", *named[1:]]
        assert np.array_equal(data.images, images)
        assert np.array_equal(data.votes, votes)
    else:
        assert list(data.names) == named
        assert data.table.files[1] == data.table.files[2] == "FER2013Train/fer0000001.png"
        assert np.array_equal(data.votes, votes[[0, 2, 3, 4]])


def test_bad_roots_are_named(tmp_path: Path, folders: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        FERPlus(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"neither FER2013Train/label\.csv nor fer2013\.csv"):
        FERPlus(tmp_path / "empty")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(DataError, match="neither a folder nor a zip"):
        FERPlus(tmp_path / "text.zip")
    with pytest.raises(UnknownName, match="did you mean train"):
        FERPlus(folders, "trian")
    with pytest.raises(DataError, match=r"fer2013new\.csv is missing"):
        FERPlus(folders, labels="fer2013new.csv")


def test_damaged_pictures_are_named(folders: Path) -> None:
    (folders / "FER2013Train/fer0000002.png").unlink()
    with pytest.raises(DataError, match=r"fer0000002\.png is missing"):
        _ = FERPlus(folders).images
    (folders / "FER2013Train/fer0000002.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"fer0000002\.png is empty"):
        _ = FERPlus(folders).images
    cv2.imwrite(str(folders / "FER2013Train/fer0000002.png"), np.zeros((50, 48), np.uint8))
    with pytest.raises(DataError, match=r"fer0000002\.png is not a picture of 48x48"):
        _ = FERPlus(folders).images


def test_damaged_votes_are_named(folders: Path) -> None:
    table = folders / "FER2013Train/label.csv"
    table.write_text(table.read_text().replace(",8,", ",many,", 1))
    with pytest.raises(DataError, match=r"label\.csv is damaged"):
        FERPlus(folders)


def test_real_archive_has_the_published_counts(shared_data: Path) -> None:
    """Counts of papers.md section 6 and 9.10, from label.csv."""
    root = shared_data / "ferplus.zip"
    train, test = FERPlus(root, "train"), FERPlus(root, "public-test")
    assert (len(train), len(test)) == (28_558, 3_579)
    majority, kept = protocol_labels(train.votes, "majority")
    assert np.bincount(majority[kept]).tolist() == [8733, 7284, 3136, 3022, 2098, 116, 536, 120]
    assert protocol_labels(train.votes, "argmax")[1].sum() == 28_385
    assert protocol_labels(test.votes, "majority")[1].sum() == 3_191
    assert protocol_labels(test.votes, "argmax")[1].sum() == 3_555
    other = FERPlus(root, "public-test", labels="fer2013new.csv")
    votes = dict(zip(other.names, other.votes.tolist(), strict=True))
    differing = [
        name
        for name, row in zip(test.names, test.votes.tolist(), strict=True)
        if votes[name] != row
    ]
    assert len(differing) == 246
    names = FERPlus(root, "train", labels="fer2013new.csv").names
    assert len(names) == 28_561
    for split in ("train", "public-test"):
        for labels in ("label.csv", "fer2013new.csv"):
            data = FERPlus(root, split, labels=labels)
            assert len(set(data.names)) == len(data)
    assert {one for one in names if "#" in one} == {
        *("fer0006953.png#2", "fer0011785.png#2", "fer0008403.png#2"),
    }
