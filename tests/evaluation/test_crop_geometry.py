"""The geometry is measured so that Preprocess cuts out what was pasted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mien.errors import DataError
from mien.evaluation.crop_geometry import measure_crop_geometry
from mien.evaluation.pasting import paste
from mien.faces.detection import Detection
from mien.preprocess import Picture, Preprocess

FACES = np.random.default_rng(0).integers(0, 256, (21, 48, 48), dtype=np.uint8)
BOX = np.array([0.15, 0.1, 0.5, 0.7])
POINTS = np.array([[0.3, 0.4], [0.6, 0.4], [0.4, 0.6], [0.3, 0.8], [0.5, 0.8]])


class Known:
    """Finds every other face, always at the same place within the crop."""

    name = "known"

    def __init__(self, landmarks: bool = True) -> None:
        self.index, self.landmarks = 0, landmarks

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [self.one() for _ in pictures]

    def one(self) -> list[Detection]:
        x, y, side, _ = paste(FACES[self.index], index=self.index, sides=(100, 300)).square
        self.index += 1
        if self.index % 2 == 0:
            return []
        box = tuple((BOX * side + (x, y, 0, 0)).tolist())
        points = (POINTS * side + (x, y)).astype(np.float32)
        return [Detection(None, 1.0), Detection(box, 0.9, points if self.landmarks else None)]


def test_scale_shift_and_template() -> None:
    geometry = measure_crop_geometry(Known(), FACES)
    assert geometry.faces == 21
    assert geometry.found == pytest.approx(11 / 21)
    assert geometry.scale == pytest.approx(1 / 0.6)
    assert geometry.scale_quartiles == pytest.approx((1 / 0.6, 1 / 0.6))
    assert geometry.shift == pytest.approx((0.5 - 0.4, 0.5 - 0.45))
    assert geometry.template is not None
    assert np.allclose(geometry.template, POINTS, atol=1e-6)
    assert geometry.template_spread is not None
    assert np.allclose(geometry.template_spread, 0, atol=1e-6)


def test_preprocess_cuts_the_pasted_square_back_out() -> None:
    geometry = measure_crop_geometry(Known(), FACES)
    ramp = np.tile(np.linspace(0, 255, 48).astype(np.uint8), (48, 1))
    scene = paste(ramp, index=0, sides=(144, 144))
    x, y, side, _ = scene.square
    box = tuple((BOX * side + (x, y, 0, 0)).tolist())
    square = Preprocess(size=48, colour="grey", scale=geometry.scale, shift=geometry.shift)
    aligned = Preprocess(size=48, colour="grey", align="similarity", template=geometry.template)
    for crop in (
        square.cut(scene.picture, box),
        aligned.cut(scene.picture, box, POINTS * side + (x, y)),
    ):
        assert np.abs(crop.astype(int) - ramp)[2:-2, 2:-2].max() <= 3


def test_a_detector_without_landmarks_gives_no_template() -> None:
    geometry = measure_crop_geometry(Known(landmarks=False), FACES)
    assert geometry.template is None
    assert geometry.template_spread is None


def test_nothing_found_is_an_error() -> None:
    class Blind:
        name = "blind"

        def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
            return [[] for _ in pictures]

    with pytest.raises(DataError, match="not one of the pasted faces"):
        measure_crop_geometry(Blind(), FACES)


def test_mtcnn_on_real_crops(shared_data: Path) -> None:
    from mien.data.ferplus import FERPlus
    from mien.faces import create_detector

    split = FERPlus(shared_data / "ferplus.zip", "public-test")
    split.table = split.table.rows(range(12))
    geometry = measure_crop_geometry(create_detector("mtcnn", min_face=40, threads=1), split.images)
    # Tight crops: the box is nearly the crop, the eyes in its upper half, the nose central.
    assert geometry.found > 0.7
    assert 0.9 < geometry.scale < 1.3
    assert np.abs(geometry.shift).max() < 0.1
    assert geometry.template is not None
    (left, eye), (right, _), (nose, below), _, (_, mouth) = geometry.template
    assert left < nose < right
    assert eye < 0.5 < below < mouth
