import json
import math
from dataclasses import replace

import numpy as np
import pytest

from mien.errors import CardError
from mien.preprocess import Preprocess, similarity

TEMPLATE = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
GREY = Preprocess(size=8, colour="grey")


def ramp(height: int, width: int) -> np.ndarray:
    """A picture whose value is its column's centre."""
    return np.tile(np.arange(width, dtype=np.uint8)[None, :, None], (height, 1, 3))


def test_whole_crop_of_the_right_size_is_untouched() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    assert np.array_equal(replace(GREY, colour="rgb").cut(picture), picture)


def test_box_is_cut_to_the_pixel() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    crop = replace(GREY, colour="rgb").cut(picture, (11, 7, 8, 8))
    assert np.array_equal(crop, picture[7:15, 11:19])


def test_shrinking_averages_over_areas() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    crop = GREY.cut(picture, (0, 0, 32, 32))
    means = picture.reshape(8, 4, 8, 4).mean(axis=(1, 3))
    assert np.abs(crop.astype(float) - means).max() <= 0.51


def test_a_checkerboard_does_not_alias() -> None:
    board = (np.indices((400, 400)).sum(0) % 2 * 255).astype(np.uint8)
    crop = GREY.cut(board, (3, 5, 390, 390))
    assert np.abs(crop.astype(int) - 127).max() <= 3


def test_scale_and_shift_move_the_square() -> None:
    one = Preprocess(size=10, scale=2.0, shift=(0.1, -0.25))
    matrix = one.matrix((20, 30, 8, 12))
    # mean side 10, square 20, centre (24, 36) moved by (2, -5): from (16, 21) to (36, 41).
    assert matrix @ (16, 21, 1) == pytest.approx([0, 0])
    assert matrix @ (36, 41, 1) == pytest.approx([10, 10])


def test_outside_of_the_picture_the_border_is_repeated() -> None:
    crop = replace(GREY, colour="rgb").cut(ramp(20, 20), (-8, 0, 8, 8))
    assert (crop == 0).all()


def test_similarity_finds_rotation_scale_and_shift_exactly() -> None:
    points = np.random.default_rng(1).normal(size=(5, 2))
    angle, zoom, offset = 0.7, 2.5, np.array([3.0, -4.0])
    turn = zoom * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    found = similarity(points, points @ turn.T + offset)
    assert found[:, :2] == pytest.approx(turn)
    assert found[:, 2] == pytest.approx(offset)


def test_similarity_is_the_least_squares_solution() -> None:
    random = np.random.default_rng(2)
    source, target = random.normal(size=(5, 2)), random.normal(size=(5, 2))
    # Unknowns a, b, x, y of [[a, -b, x], [b, a, y]], solved without structure.
    rows, goals = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        goals += [u, v]
    a, b, x, y = np.linalg.lstsq(np.array(rows), np.array(goals), rcond=None)[0]
    assert similarity(source, target) == pytest.approx(np.array([[a, -b, x], [b, a, y]]))


def test_landmarks_are_brought_onto_the_template() -> None:
    one = Preprocess(size=10, align="similarity", template=TEMPLATE)
    landmarks = np.array(TEMPLATE) * 40 + 100
    matrix = one.matrix((0, 0, 1, 1), landmarks)
    mapped = landmarks @ matrix[:, :2].T + matrix[:, 2]
    assert mapped == pytest.approx(np.array(TEMPLATE) * 10)


def test_without_landmarks_the_square_is_taken() -> None:
    one = Preprocess(size=10, align="similarity", template=TEMPLATE)
    assert one.matrix((5, 5, 20, 20)) == pytest.approx(np.array([[0.5, 0, -2.5], [0, 0.5, -2.5]]))


def test_normalise_gives_three_equal_channels_for_grey() -> None:
    one = replace(GREY, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    crops = np.array([[[0] * 8] * 8, [[255] * 8] * 8], np.uint8)
    values = one.normalise(crops)
    assert values.shape == (2, 3, 8, 8)
    assert values.dtype == np.float32
    assert values[0] == pytest.approx(-2)
    assert values[1] == pytest.approx(2)


def test_normalise_uses_each_channel_of_colour() -> None:
    one = Preprocess(size=2, mean=(0, 0.5, 1), std=(1, 0.5, 0.25))
    values = one(np.full((2, 2, 3), 255, np.uint8))
    assert values[:, 0, 0].tolist() == pytest.approx([1, 1, 0])


def test_round_trip_through_json() -> None:
    one = Preprocess(size=112, align="similarity", template=TEMPLATE, interpolation="cubic")
    assert Preprocess.from_dict(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 0}, "above zero"),
        ({"colour": "bgr"}, "colour 'bgr'"),
        ({"align": "affine"}, "alignment 'affine'"),
        ({"align": "similarity"}, "template"),
        ({"template": TEMPLATE}, "template"),
        ({"interpolation": "lanczos"}, "lanczos"),
        ({"zoom": 1}, "unknown fields: zoom"),
    ],
)
def test_bad_fields_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(CardError, match=message):
        Preprocess.from_dict({**GREY.to_dict(), **change})


def test_missing_size_is_refused() -> None:
    with pytest.raises(CardError, match="incomplete"):
        Preprocess.from_dict({"colour": "grey"})
