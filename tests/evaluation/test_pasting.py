"""Scenes: what is pasted, where, and that the seed decides."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mien.errors import DataError
from mien.evaluation.pasting import paste

FACE = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)


def test_a_hard_face_keeps_its_pixels_up_to_the_edge() -> None:
    for index in range(5):
        scene = paste(FACE, index=index)
        x, y, side, height = map(int, scene.square)
        assert side == height
        piece = scene.picture[y : y + side, x : x + side]
        expected = cv2.resize(FACE, (side, side), interpolation=cv2.INTER_CUBIC)
        assert (piece == expected[..., None]).all()


def test_scenes_have_the_asked_shape_and_hold_the_whole_face() -> None:
    squares = np.array(
        [paste(FACE, index=i, sides=(20, 90), size=(200, 100)).square for i in range(200)]
    )
    x, y, side, _ = squares.T
    assert side.min() < 25
    assert side.max() > 85
    assert (x >= 0).all()
    assert (y >= 0).all()
    assert (x + side <= 200).all()
    assert (y + side <= 100).all()
    assert paste(FACE, index=0, sides=(20, 90), size=(200, 100)).picture.shape == (100, 200, 3)


def test_seed_and_index_decide() -> None:
    one = paste(FACE, index=3, seed=1)
    again = paste(FACE, index=3, seed=1)
    assert one.square == again.square
    assert (one.picture == again.picture).all()
    assert paste(FACE, index=4, seed=1).square != one.square
    assert paste(FACE, index=3, seed=2).square != one.square


def test_feather_blends_the_outer_tenth_only() -> None:
    white = np.full((48, 48), 255, np.uint8)
    black = np.zeros((600, 800, 3), np.uint8)
    scene = paste(white, index=0, border="feather", background=black, sides=(200, 200))
    x, y, side, _ = map(int, scene.square)
    row = scene.picture[y + side // 2, x : x + side, 0].astype(int)
    assert row[0] < 20
    assert (np.diff(row[:20]) > 0).all()
    assert (row[20:-20] == 255).all()
    assert (row == row[::-1]).all()
    assert not scene.picture[:, :x].any()


def test_a_photo_as_background_fills_the_scene() -> None:
    ramp = np.tile(np.arange(250, dtype=np.uint8)[None, :, None], (50, 1, 3))
    scene = paste(FACE, index=1, background=ramp, sides=(60, 60))
    assert scene.picture.shape == (480, 640, 3)
    x = int(scene.square[0])
    outside = np.delete(scene.picture[240, :, 0].astype(int), np.arange(x, x + 60))
    assert (np.diff(outside) >= 0).all()


def test_random_colours_are_smooth() -> None:
    scene = paste(FACE, index=0, sides=(60, 60)).picture.astype(np.float32)
    coarse = cv2.resize(scene, (64, 48), interpolation=cv2.INTER_AREA)
    steps = np.abs(np.diff(coarse, axis=1)).mean(axis=2)
    assert np.median(steps) < 5
    assert scene.std() > 20


def test_colour_faces_and_large_faces_fit_too() -> None:
    colour = np.dstack([FACE, FACE // 2, FACE // 4])
    large = cv2.resize(colour, (300, 300))
    scene = paste(large, index=0, sides=(70, 70))
    x, y, side, _ = map(int, scene.square)
    expected = cv2.resize(large, (70, 70), interpolation=cv2.INTER_AREA)
    assert (scene.picture[y : y + side, x : x + side] == expected).all()


def test_a_face_larger_than_the_scene_is_refused() -> None:
    with pytest.raises(DataError, match="do not fit a scene"):
        paste(FACE, index=0, sides=(60, 400), size=(640, 360))
