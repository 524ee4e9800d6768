"""Every reader reads what is prepared of its data set, and says the same of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import affectnet_copy
import cv2
import fairface_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

from mien.data.affectnet import AffectNet
from mien.data.affwild2 import AffWild2
from mien.data.expw import ExpW
from mien.data.fairface import FairFace
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.data.listing import Listing
from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.data.reader import Reader
from mien.data.sfew import SFEW

UNITS = ["0,0,0,1,0,0,1,0,0,0,1,0", ",".join(["-1"] * 12), ",".join("0" * 12)]


def affectnet(root: Path) -> Reader:
    paths = [affectnet_copy.path_of(number) for number in range(4)]
    rows = [
        affectnet_copy.row(path, label) for path, label in zip(paths, (7, 0, 3, 5), strict=True)
    ]
    affectnet_copy.write_table(root, rows)
    return AffectNet(affectnet_copy.write_pictures(root, paths))


def rafdb(root: Path) -> Reader:
    names = rafdb_copy.names_of("train", 5)
    labels = {name: place % 7 + 1 for place, name in enumerate(names)}
    rafdb_copy.write_list(root, labels)
    rafdb_copy.write_pictures(root, names, "original")
    rafdb_copy.write_annotations(root, names)
    return RAFDB(root, images="original")


def expw(root: Path) -> Reader:
    names = [f"face_{number}.jpg" for number in range(20)]
    rows = [f"{name} {face} 5 10 45 35 60 {face}" for name in names for face in (0, 4)]
    return ExpW(more_copies.write_expw(root, rows, names), "train")


def sfew(root: Path) -> Reader:
    more_copies.write_sfew(root / "Train", (1, 1, 2, 1, 1, 1, 1), ("One", "Two"))
    return SFEW(root)


def affwild2(root: Path) -> Reader:
    for task, header, lines in (
        ("EXPR_Set", more_copies.AFFWILD2_HEADER, [0, -1, 4]),
        ("AU_Set", more_copies.AFFWILD2_UNITS, UNITS),
    ):
        for part, video in (("Train_Set", "video1"), ("Validation_Set", "video2")):
            path = root / "annotations" / task / part / f"{video}.txt"
            more_copies.write_annotation(path, header, lines)
    more_copies.write_faces(root, "video1", [1, 2, 3])
    return AffWild2(root, task="both")


def image_folder(root: Path) -> Reader:
    for number, member in enumerate(("Sad/a.png", "angry/ü/a.png", "Happy/a b.png")):
        path = root / "my split" / member
        path.parent.mkdir(parents=True)
        picture = np.full((9, 7, 3), 60 * number, np.uint8)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return ImageFolder(root, "my split")


def listing(root: Path) -> Reader:
    root.mkdir()
    (root / "a.png").write_bytes(more_copies.picture(8, 6))
    (root / "b.png").write_bytes(more_copies.picture(6, 8))
    lines = ["path,label,group,note", 'a.png,fear,ada,"one, two"', "b.png,anger,bob,"]
    (root / "list.csv").write_text("\n".join(lines))
    return Listing(root)


def fairface(root: Path) -> Reader:
    return FairFace(fairface_copy.write(root, 3))


def ferplus(root: Path) -> Reader:
    splits = {"FER2013Train": ferplus_copy.make_faces(4)}
    return FERPlus(ferplus_copy.write_csv(root, splits))


SETS = (
    *(affectnet, affwild2, expw, fairface, ferplus),
    *(image_folder, listing, rafdb, sfew),
)


@pytest.mark.parametrize("write", SETS, ids=lambda write: write.__name__)
def test_a_prepared_copy_says_the_same(write: Callable[[Path], Reader], tmp_path: Path) -> None:
    original = write(tmp_path / "copy")
    report = prepare(original, tmp_path / "out", detector="none", size=32, jobs=1)
    assert report.pictures == len(original)
    options = {"task": "both"} if isinstance(original, AffWild2) else {}
    prepared = type(original)(tmp_path / "out", original.split, **options)  # type: ignore[call-arg]
    assert prepared.prepared
    assert list(prepared.names) == list(original.names)
    assert prepared.class_names == original.class_names
    for column in ("classes", "votes", "action_units"):
        values, expected = getattr(prepared.table, column), getattr(original.table, column)
        assert (values is None) == (expected is None)
        assert values is None or np.array_equal(values, expected)
        assert values is None or values.dtype == expected.dtype
    groups = original.table.groups
    assert prepared.table.groups == (None if groups is None else list(groups))
    attributes = {name: list(column) for name, column in original.table.attributes.items()}
    assert prepared.table.attributes == attributes
    assert prepared[len(prepared) - 1].picture.shape == (32, 32, 3)
    assert prepared.side == 32
    assert len(prepared.fingerprint) == 64
    assert prepared.fingerprint != original.fingerprint


def test_options_that_choose_rows_act_on_a_prepared_copy(tmp_path: Path) -> None:
    prepare(affectnet(tmp_path / "copy"), tmp_path / "out", detector="none", jobs=1)
    seven = AffectNet(tmp_path / "out", classes=7)
    assert len(seven) == 3
    assert [seven.labels[one] for one in seven.table.classes] == ["neutral", "surprise", "disgust"]
