"""The pasted-scene test with its record: faces of a small FER+ made here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.data.ferplus import FERPlus
from mien.errors import UnknownName
from mien.evaluation.end_to_end import run_scenes
from mien.evaluation.pasting import paste
from mien.evaluation.record import read_result, write_result
from mien.faces.detection import Detection
from mien.inference.recognizer import Recognizer
from mien.preprocess import Picture

NUMBER, COPIED = 24, 3


class Knowing:
    """Finds the pasted square itself, as a box that the tiny model's card widens to it."""

    name = "knowing"

    def __init__(self, faces: np.ndarray, blind_below: int = 0) -> None:
        self.faces, self.blind_below = faces, blind_below
        self.index = itertools.count()

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [self.one() for _ in pictures]

    def one(self) -> list[Detection]:
        index = next(self.index)
        x, y, side, _ = paste(self.faces[index], index=index).square
        if side < self.blind_below:
            return []
        small = side / 1.07
        left, top = x + side * 0.49 - small / 2, y + side * 0.5 - small / 2
        return [Detection((left, top, small, small), 1.0)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """PublicTest of 24 textures, the last four of them unknown to the raters.

    Training holds copies of the first three.
    """
    coarse = np.random.default_rng(0).integers(0, 256, (NUMBER, 6, 6), dtype=np.uint8)
    for name, some in (("FER2013Valid", coarse), ("FER2013Train", coarse[:COPIED])):
        folder = tmp_path / "ferplus" / name
        folder.mkdir(parents=True)
        rows = []
        for number, one in enumerate(some):
            cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(one, (48, 48)))
            votes = [0] * 10
            votes[8 if number >= 20 else number % 8] = 10
            rows.append(f"{number}.png,box,{','.join(map(str, votes))}\n")
        (folder / "label.csv").write_text("".join(rows))
    return tmp_path / "ferplus"


def recognizer(model: Path, root: Path, blind_below: int = 0) -> Recognizer:
    faces = FERPlus(root, "public-test").images
    return Recognizer(model, detector=Knowing(faces, blind_below), threads=1)


def test_a_perfect_detector_costs_next_to_nothing(root: Path, tiny_onnx: Path) -> None:
    result = run_scenes(recognizer(tiny_onnx, root), root=root, command="mien ...")
    whole = result.scores[0]
    assert (whole.protocol, whole.subset, whole.images) == ("majority", "scenes", 20)
    assert whole.metrics["found"].value == 1
    assert abs(whole.metrics["loss"].value) <= 2 / 20
    assert result.predictions[20:] == (-1,) * 4
    assert min(result.predictions[:20]) >= 0
    assert result.settings["detector"] == "knowing"
    assert result.settings["false_faces"] == 0


def test_bands_add_up_and_the_blind_lose(root: Path, tiny_onnx: Path, tmp_path: Path) -> None:
    result = run_scenes(recognizer(tiny_onnx, root, blind_below=200), root=root)
    whole, clean, *bands = result.scores
    assert clean.subset == "scenes clean"
    assert clean.images == whole.images - COPIED
    assert sum(band.images for band in bands) == whole.images
    found = {band.subset: band.metrics["found"].value for band in bands}
    assert found["scenes 100-199"] == 0
    assert found["scenes 200-299"] == found["scenes 300-400"] == 1
    write_result(result, tmp_path / "scenes.json")
    assert read_result(tmp_path / "scenes.json") == result


def test_unknown_protocol(root: Path, tiny_onnx: Path) -> None:
    with pytest.raises(UnknownName, match="protocol"):
        run_scenes(recognizer(tiny_onnx, root), root=root, protocol="most")
    with pytest.raises(UnknownName, match="pasted into scenes is called 'rafdb'; known: ferplus"):
        run_scenes(recognizer(tiny_onnx, root), "rafdb", root=root)
