from __future__ import annotations

import numpy as np
import pytest

from mien.faces.crops import Octaves


def ramp(height: int, width: int) -> np.ndarray:
    """A picture whose red says the column and whose green says the row."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.arange(width)[None]
    picture[..., 1] = np.arange(height)[:, None]
    picture[..., 2] = 77
    return picture


def test_octaves_are_averages_of_squares() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    half = Octaves(picture).at_least(0.5)
    mean = picture.reshape(20, 2, 30, 2, 3).mean((1, 3))
    assert np.abs(half - mean).max() <= 1


@pytest.mark.parametrize(("scale", "rows"), [(1.0, 64), (0.6, 64), (0.5, 32), (0.3, 32), (0.1, 8)])
def test_octaves_never_fall_below_the_scale(scale: float, rows: int) -> None:
    assert Octaves(ramp(64, 64)).at_least(scale).shape[0] == rows


def test_a_thin_picture_stays() -> None:
    assert Octaves(ramp(1, 200)).scaled(0.1).shape == (1, 20, 3)
    assert Octaves(ramp(1, 1)).scaled(0.6).shape == (1, 1, 3)


def test_squares_have_the_right_place() -> None:
    crop = Octaves(ramp(200, 200)).squares(np.array([[50.0, 80.0, 98.0, 128.0]]), 24)[0]
    # Column c of the crop is the mean of columns 50 + 2 c and 51 + 2 c.
    assert crop[5, :, 0] == pytest.approx(50.5 + 2 * np.arange(24), abs=1)
    assert crop[:, 5, 1] == pytest.approx(80.5 + 2 * np.arange(24), abs=1)


def test_large_squares_come_from_small_octaves_without_a_shift() -> None:
    crop = Octaves(ramp(200, 200)).squares(np.array([[4.0, 4.0, 196.0, 196.0]]), 24)[0]
    assert crop[5, :, 0] == pytest.approx(4 + 8 * np.arange(24) + 3.5, abs=1)


def test_outside_the_picture_is_black() -> None:
    squares = np.array([[-12.0, -12.0, 12.0, 12.0], [90.0, 0.0, 114.0, 24.0], [300.0, 0, 324, 24]])
    corner, right, beyond = Octaves(ramp(100, 100)).squares(squares, 24)
    assert not corner[:12].any()
    assert not corner[:, :12].any()
    assert (corner[12:, 12:, 2] == 77).all()
    assert right[0, :10, 0].tolist() == list(range(90, 100))
    assert not right[:, 10:].any()
    assert not beyond.any()
