from pathlib import Path

import more_copies
import numpy as np
import pytest

from mien.data.preparing.prepare import prepare
from mien.data.sfew import SFEW
from mien.errors import DataError, ModelError, NotFound, UnknownName
from mien.expressions import BASIC8

# 958 and 436, the sizes that the papers give; 891 and 431, the aligned faces.
TRAIN = (178, 66, 98, 198, 150, 172, 96)
VAL = (77, 23, 47, 73, 86, 73, 57)
ALIGNED_TRAIN = (178, 52, 78, 184, 144, 161, 94)
ALIGNED_VAL = (77, 23, 46, 72, 84, 73, 56)
FEW = (2, 1, 1, 3, 1, 1, 1)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sfew") / "copy ä"
    more_copies.write_sfew(root / "Train", TRAIN, ("AlexEmma", "HarryPotter_Deathly_Hallows_1"))
    more_copies.write_sfew(root / "Val", VAL)
    (root / "Test").mkdir()
    for number in range(372):
        (root / "Test" / f"{number}.png").write_bytes(more_copies.picture(8, 6))
    return root


def published(split: str) -> set[int]:
    return {one.images for one in SFEW.published if one.split == split}


def test_counts_classes_and_names(frames: Path) -> None:
    train, val, test = (SFEW(frames, split) for split in SFEW.splits)
    assert (len(train), len(val), len(test)) == (958, 436, 372)
    assert np.bincount(train.table.classes).tolist() == list(TRAIN)
    assert np.bincount(val.table.classes).tolist() == list(VAL)
    assert train.class_names == (
        *("anger", "disgust", "fear", "happiness"),
        *("neutral", "sadness", "surprise"),
    )
    assert train.names[0] == "Angry/AlexEmma_000000000_00000034.png"
    assert train.table.files[0] == f"Train/{train.names[0]}"
    assert len(set(train.names)) == 958
    assert train[957].label == train.labels.index("surprise")
    assert train[957].picture.shape == (6, 8, 3)


def test_test_split_has_no_labels(frames: Path) -> None:
    test = SFEW(frames, "test")
    assert (test.classes_in(BASIC8) == -1).all()
    assert test[0].label is None
    assert test.names[0] == "0.png"


def test_groups_are_movies_whose_names_may_hold_numbers(frames: Path) -> None:
    train = SFEW(frames)
    assert set(train.table.groups) == {"AlexEmma", "HarryPotter_Deathly_Hallows_1"}
    place = list(train.names).index("Angry/HarryPotter_Deathly_Hallows_1_000000001_00000034.png")
    assert train[place].group == "HarryPotter_Deathly_Hallows_1"
    assert len(set(SFEW(frames, "test").table.groups)) == 372


def test_sizes_are_published(frames: Path, tmp_path: Path) -> None:
    assert len(SFEW(frames)) in published("train")
    assert len(SFEW(frames, "val")) in published("val")
    assert 425 in published("val")
    more_copies.write_sfew(tmp_path / "Train_Aligned_Faces", ALIGNED_TRAIN)
    more_copies.write_sfew(tmp_path / "Val_Aligned_Faces_new/Val_Aligned_Faces", ALIGNED_VAL)
    for split in ("train", "val"):
        data = SFEW(tmp_path, split)
        (known,) = (one for one in SFEW.published if one.split == split and one.classes)
        assert len(data) == known.images
        counts = np.bincount(data.table.classes).tolist()
        assert dict(zip(data.class_names, counts, strict=True)) == known.classes


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ("Train/Train_Aligned_Faces", "Val/Val_Aligned_Faces"),
        ("Train/Train_Aligned_Faces", "Val/Val_Aligned_Faces_new/Val_Aligned_Faces"),
        ("Train_Aligned_Faces", "Val_Aligned_Faces"),
        ("Train_Aligned_Faces", "Val_Aligned_Faces_new"),
        ("Train_Aligned_Faces/Train_Aligned_Faces", "Val_Aligned_Faces/Val_Aligned_Faces"),
    ],
)
def test_aligned_faces_have_the_names_of_their_frames(train: str, val: str, tmp_path: Path) -> None:
    more_copies.write_sfew(tmp_path / train, FEW)
    more_copies.write_sfew(tmp_path / val, FEW[::-1])
    names = list(SFEW(tmp_path).names)
    assert len(names) == sum(FEW)
    assert np.bincount(SFEW(tmp_path, "val").table.classes).tolist() == list(FEW[::-1])
    more_copies.write_sfew(tmp_path / "other/Train", FEW)
    assert list(SFEW(tmp_path / "other").names) == names


@pytest.mark.parametrize("place", ["Train", "train", "TRAIN/Train", "Train/Train"])
def test_case_and_doubled_folders_do_not_matter(place: str, tmp_path: Path) -> None:
    more_copies.write_sfew(tmp_path / "x/Train", FEW)
    expected = SFEW(tmp_path / "x")
    more_copies.write_sfew(tmp_path / "y" / place, FEW)
    (tmp_path / "y" / place / "Happy").rename(tmp_path / "y" / place / "HAPPY ")
    (tmp_path / "y" / place / "HAPPY ").rename(tmp_path / "y" / place / "hAPPY")
    for root in (tmp_path / "y", more_copies.zipped(tmp_path / "y")):
        data = SFEW(root)
        assert data.names == expected.names
        assert np.array_equal(data.table.classes, expected.table.classes)
        assert data.fingerprint == expected.fingerprint
        assert "_by_folder" not in vars(data)  # readers travel to worker processes


@pytest.mark.parametrize("place", ["Test", "test", "Test/Test", "test/Test"])
def test_the_test_split_may_lie_in_two_folders(place: str, tmp_path: Path) -> None:
    (tmp_path / place).mkdir(parents=True)
    for number in range(3):
        (tmp_path / place / f"{number}.PNG").write_bytes(more_copies.picture(8, 6))
    data = SFEW(tmp_path, "test")
    assert list(data.names) == ["0.PNG", "1.PNG", "2.PNG"]
    assert data.picture(2).shape == (6, 8, 3)
    with pytest.raises(DataError, match="has the layout frames of the split test"):
        SFEW(tmp_path, "val")


def test_a_prepared_copy_has_no_layouts(tmp_path: Path) -> None:
    more_copies.write_sfew(tmp_path / "x/Train", FEW)
    prepare(SFEW(tmp_path / "x"), tmp_path / "out", detector="none", size=16, jobs=1)
    assert len(SFEW(tmp_path / "out")) == sum(FEW)
    with pytest.raises(DataError, match="layout=frames chooses something in an original copy"):
        SFEW(tmp_path / "out", layout="frames")


def test_layout_chooses_where_a_copy_has_both(tmp_path: Path) -> None:
    more_copies.write_sfew(tmp_path / "Train", FEW)
    more_copies.write_sfew(tmp_path / "Train/Train_Aligned_Faces", (1,) * 7)
    assert len(SFEW(tmp_path)) == len(SFEW(tmp_path, layout="frames")) == sum(FEW)
    assert len(SFEW(tmp_path, layout="aligned")) == 7
    with pytest.raises(ModelError, match="layout"):
        SFEW(tmp_path, layout="cropped")  # type: ignore[arg-type]


def test_zip_files_are_read_the_same(tmp_path: Path) -> None:
    more_copies.write_sfew(tmp_path / "x/Train", FEW)
    data = SFEW(more_copies.zipped(tmp_path / "x"))
    assert data.names == SFEW(tmp_path / "x").names
    assert np.array_equal(data.picture(3), SFEW(tmp_path / "x").picture(3))
    assert data.fingerprint == SFEW(tmp_path / "x").fingerprint


def test_files_that_are_no_pictures_are_passed_over(tmp_path: Path) -> None:
    more_copies.write_sfew(tmp_path / "Train", FEW)
    (tmp_path / "Train/Happy/Thumbs.db").write_bytes(b"x")
    (tmp_path / "Train/Happy/._a_1_2.png").write_bytes(b"x")
    assert len(SFEW(tmp_path)) == sum(FEW)


def test_incomplete_and_foreign_copies(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no SFEW"):
        SFEW(tmp_path / "nowhere")
    with pytest.raises(DataError, match="looks like no layout"):
        SFEW(tmp_path)
    more_copies.write_sfew(tmp_path / "Train", (1, 0, 1, 1, 1, 1, 0))
    with pytest.raises(DataError, match=r"Train/Disgust, Train/Surprise; the copy is incomplete"):
        SFEW(tmp_path)
    with pytest.raises(DataError, match="Train has the layout frames of the split train"):
        SFEW(tmp_path, "val")
    with pytest.raises(DataError, match="Train has the layout frames"):
        SFEW(tmp_path, layout="aligned")
    with pytest.raises(DataError, match="one split alone"):
        SFEW(tmp_path / "Train")
    with pytest.raises(UnknownName, match="split of SFEW"):
        SFEW(tmp_path, "validation")
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "EmoLabel/list_patition_label.txt").write_text("")
    (tmp_path / "Train").rename(tmp_path / "Other")
    with pytest.raises(DataError, match="RAF-DB"):
        SFEW(tmp_path)


def test_damaged_picture_is_named(tmp_path: Path) -> None:
    more_copies.write_sfew(tmp_path / "Train", FEW)
    data = SFEW(tmp_path)
    (tmp_path / data.table.files[0]).write_bytes(b"")
    with pytest.raises(DataError, match=r"AlexEmma_000000000_00000034\.png is empty"):
        data.picture(0)
