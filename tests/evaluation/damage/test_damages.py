"""What each kind of damage does to pixels, in numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mien.evaluation.damage import damages
from mien.evaluation.damage.damages import GREY

BLACK = np.zeros((100, 80), np.uint8)
COLOURS = np.random.default_rng(3).integers(0, 256, (60, 50, 3), dtype=np.uint8)


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def covered(crop: np.ndarray) -> np.ndarray:
    """Rows and columns of the grey area: first, last + 1, first, last + 1."""
    rows, columns = np.nonzero(crop == GREY)
    return np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1])


def test_bands_lie_over_eyes_and_mouth() -> None:
    # The places of the five landmarks in crops, as measured for the models' training.
    eyes, mouth = ((0.31, 0.386), (0.69, 0.379)), ((0.349, 0.789), (0.662, 0.784))
    for damage, points, others in (
        (damages.without_eyes, eyes, mouth),
        (damages.without_mouth, mouth, eyes),
    ):
        for height in (0.08, 0.32):
            band = damage(BLACK, height, random())
            top, bottom, left, right = covered(band)
            assert (band[top:bottom, left:right] == GREY).all()
            assert bottom - top == round(100 * height)
            for x, y in points:
                assert top / 100 <= y <= bottom / 100
                assert left / 80 <= x <= right / 80
            for _, y in others:
                assert not top / 100 <= y <= bottom / 100


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3, 0.4])
def test_a_random_area_covers_its_share(share: float) -> None:
    places = set()
    for seed in range(30):
        crop = damages.without_random_area(BLACK, share, random(seed))
        top, bottom, left, right = covered(crop)
        assert (crop == GREY).mean() == pytest.approx(share, abs=0.012)
        assert (bottom - top) * (right - left) == (crop == GREY).sum()
        places.add((top, left))
    assert len(places) > 20


def test_more_of_a_random_area_covers_what_less_covers() -> None:
    for seed in range(10):
        small, large = (
            damages.without_random_area(BLACK, share, random(seed)) == GREY for share in (0.1, 0.3)
        )
        assert (large[1:-1, 1:-1] >= small[1:-1, 1:-1]).mean() > 0.97


def test_rotation_turns_about_the_middle() -> None:
    crop = np.zeros((101, 101), np.uint8)
    crop[50, 50:] = 200  # a hand that points to the right
    for seed in range(8):
        turned = damages.rotated(crop, 90, random(seed))
        assert turned[50, 50] == pytest.approx(200, abs=2)
        up, down = turned[:50, 50].mean(), turned[51:, 50].mean()
        assert sorted([up, down]) == pytest.approx([0, 200], abs=5)
    both = {int(damages.rotated(crop, 90, random(seed))[0, 50]) > 100 for seed in range(8)}
    assert both == {True, False}


def test_corners_of_a_turned_crop_repeat_its_border() -> None:
    white = np.full((40, 40, 3), 255, np.uint8)
    assert (damages.rotated(white, 45, random()) == 255).all()
    assert (damages.cropped_amiss(white, 0.25, random()) == 255).all()


def test_blur_spreads_a_point_by_its_deviation() -> None:
    crop = np.zeros((101, 101), np.uint8)
    crop[50, 50] = 255
    spread = damages.blurred(crop, 0.01, random()).astype(float)  # 1.01 pixels
    assert spread[50, 50] == pytest.approx(255 / (2 * np.pi * 1.01**2), abs=1.5)
    assert spread[50, 52] / spread[50, 50] == pytest.approx(np.exp(-2 / 1.01**2), abs=0.03)
    # In sides of the crop: twice as many pixels for twice the side.
    flat = damages.blurred(np.full((50, 50), 77, np.uint8), 0.05, random())
    assert (flat == 77).all()


def test_noise_has_its_deviation() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    noise = damages.noisy(grey, 20, random()).astype(float) - 128
    assert noise.std() == pytest.approx(20, abs=0.3)
    assert noise.mean() == pytest.approx(0, abs=0.3)
    # Each channel has its own, and twice the deviation is twice the same noise.
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.03
    half = damages.noisy(grey, 10, random()).astype(float) - 128
    assert np.abs(2 * half - noise).max() <= 2


def test_noise_stays_within_bytes() -> None:
    for value in (0, 255):
        noise = damages.noisy(np.full((50, 50), value, np.uint8), 40, random())
        assert abs(int(np.median(noise)) - value) < 20


def test_jpeg_is_what_opencv_writes_and_keeps_colours_apart() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    back = damages.compressed(red, 40, random())
    assert back[16, 16].tolist() == pytest.approx([200, 0, 0], abs=12)
    grey = COLOURS[..., 0]
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 25])
    expected = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert (damages.compressed(grey, 25, random()) == expected).all()


def test_darkness_multiplies_exactly() -> None:
    for factor in (0.7, 0.35, 0.12):
        expected = np.rint(COLOURS * factor)
        assert (damages.darkened(COLOURS, factor, random()) == expected).all()


def test_low_resolution_keeps_only_so_many_pixels() -> None:
    blocks = np.repeat(np.repeat(np.arange(12, dtype=np.uint8) * 20, 8)[None], 96, axis=0)
    crop = damages.coarse(blocks, 12, random())
    # The middles of 12 columns are kept, and lines lead from one to the next.
    assert crop[50, 4::8].tolist() == pytest.approx(list(range(0, 240, 20)), abs=2)
    assert crop.mean() == pytest.approx(blocks.mean(), abs=0.5)
    stripes = np.tile(np.array([0, 200], np.uint8), (96, 48))
    assert np.ptp(damages.coarse(stripes, 24, random())) <= 1
    small = COLOURS[:12, :20]
    assert (damages.coarse(small, 12, random()) == small).all()


def test_low_resolution_keeps_proportions() -> None:
    wide = np.tile(np.repeat(np.array([0, 255], np.uint8), 4), (40, 10))  # stripes of 4 pixels
    # 20 pixels along 40 rows are 40 along 80 columns: the stripes of 2 are still there.
    assert np.ptp(damages.coarse(wide, 20, random())) > 200


def test_a_crop_amiss_is_shifted_and_zoomed() -> None:
    crop = np.zeros((201, 201), np.uint8)
    crop[91:110, 91:110] = 255  # a square of 19 pixels in the middle
    sides, angles = set(), []
    for seed in range(20):
        amiss = damages.cropped_amiss(crop, 0.25, random(seed))
        rows, columns = np.nonzero(amiss > 127)
        shift = np.array([columns.mean() - 100, rows.mean() - 100])
        assert np.hypot(*shift) == pytest.approx(0.25 * 201, abs=1)
        angles.append(np.arctan2(shift[1], shift[0]))
        sides.add(round(np.sqrt(len(rows))))
    assert all(one in (15, 24) or abs(one - 15) <= 1 or abs(one - 24) <= 1 for one in sides)
    assert min(sides) <= 16
    assert max(sides) >= 23
    assert np.ptp(angles) > np.pi
