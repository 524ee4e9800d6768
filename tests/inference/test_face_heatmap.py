from typing import Any

import cv2
import numpy as np
import pytest
from opencv_version import OPENCV_5

from mien.faces import Detection
from mien.inference.face_heatmap import Heatmap, heatmap_of
from mien.preprocess import Preprocess

EYES_NOSE_MOUTH = ((0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75))
SQUARE = Preprocess(size=64, scale=1.3, shift=(0.05, -0.1))
ALIGNED = Preprocess(size=64, align="similarity", template=EYES_NOSE_MOUTH)
BOX = (90.0, 60.0, 80.0, 100.0)
PICTURE = np.zeros((240, 320, 3), np.uint8)


def turned(degrees: float, side: float = 110, centre: tuple[float, float] = (140, 110)) -> Any:
    """Landmarks of a face that lies on its side by so much."""
    points = (np.array(EYES_NOSE_MOUTH) - 0.5) * side
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points @ turn.T + centre).astype(np.float32)


def whole(one: Heatmap, height: int = 240, width: int = 320) -> np.ndarray:
    """The map on a canvas of the picture's size."""
    canvas = np.zeros((height, width), np.float32)
    region, values = one.place(height, width)
    canvas[region] = values
    return canvas


CASES = {
    "square": (SQUARE, Detection(BOX, 0.9)),
    "square, landmarks unused": (SQUARE, Detection(BOX, 0.9, turned(20))),
    "aligned": (ALIGNED, Detection(BOX, 0.9, turned(30))),
    "aligned, upside down": (ALIGNED, Detection(BOX, 0.9, turned(170))),
    "aligned, no landmarks": (ALIGNED, Detection(BOX, 0.9)),
    "the whole picture": (SQUARE, Detection(None, 1.0)),
}


def test_each_map_counts_by_its_own_range() -> None:
    # The first would drown the others, the second is the same everywhere.
    maps = np.array(
        [
            [[1000.0, 3000.0], [2000.0, 1000.0]],
            [[7.0, 7.0], [7.0, 7.0]],
            [[0.0, 0.1], [0.1, 0.2]],
        ],
        np.float32,
    )
    found = heatmap_of(maps, SQUARE, PICTURE, Detection(BOX, 0.9)).values
    # Scaled: 0 1 .5 0, nothing, 0 .5 .5 1; their sum is 0 1.5 1 1.
    assert found == pytest.approx(np.array([[0, 1], [2 / 3, 2 / 3]]), abs=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize("value", [0.0, 0.3, -2.0, 500.0])
def test_what_is_flat_but_for_rounding_is_no_attention(value: float) -> None:
    maps = np.full((2, 3, 3), value, np.float32)
    maps[1, 1, 1] = np.nextafter(np.float32(value), np.float32(np.inf))
    if value:
        assert not heatmap_of(maps, SQUARE, PICTURE, Detection(BOX, 0.9)).values.any()
    assert not heatmap_of(maps[:1], SQUARE, PICTURE, Detection(BOX, 0.9)).values.any()


@pytest.mark.parametrize("case", CASES)
def test_placing_undoes_cutting(case: str) -> None:
    """Cut from the placed map as from a picture, the face has its own map again."""
    preprocess, face = CASES[case]
    maps = np.random.default_rng(1).random((1, 5, 5)).astype(np.float32)
    one = heatmap_of(maps, preprocess, PICTURE, face)
    canvas = np.repeat((whole(one) * 255).astype(np.uint8)[..., None], 3, 2)
    again = preprocess.cut(canvas, face.box, face.landmarks)[..., 0] / 255
    fine = np.clip(cv2.resize(one.values, (64, 64), interpolation=cv2.INTER_CUBIC), 0, 1)
    assert again[2:-2, 2:-2] == pytest.approx(fine[2:-2, 2:-2], abs=0.04)
    assert one.values.max() == 1
    assert one.values.min() == 0


def test_a_position_is_where_it_was_seen() -> None:
    """By hand: the box's square is 100 wide from (85, 55), so that a cell of 4 is 25 wide."""
    values = np.zeros((4, 4), np.float32)
    values[1, 2] = 1  # row 1, column 2
    one = heatmap_of(values[None], Preprocess(size=48), PICTURE, Detection((85, 55, 100, 100), 1.0))
    canvas = whole(one)
    top, left = np.unravel_index(canvas.argmax(), canvas.shape)
    assert (top, left) == (
        pytest.approx(55 + 1.5 * 25, abs=1.5),
        pytest.approx(85 + 2.5 * 25, abs=1.5),
    )
    region, _ = one.place(240, 320)
    assert region == (slice(55, 155), slice(85, 185))


def test_a_turned_face_has_a_turned_map() -> None:
    """The hot eye of a face that lies on its side is where its landmark is."""
    values = np.zeros((10, 10), np.float32)
    values[3, 3] = 1  # about the left eye, (0.3, 0.35): centre of the cell at 0.35, 0.35
    for degrees in (0, 30, 90, 200):
        points = turned(degrees)
        one = heatmap_of(values[None], ALIGNED, PICTURE, Detection(BOX, 0.9, points))
        row, column = np.unravel_index(whole(one).argmax(), (240, 320))
        eye, other = points[0], points[1]
        # An eighth of the way from one eye to the other: 0.05 of 0.4.
        expected = eye + (other - eye) / 8
        assert (column + 0.5, row + 0.5) == pytest.approx(tuple(expected), abs=2)


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_hot_where_the_network_saw_nothing(case: str) -> None:
    preprocess, face = CASES[case]
    one = Heatmap(
        np.ones((3, 3), np.float32),
        heatmap_of(np.ones((1, 3, 3), np.float32), preprocess, PICTURE, face).matrix,
    )
    canvas = whole(one)
    rows, columns = np.mgrid[:240, :320] + 0.5
    place = np.stack([columns, rows, np.ones_like(rows)], -1) @ one.matrix.T
    inside = ((place > 0.02) & (place < 0.98)).all(-1)
    outside = ((place < -0.02) | (place > 1.02)).any(-1)
    assert canvas[inside] == pytest.approx(1, abs=1e-5)
    assert not canvas[outside].any()
    assert inside.any()


def test_of_a_face_at_the_edge_only_what_is_in_the_picture_is_placed() -> None:
    edge = Detection((-40.0, 180.0, 100.0, 100.0), 0.9)
    values = np.random.default_rng(0).random((1, 4, 4)).astype(np.float32)
    one = heatmap_of(values, Preprocess(size=48), PICTURE, edge)
    region, placed = one.place(240, 320)
    assert region == (slice(180, 240), slice(0, 60))
    # The same face, further inside a larger picture.
    larger = heatmap_of(values, Preprocess(size=48), PICTURE, Detection((60, 180, 100, 100), 0.9))
    # OpenCV 4 places with weights of 1/32 of a pixel.
    rounding = 1e-5 if OPENCV_5 else 2e-3
    assert placed == pytest.approx(whole(larger, 400, 400)[180:240, 100:160], abs=rounding)


def test_what_has_no_place_in_the_picture_is_empty() -> None:
    values = np.eye(3, dtype=np.float32)
    for box in ((400.0, 60.0, 50.0, 50.0), (10.0, -90.0, 50.0, 50.0), (320.0, 0.0, 50.0, 50.0)):
        one = heatmap_of(values[None], Preprocess(size=48), PICTURE, Detection(box, 0.9))
        assert one.place(240, 320)[1].size == 0
    for matrix in (np.zeros((2, 3)), np.full((2, 3), np.nan)):
        assert Heatmap(values, matrix).place(240, 320)[1].size == 0


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (20, 4000), (5, 40_000)])
def test_pictures_of_any_shape(shape: tuple[int, int]) -> None:
    picture = np.zeros((*shape, 3), np.uint8)
    one = heatmap_of(np.eye(3, dtype=np.float32)[None], SQUARE, picture, Detection(None, 1.0))
    region, placed = one.place(*shape)
    assert placed.shape == shape
    assert region == (slice(0, shape[0]), slice(0, shape[1]))
    assert placed.min() >= 0
    assert placed.max() <= 1
