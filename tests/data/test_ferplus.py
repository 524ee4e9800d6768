from pathlib import Path

import cv2
import ferplus_copy
import numpy as np
import pytest

from mien.data.ferplus import FERPlus
from mien.data.ferplus_protocols import protocol_labels
from mien.errors import DataError, NotFound, UnknownName

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
    merged = FERPlus(root, merge_votes=True).votes
    assert merged[1].tolist() == merged[3].tolist() == [6, 12, 0, 0, 0, 0, 0, 0, 2, 0]
    assert np.array_equal(merged[[0, 2]], votes[[0, 2]])


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
    with pytest.raises(DataError, match=r"fer0000002\.png is not a picture of 48x48"):
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
