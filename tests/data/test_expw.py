from collections import Counter
from pathlib import Path

import more_copies
import numpy as np
import pytest

from mien.data import expw
from mien.data.expw import ExpW
from mien.errors import DataError, NotFound
from mien.expressions import BASIC8

# Faces by class in the list, 91,793 together.
COUNTS = (3_671, 3_995, 1_088, 30_537, 10_559, 7_060, 34_883)
SIZES = {"train": 68_845, "val": 9_179, "test": 13_769}


def line(
    image: str, face: int, label: int, box: str = "10 20 50 60", confidence: str = "98.5"
) -> str:
    """Top 10, left 20, right 50, bottom 60."""
    return f"{image} {face} {box} {confidence} {label}"


def full_list() -> list[str]:
    """As many faces as the real list, 1 to 7 in a picture, in mixed order."""
    random = np.random.default_rng(1)
    labels = random.permutation(np.repeat(np.arange(7), COUNTS))
    sizes = random.choice([1, 2, 3, 7], len(labels), p=[0.7, 0.2, 0.08, 0.02])
    images = np.repeat(np.arange(len(sizes)), sizes)[: len(labels)]
    first = np.r_[True, images[1:] != images[:-1]]
    faces = np.arange(len(images)) - np.maximum.accumulate(
        np.where(first, np.arange(len(images)), 0)
    )
    rows = [
        line(f"happy_actor_{image}.jpg", face, label)
        for image, face, label in zip(images, faces, labels, strict=True)
    ]
    return [rows[place] for place in random.permutation(len(rows))]


@pytest.fixture(scope="module")
def rows() -> list[str]:
    return full_list()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, rows: list[str]) -> dict[str, ExpW]:
    root = tmp_path_factory.mktemp("expw") / "copy"
    more_copies.write_expw(root, rows, [row.split()[0] for row in rows[:3]])
    return {split: ExpW(root, split) for split in ExpW.splits}


def test_full_list_gives_the_published_sizes_and_no_picture_twice(full: dict[str, ExpW]) -> None:
    data = full
    assert {split: len(one) for split, one in data.items()} == SIZES
    assert {one.split: one.images for one in ExpW.published} == SIZES
    total = sum(np.bincount(one.table.classes, minlength=7) for one in data.values())
    assert total.tolist() == list(COUNTS)
    images = {split: set(one.table.groups) for split, one in data.items()}
    assert not images["train"] & images["val"]
    assert not images["train"] & images["test"]
    assert not images["val"] & images["test"]
    names = [name for one in data.values() for name in one.names]
    assert len(set(names)) == 91_793


def test_split_is_random_in_class_and_in_faces_a_picture(full: dict[str, ExpW]) -> None:
    """Three standard deviations of a draw of pictures around the share of all."""
    shares = np.array(COUNTS) / sum(COUNTS)
    for split, size in SIZES.items():
        data = full[split]
        found = np.bincount(data.table.classes) / size
        assert (np.abs(found - shares) < 3 * np.sqrt(shares * (1 - shares) / size)).all()
        crowded = sum(count == 7 for count in Counter(data.table.groups).values()) * 7 / size
        assert crowded == pytest.approx(0.14 / 1.48, rel=0.15)


def test_split_does_not_depend_on_the_order_of_the_list(rows: list[str]) -> None:
    images = [row.split()[0] for row in rows[:5_000]]
    there = dict(zip(images, expw.parts(images).tolist(), strict=True))
    assert dict(zip(images[::-1], expw.parts(images[::-1]).tolist(), strict=True)) == there
    assert np.bincount(expw.parts(images)).tolist() == [3_750, 500, 750]


def test_split_stays_what_it_is() -> None:
    """Changing the rule would let old test faces into training."""
    images = [f"{number}.jpg" for number in range(20)]
    assert expw.parts(images).tolist() == (
        [0, 0, 0, 1, 0, 0, 0, 0, 2, 1, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0]
    )


def test_pictures_that_fit_nowhere_go_where_most_room_is() -> None:
    images = [f"{number // 3}.jpg" for number in range(60)]
    parts = expw.parts(images)
    assert all(len(set(parts[start : start + 3])) == 1 for start in range(0, 60, 3))
    assert np.abs(np.bincount(parts) - [45, 6, 9]).max() <= 3


def few(root: Path, *lines: str, folder: str = "image/origin") -> Path:
    """A copy whose lines all fall into train: further pictures fill the other splits."""
    more = [line(f"more_{number}.jpg", 0, 6) for number in range(200)]
    return more_copies.write_expw(root, [*lines, *more], ["a.jpg", "more_0.jpg"], folder)


def everything(root: Path) -> dict[str, tuple[ExpW, int]]:
    found = {}
    for split in ExpW.splits:
        data = ExpW(root, split)
        found |= {name: (data, place) for place, name in enumerate(data.names)}
    return found


def test_a_row_is_a_face_with_its_box(tmp_path: Path) -> None:
    root = few(
        tmp_path / "x",
        line("a.jpg", 0, 3),
        line("a.jpg", 1, 5, "0 5 25 30", "31.25"),
        line("name with spaces.jpg", 2, 0),
        line("b.jpg", 0, 1, "10 20 20 60"),
    )
    found = everything(root)
    data, place = found["a.jpg#1"]
    sample = data[place]
    assert sample.box == (5, 0, 20, 30)
    assert data.class_names[sample.label] == "surprise"
    assert sample.group == "a.jpg"
    assert sample.picture.shape == (40, 60, 3)
    assert data.table.attributes["confidence"][place] == "31.25"
    assert found["a.jpg#0"][0] is data
    assert data.classes_in(BASIC8)[place] == BASIC8.index("surprise")
    data, place = found["name with spaces.jpg#2"]
    assert data.table.files[place] == "image/origin/name with spaces.jpg"
    data, place = found["b.jpg#0"]
    assert np.isnan(data.table.boxes[place]).all()


def test_a_face_that_is_listed_again_stays_a_row(tmp_path: Path) -> None:
    root = few(tmp_path / "x", *[line("a.jpg", 0, 3)] * 3)
    assert {"a.jpg#0", "a.jpg#0#2", "a.jpg#0#3"} <= everything(root).keys()
    assert len(everything(root)) == 203


@pytest.mark.parametrize("folder", ["image/origin", "origin", "image"])
def test_pictures_are_found_in_each_layout(folder: str, tmp_path: Path) -> None:
    root = few(tmp_path / "x", line("a.jpg", 0, 3), folder=folder)
    (root / "label/label.lst").rename(root / "label.lst")
    (root / "label").rmdir()
    data, place = everything(root)["a.jpg#0"]
    assert data.table.files[place] == f"{folder}/a.jpg"
    assert ExpW(more_copies.zipped(root)).names == ExpW(root).names


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (line("a.jpg", 0, 7), "face 2 is damaged: 'a.jpg 0 10 20 50 60 98.5 7'"),
        (line("a.jpg", 0, -1), "face 2 is damaged"),
        ("a.jpg 0 10 20 50 60 3", "face 2 is damaged"),
        ("a.jpg 0 10 20 50 x 98.5 3", "face 2 is damaged"),
        ("a.jpg 0 10 20 50 nan 98.5 3", "face 2 is damaged"),
        ("a.jpg one 10 20 50 60 98.5 3", "face 2 is damaged"),
        (line("a.jpg", 0, 3).replace(" 3", " 3.5"), "face 2 is damaged"),
    ],
)
def test_damaged_rows_are_named(bad: str, message: str, tmp_path: Path) -> None:
    root = few(tmp_path / "x", line("a.jpg", 0, 0), bad)
    with pytest.raises(DataError, match=message):
        ExpW(root)


def test_wrong_copies(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        ExpW(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"neither label/label\.lst nor label\.lst is here"):
        ExpW(tmp_path)
    root = few(tmp_path / "x", line("a.jpg", 0, 0))
    with pytest.raises(DataError, match="ExpW's pictures alone"):
        ExpW(root / "image")
    with pytest.raises(DataError, match="ExpW seems to lie in its folder x"):
        ExpW(tmp_path)
    (root / "label/label.lst").write_bytes(b"\xff\xfe caf\xe9")
    with pytest.raises(DataError, match="not UTF-8"):
        ExpW(root)
    (root / "label/label.lst").write_text("\n")
    with pytest.raises(DataError, match="empty"):
        ExpW(root)
    more_copies.write_expw(tmp_path / "y", [line("a.jpg", 0, 0)], [])
    with pytest.raises(DataError, match=r"such as a\.jpg, is in image/origin, origin, image"):
        ExpW(tmp_path / "y")
