import math
from pathlib import Path

import numpy as np
import pytest
import rafdb_copy

from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.errors import DataError, ModelError, NotFound, UnknownName
from mien.expressions import BASIC7

TRAIN = (1290, 281, 717, 4772, 1982, 705, 2524)
TEST = (329, 74, 160, 1185, 478, 162, 680)
LABELS = {
    **dict(zip(rafdb_copy.names_of("train", 7), (1, 2, 3, 4, 5, 6, 7), strict=True)),
    **dict(zip(rafdb_copy.names_of("test", 3), (4, 7, 1), strict=True)),
}
TESTED = rafdb_copy.names_of("test", 3)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """All pictures of three folders, with what is known of the originals."""
    root = rafdb_copy.write_list(tmp_path / "RAF DB ä", LABELS)
    for images in rafdb_copy.SUFFIXES:
        rafdb_copy.write_pictures(root, list(LABELS), images)
    return rafdb_copy.write_annotations(root, TESTED)


def test_whole_list_has_the_published_counts(tmp_path: Path) -> None:
    labels = {}
    for split, counts in (("train", TRAIN), ("test", TEST)):
        numbers = np.repeat(np.arange(1, 8), counts)
        np.random.default_rng(0).shuffle(numbers)
        names = rafdb_copy.names_of(split, sum(counts))
        labels |= dict(zip(names, numbers.tolist(), strict=True))
    root = rafdb_copy.write_list(tmp_path, labels)
    for split, counts, size in (("train", TRAIN, 12_271), ("test", TEST, 3_068)):
        data = RAFDB(root, split)
        assert len(data) == size == next(p.images for p in RAFDB.published if p.split == split)
        assert tuple(np.bincount(data.table.classes)) == counts
        assert [labels[name] - 1 for name in data.names] == data.table.classes.tolist()


def test_published_counts_give_the_length_of_an_epoch_of_apvit() -> None:
    """papers.md 4.2: each picture ceil(max(1, sqrt(0.15 / share))) times makes 15,545."""
    whole, smaller = (one for one in RAFDB.published if one.split == "train")
    assert whole.classes is not None
    counts = whole.classes.values()
    assert whole.images == sum(counts) == 12_271
    epoch = sum(n * math.ceil(max(1, math.sqrt(0.15 * whole.images / n))) for n in counts)
    assert epoch == 15_545
    # papers.md 5.3: one fewer in each class.
    assert whole.images - smaller.images == 7


@pytest.mark.parametrize("images", ["aligned", "aligned_224", "original"])
def test_every_folder_gives_the_same_names_and_its_own_pictures(copy: Path, images: str) -> None:
    data = RAFDB(copy, "test", images=images)
    assert list(data.names) == ["test_0001", "test_0002", "test_0003"]
    assert [data.labels.expressions[one] for one in data.table.classes] == [
        "happiness",
        "neutral",
        "surprise",
    ]
    sides = {"aligned": (100, 100, 3), "aligned_224": (224, 224, 3), "original": (150, 200, 3)}
    sample = data[2]
    assert sample.picture.shape == sides[images]
    assert sample.label == 0
    # The third of the test pictures is the tenth of all.
    assert abs(int(sample.picture[50, 50, 0]) - 90) <= 1
    assert data.side == {"aligned": 100, "aligned_224": 224, "original": None}[images]
    assert (sample.box is None) == (images != "original")


def test_native_order_is_that_of_the_papers(copy: Path) -> None:
    data = RAFDB(copy, "train")
    assert list(data.labels) == [
        *("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
    ]
    assert data.table.classes.tolist() == [0, 1, 2, 3, 4, 5, 6]
    # Neutral, happiness, surprise, sadness, anger, disgust, fear.
    assert data.classes_in(BASIC7).tolist() == [2, 6, 5, 1, 3, 4, 0]


def test_zip_file_and_folder_basic_read_alike(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "above").mkdir()
    (tmp_path / "above" / "basic").symlink_to(copy)
    zipped = rafdb_copy.zip_folder(copy, tmp_path / "raf.zip")
    expected = RAFDB(copy, "test", images="original")
    for root in (zipped, tmp_path / "above"):
        data = RAFDB(root, "test", images="original")
        assert list(data.names) == list(expected.names)
        assert np.array_equal(data.picture(1), expected.picture(1))
        assert np.array_equal(data.table.landmarks, expected.table.landmarks)
        assert data.fingerprint == expected.fingerprint


@pytest.mark.parametrize("ending", ["", "_aligned"])
def test_two_lists_of_apvit_say_the_same(copy: Path, ending: str) -> None:
    expected = {split: RAFDB(copy, split, images="aligned_224") for split in ("train", "test")}
    (copy / rafdb_copy.LIST).unlink()
    for split in ("train", "test"):
        lines = [f"{one}{ending}.jpg {LABELS[one]}\n" for one in LABELS if one.startswith(split)]
        (copy / "EmoLabel" / f"{split}.txt").write_text("".join(lines))
    for split, one in expected.items():
        data = RAFDB(copy, split, images="aligned_224")
        assert list(data.names) == list(one.names)
        assert data.fingerprint == one.fingerprint
    (copy / "EmoLabel/test.txt").unlink()
    with pytest.raises(DataError, match=r"EmoLabel/test\.txt; .* it looks like RAF-DB"):
        RAFDB(copy, "test")


def test_a_prepared_copy_has_no_folders_of_pictures(copy: Path, tmp_path: Path) -> None:
    prepare(RAFDB(copy, "test"), tmp_path / "out", detector="none", jobs=1)
    assert len(RAFDB(tmp_path / "out", "test", images="aligned")) == 3
    with pytest.raises(DataError, match=r"images=original chooses something in an original"):
        RAFDB(tmp_path / "out", "test", images="original")


def test_originals_have_boxes_landmarks_and_attributes(copy: Path) -> None:
    data = RAFDB(copy, "test", images="original")
    assert data.table.boxes.tolist() == [[40 + place, 30, 70, 90] for place in range(3)]
    assert data[1].box == (41, 30, 70, 90)
    expected = np.stack([rafdb_copy.points_of(place) for place in range(3)])
    assert np.array_equal(data.table.landmarks, expected)
    assert data.table.attributes == {
        "gender": ["male", "female", "unsure"],
        "race": ["Caucasian", "African-American", "Asian"],
        "age": ["0-3", "4-19", "20-39"],
    }
    # A copy without these files is read as well.
    train = RAFDB(copy, "train", images="original")
    assert train.table.boxes is train.table.landmarks is None
    assert not train.table.attributes


def test_damaged_annotations_are_named(copy: Path) -> None:
    box = copy / "Annotation/boundingbox/test_0002_boundingbox.txt"
    whole = box.read_text()
    for text, message in (
        ("41 30 111", r"test_0002_boundingbox\.txt does not hold 4 numbers"),
        ("41 30 111 nan", "does not hold 4 numbers"),
        ("41 30 111 far", r"test_0002_boundingbox\.txt is damaged \(.*far"),
    ):
        box.write_text(text)
        with pytest.raises(DataError, match=message):
            RAFDB(copy, "test", images="original")
    box.unlink()
    with pytest.raises(DataError, match=r"test_0002_boundingbox\.txt is missing"):
        RAFDB(copy, "test", images="original")
    box.write_text(whole)
    manual = copy / "Annotation/manual/test_0003_manu_attri.txt"
    manual.write_text(manual.read_text().replace("\n2\n2\n2\n", "\n2\n3\n2\n"))
    with pytest.raises(DataError, match=r"test_0003_manu.* has the race 3; it goes from 0 to 2"):
        RAFDB(copy, "test", images="original")
    # Nothing of this is read for aligned pictures.
    assert len(RAFDB(copy, "test")) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train_00001.jpg 8\n", "line 1 .* has the label 8; labels go from 1 to 7"),
        ("train_00001.jpg 1\ntrain_00002.jpg 0\n", "line 2 .* has the label 0"),
        ("train_00001.jpg 1\ntrain_00002.jpg\n", "line 2 .* is not like 'train_00001.jpg 5'"),
        ("train_00001.jpg 1\nanother_1.jpg 3\n", r"is not like.*another_1\.jpg"),
        ("train_00001.jpg 1\ntrain_00001.jpg 2\n", "lists train_00001 twice"),
        ("", "no picture of RAF-DB's split train is listed"),
    ],
)
def test_damaged_lists_are_named(tmp_path: Path, text: str, message: str) -> None:
    root = rafdb_copy.write_list(tmp_path, {})
    (root / rafdb_copy.LIST).write_text(text)
    with pytest.raises(DataError, match=message):
        RAFDB(root, "train")


def test_list_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    root = rafdb_copy.write_list(tmp_path, {})
    (root / rafdb_copy.LIST).write_bytes("tr\xe4in_00001.jpg 5\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"list_patition_label\.txt is not UTF-8 text"):
        RAFDB(root, "train")


def test_wrong_layouts_are_named(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        RAFDB(tmp_path / "nowhere")
    with pytest.raises(UnknownName, match="did you mean train"):
        RAFDB(copy, "trian")
    with pytest.raises(DataError, match="RAF-DB seems to lie in its folder RAF DB ä"):
        RAFDB(tmp_path)
    other = tmp_path / "other"
    (other / "train_set" / "annotations").mkdir(parents=True)
    with pytest.raises(DataError, match="looks like AffectNet's train_set and val_set"):
        RAFDB(other)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"list_patition_label\.txt is missing.*no layout that"):
        RAFDB(tmp_path / "empty")
    with pytest.raises(ModelError, match="choose one of aligned, aligned_224, original"):
        RAFDB(copy, images="cropped")  # type: ignore[arg-type]


def test_missing_pictures_are_noticed_when_asked_for(copy: Path) -> None:
    (copy / "Image/aligned/test_0002_aligned.jpg").unlink()
    data = RAFDB(copy, "test")
    with pytest.raises(DataError, match=r"Image/aligned/test_0002_aligned\.jpg is missing"):
        data[1]
    assert data[0].name == "test_0001"
