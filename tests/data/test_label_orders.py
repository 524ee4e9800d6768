"""The native order of every data set's classes, number by number as the files have them.

Orders stand here as literal names. Each is read through a copy in the set's own layout that
holds every number, so that neither the label set nor its use can change unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import affectnet_copy
import cv2
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

from mien.data.affectnet import AffectNet
from mien.data.affwild2 import AffWild2
from mien.data.catalogue import READERS
from mien.data.cifar10 import CIFAR10
from mien.data.expw import ExpW
from mien.data.fairface import FairFace
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.data.listing import Listing
from mien.data.rafdb import RAFDB
from mien.data.reader import Reader
from mien.data.sfew import SFEW
from mien.expressions import BASIC8, LabelSet

ORDERS = {
    "affectnet": (
        *("neutral", "happiness", "sadness", "surprise"),
        *("fear", "disgust", "anger", "contempt"),
    ),
    "affwild2": ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise"),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    "expw": ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
    "ferplus": (
        *("neutral", "happiness", "surprise", "sadness"),
        *("anger", "disgust", "fear", "contempt"),
    ),
    "rafdb": ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"),
    "sfew": ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
}
"""What the numbers from 0 stand for; RAF-DB's files count from 1, SFEW has folders by name."""

USUAL = ORDERS["ferplus"]
"""The order of sets whose classes are given by names alone."""


def affectnet(root: Path) -> Reader:
    rows = [affectnet_copy.row(affectnet_copy.path_of(label), label) for label in range(8)]
    return AffectNet(affectnet_copy.write_table(root, rows))


def affectnet_arrays(root: Path) -> Reader:
    return AffectNet(affectnet_copy.write_arrays(root, range(8)), "val")


def affwild2(root: Path) -> Reader:
    for part, video in (("Train_Set", "video1"), ("Validation_Set", "video2")):
        path = root / "annotations/EXPR_Set" / part / f"{video}.txt"
        more_copies.write_annotation(path, more_copies.AFFWILD2_HEADER, range(7))
    more_copies.write_faces(root, "video1", range(1, 8))
    return AffWild2(root)


def cifar10(root: Path) -> Reader:
    batches = {f"data_batch_{number}": more_copies.cifar10_records(10) for number in range(1, 6)}
    more_copies.write_cifar10_binary(root / "cifar-10-batches-bin", batches)
    return CIFAR10(root)


def expw(root: Path) -> Reader:
    # Split by chance: many of each.
    rows = [f"face_{place}.jpg 0 5 10 45 35 60 {place % 7}" for place in range(140)]
    return ExpW(more_copies.write_expw(root, rows, ["face_0.jpg"]), "train")


def ferplus(root: Path) -> Reader:
    images, _ = ferplus_copy.make_faces(8)
    votes = np.zeros((8, 10), int)
    np.fill_diagonal(votes, 10)
    return FERPlus(ferplus_copy.write_folders(root, {"FER2013Train": (images, votes)}))


def rafdb(root: Path) -> Reader:
    names = rafdb_copy.names_of("train", 7)
    labels = {name: number for number, name in enumerate(names, 1)}
    return RAFDB(rafdb_copy.write_list(root, labels))


def sfew(root: Path) -> Reader:
    more_copies.write_sfew(root / "Train", [1] * 7)
    return SFEW(root)


SETS = (affectnet, affectnet_arrays, affwild2, cifar10, expw, ferplus, rafdb, sfew)


def test_every_reader_is_looked_at() -> None:
    """FairFace has no classes; three have those of their copy."""
    assert set(READERS) - set(ORDERS) == {"fairface", "folder", "list", "huggingface"}


def test_label_sets_are_literally_these() -> None:
    for name, order in ORDERS.items():
        if name != "cifar10":
            assert tuple(map(str, READERS[name].labels)) == order
    assert tuple(map(str, BASIC8)) == USUAL
    assert READERS["fairface"] is FairFace


@pytest.mark.parametrize("write", SETS, ids=lambda write: write.__name__)
def test_every_number_stands_for_its_class(write: Callable[[Path], Reader], tmp_path: Path) -> None:
    data = write(tmp_path / "copy")
    order = ORDERS[data.name]
    assert data.class_names == order
    numbers = _numbers(data)
    assert data.table.classes is not None
    assert set(numbers) == set(range(len(order)))
    assert data.table.classes.tolist() == numbers
    if data.name != "cifar10":
        usual = [USUAL.index(order[number]) for number in numbers]
        assert data.classes_in(BASIC8).tolist() == usual


def _numbers(data: Reader) -> list[int]:
    """The number of each row by its name, as the functions above write them."""
    if data.name == "expw":
        return [int(file.rpartition("_")[2].removesuffix(".jpg")) % 7 for file in data.table.files]
    if data.name == "sfew":
        folders = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
        return [folders.index(name.partition("/")[0]) for name in data.names]
    if data.name == "cifar10":
        return [*range(10)] * 5
    return list(range(len(data)))


def test_classes_by_name_come_in_the_usual_order(tmp_path: Path) -> None:
    picture = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()
    for name in sorted(USUAL):
        (tmp_path / "folder" / name).mkdir(parents=True)
        (tmp_path / "folder" / name / "1.png").write_bytes(picture)
    lines = ["path,label", *(f"{name}/1.png,{name}" for name in sorted(USUAL))]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    for data in (ImageFolder(tmp_path / "folder", "all"), Listing(tmp_path / "list.csv")):
        assert data.class_names == USUAL
        assert data.table.classes is not None
        named = [name.partition("/")[0] for name in data.names]
        assert [USUAL[number] for number in data.table.classes] == named


def test_the_order_of_a_list_of_numbers_is_the_one_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\n" + "".join(f"{n}.png,{n}\n" for n in range(7)))
    order = LabelSet.of(ORDERS["expw"])
    data = Listing(tmp_path / "list.csv", labels=order)
    assert data.class_names == ORDERS["expw"]
    assert data.table.classes is not None
    assert data.table.classes.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert data.classes_in(BASIC8).tolist() == [4, 5, 6, 1, 3, 2, 0]
