"""Maps laid over faces, and patches erased."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from mien.errors import TensorError
from mien.explain.overlay import erase, lay_over


def lightness(picture: np.ndarray) -> np.ndarray:
    """CIE lightness of uint8 RGB, 0 to 255."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 0].astype(int)


def test_an_even_face_is_the_lighter_the_higher_the_map() -> None:
    face = np.full((8, 256, 3), 120, np.uint8)
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None].repeat(8, 0)
    row = lightness(lay_over(face, ramp))[4]
    # But for the steps of whole numbers.
    assert (np.diff(row) >= -2).all()
    assert row[-1] - row[0] > 120


def test_a_flat_map_leaves_a_darker_face_without_colour() -> None:
    face = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    laid = lay_over(face, np.zeros((4, 4), np.float32)).astype(int)
    assert laid.shape == face.shape
    assert (laid.max(2) - laid.min(2)).max() <= 3
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(int)
    assert (laid.mean(2) <= grey + 2).all()
    assert np.corrcoef(laid.mean(2).ravel(), grey.ravel())[0, 1] > 0.999


def test_the_hottest_place_stays_in_its_place() -> None:
    heat = np.zeros((8, 8), np.float32)
    heat[2, 6] = 1
    laid = lightness(lay_over(np.full((80, 80, 3), 90, np.uint8), heat))
    row, column = np.unravel_index(laid.argmax(), laid.shape)
    assert (row // 10, column // 10) == (2, 6)


def test_erased_is_exactly_what_was_not_kept() -> None:
    face = np.random.default_rng(1).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    kept = np.array([[True, False], [False, True]])
    left = erase(face, kept)
    assert (left[:6, :6] == face[:6, :6]).all()
    assert (left[6:, 6:] == face[6:, 6:]).all()
    assert (left[:6, 6:] == 255).all()
    assert (left[6:, :6] == 255).all()


@pytest.mark.parametrize(
    "heat",
    [
        np.zeros((2, 2, 2), np.float32),
        np.zeros((0, 4), np.float32),
        np.full((2, 2), 1.5, np.float32),
        np.full((2, 2), -0.5, np.float32),
        np.full((2, 2), np.nan, np.float32),
    ],
)
def test_what_is_no_map_is_refused(heat: np.ndarray) -> None:
    with pytest.raises(TensorError, match="a map"):
        lay_over(np.zeros((4, 4, 3), np.uint8), heat)
