"""Faces as a detector finds them, and which of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import affectnet_copy
import cv2
import more_copies
import numpy as np
import pytest
import rafdb_copy

from mien.data.affectnet import AffectNet
from mien.data.expw import ExpW
from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.errors import DataError
from mien.evaluation.detected import DetectedFaces, meant_face
from mien.evaluation.faces import Faces, FacesAsTheyAre
from mien.faces.detection import Detection
from mien.preprocess import Picture, Preprocess

PREPROCESS = Preprocess(size=20, scale=1.2)


class Finds:
    """Finds the same boxes in every picture, and counts the pictures of each call."""

    name = "finds"

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        self.boxes, self.calls = boxes, []

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        self.calls.append(len(pictures))
        return [[Detection(box, 0.9) for box in self.boxes] for _ in pictures]


def gradients(root: Path, count: int = 5) -> AffectNet:
    """AffectNet with boxes 10, 20, 90, 80 in pictures (100, 120) that are nowhere the same."""
    paths = [affectnet_copy.path_of(number, "val") for number in range(count)]
    rows = [affectnet_copy.row(path, place % 8) for place, path in enumerate(paths)]
    affectnet_copy.write_table(root, rows, "val")
    random = np.random.default_rng(0)
    for path in paths:
        file = root / "Manually_Annotated_Images" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        coarse = random.integers(0, 256, (10, 12, 3), dtype=np.uint8)
        cv2.imwrite(str(file), cv2.resize(coarse, (120, 100)))
    return AffectNet(root, "val")


def test_the_face_is_the_one_that_overlaps_the_box_or_the_largest() -> None:
    small, large, far = (10.0, 10.0, 20.0, 20.0), (5.0, 5.0, 50.0, 50.0), (80.0, 80.0, 60.0, 60.0)
    assert meant_face([large, small, far], (12, 12, 20, 20)) == 1
    assert meant_face([large, far], (6, 6, 50, 50)) == 0
    # 20 x 20 of 50 x 50 are 16 % of what the two cover.
    assert meant_face([large], small) is None
    assert meant_face([], small) is None
    assert meant_face([small, far, large], None) == 1
    assert meant_face([], None) is None
    assert meant_face([None], small) == 0


def test_the_detectors_box_frames_the_face(tmp_path: Path) -> None:
    reader = gradients(tmp_path)
    finder = Finds((0.0, 0.0, 12.0, 12.0), (12.0, 24.0, 86.0, 74.0))
    cut = DetectedFaces(reader, finder)(range(5), PREPROCESS)
    for row, face in enumerate(cut):
        expected = PREPROCESS.cut(reader.picture(row), (12.0, 24.0, 86.0, 74.0))
        assert np.array_equal(face, expected)
    missed = DetectedFaces(reader, Finds((0.0, 0.0, 12.0, 12.0)))(range(2), PREPROCESS)
    assert missed == [None, None]


def test_large_photographs_go_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = gradients(tmp_path, count=11)
    finder = Finds()
    DetectedFaces(reader, finder)(range(11), PREPROCESS)
    assert finder.calls == [8, 3]
    monkeypatch.setattr("mien.evaluation.detected._BATCH_PIXELS", 12_000)
    finder.calls.clear()
    DetectedFaces(reader, finder)(range(3), PREPROCESS)
    assert finder.calls == [1, 1, 1]


def test_every_face_of_a_photograph_is_found_in_its_place(tmp_path: Path) -> None:
    rows = [
        f"a.jpg {face} {top} {10 * face} {10 * face + 9} {top + 9} 99 3"
        for face, top in ((0, 2), (1, 20))
    ]
    more_copies.write_expw(tmp_path, rows, ["a.jpg"])
    reader = ExpW(tmp_path, "train")
    assert reader.table.boxes is not None
    left, right = (tuple(box) for box in reader.table.boxes.tolist())
    both = DetectedFaces(reader, Finds(left, right))
    assert [face is not None for face in both([0, 1], PREPROCESS)] == [True, True]
    one = DetectedFaces(reader, Finds(right))
    assert [face is not None for face in one([0, 1], PREPROCESS)] == [False, True]


def test_a_prepared_copy_tells_nothing_of_a_detector(tmp_path: Path) -> None:
    names = rafdb_copy.names_of("test", 3)
    root = rafdb_copy.write_list(tmp_path / "rafdb", dict.fromkeys(names, 1))
    rafdb_copy.write_pictures(root, names)
    prepare(RAFDB(root, "test"), tmp_path / "prepared", size=32, detector="none", jobs=1)
    with pytest.raises(DataError, match="give the original copy"):
        DetectedFaces(RAFDB(tmp_path / "prepared", "test"), Finds())


def test_faces_are_cut_by_the_data_sets_boxes(tmp_path: Path) -> None:
    reader = gradients(tmp_path)
    assert reader.table.boxes is not None
    reader.table.boxes[2] = np.nan
    faces = Faces(reader)
    assert np.flatnonzero(~faces.there).tolist() == [2]
    cut = faces(range(5), PREPROCESS)
    assert cut[2] is None
    expected = PREPROCESS.cut(reader.picture(4), tuple(reader.table.boxes[4]))
    assert np.array_equal(cut[4], expected)
    # As it is: 1.2 times the mean of 90 and 80 pixels, in colour.
    grey = Preprocess(size=20, scale=1.2, colour="grey")
    assert faces.as_it_is(4, grey).shape == (102, 102, 3)
    assert faces.as_it_is(2, grey).shape == (100, 120, 3)
    some = FacesAsTheyAre(faces, np.array([4, 0]), grey)
    assert len(some) == 2
    assert np.array_equal(some[0], faces.as_it_is(4, grey))
    assert np.array_equal(some[:][1], faces.as_it_is(0, grey))
