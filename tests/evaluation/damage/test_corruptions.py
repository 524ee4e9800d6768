"""What holds for every kind of damage."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import mien
from mien.errors import InputError
from mien.evaluation.damage.corruption_sheet import corruption_sheet
from mien.evaluation.damage.corruptions import CORRUPTIONS, STRENGTHS

KINDS = sorted(CORRUPTIONS)
DRAWN = {"random-area", "rotation", "noise", "mis-crop"}


def face(side: int, colour: bool) -> np.ndarray:
    """The astronaut's face, about as the detector frames it."""
    photo = cv2.imread(str(Path(mien.__file__).parent / "examples" / "astronaut.jpg"))
    crop = cv2.resize(photo[58:176, 163:281, ::-1], (side, side), interpolation=cv2.INTER_AREA)
    return crop if colour else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)


CROPS = {
    "colour, 112 pixels": face(112, True),
    "grey, 48 pixels": face(48, False),
}


def test_the_ten_kinds_of_the_documentation() -> None:
    assert list(CORRUPTIONS) == [
        *("eyes", "mouth", "random-area", "rotation", "blur", "noise", "jpeg", "darkness"),
        *("low-resolution", "mis-crop"),
    ]
    for name, one in CORRUPTIONS.items():
        assert one.name == name
        steps = np.diff(one.values)
        assert (steps > 0).all() or (steps < 0).all()


@pytest.mark.parametrize("crop", CROPS.values(), ids=CROPS)
@pytest.mark.parametrize("kind", KINDS)
def test_more_strength_is_more_damage(kind: str, crop: np.ndarray) -> None:
    errors = []
    for strength in STRENGTHS:
        damaged = [CORRUPTIONS[kind](crop, strength, f"{name}.png") for name in range(8)]
        assert all(one.shape == crop.shape and one.dtype == np.uint8 for one in damaged)
        errors.append(np.mean([cv2.PSNR(one, crop) for one in damaged]))
    assert (np.diff(errors) < 0).all(), errors  # less likeness, strictly
    assert errors[0] < 50  # strength 1 does something
    assert errors[0] - errors[4] > 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_name_gets_the_same_damage(kind: str) -> None:
    crop, corruption = CROPS["grey, 48 pixels"], CORRUPTIONS[kind]
    before = crop.copy()
    first = corruption(crop, 3, "a.png")
    corruption(crop, 5, "b.png")  # what came between plays no part
    assert (corruption(crop, 3, "a.png") == first).all()
    assert (crop == before).all()
    others = [corruption(crop, 3, f"{name}.png") for name in range(6)]
    differs = any((one != first).any() for one in others)
    assert differs == (kind in DRAWN)
    seeded = [corruption(crop, 3, "a.png", seed=seed) for seed in range(1, 7)]
    assert any((one != first).any() for one in seeded) == (kind in DRAWN)


def test_damage_is_the_same_on_every_machine() -> None:
    """Pinned, so that numbers of different machines are of the same pictures."""
    crop = np.full((10, 10), 128, np.uint8)
    noise = CORRUPTIONS["noise"](crop, 3, "a.png")
    assert noise[0, :5].tolist() == [135, 126, 126, 124, 114]


@pytest.mark.parametrize("kind", KINDS)
def test_no_strength_gives_the_crop_itself(kind: str) -> None:
    crop = CROPS["grey, 48 pixels"]
    assert CORRUPTIONS[kind](crop, 0, "a.png") is crop


@pytest.mark.parametrize("kind", KINDS)
def test_crops_need_not_be_square_or_large(kind: str) -> None:
    for shape in ((30, 50, 3), (50, 30), (3, 3), (1, 1, 3)):
        crop = np.full(shape, 9, np.uint8)
        assert CORRUPTIONS[kind](crop, 5, "a.png").shape == shape


def test_what_cannot_be_damaged_is_refused() -> None:
    blur = CORRUPTIONS["blur"]
    with pytest.raises(InputError, match="blur has the strengths 0 to 5, not 6"):
        blur(CROPS["grey, 48 pixels"], 6, "a.png")
    with pytest.raises(InputError, match=r"crops of bytes, .* not float32 \(4, 4\)"):
        blur(np.zeros((4, 4), np.float32), 1, "a.png")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"not uint8 \(4, 4, 4\)"):
        blur(np.zeros((4, 4, 4), np.uint8), 1, "a.png")


def test_the_sheet_shows_every_kind_at_every_strength() -> None:
    crop = CROPS["colour, 112 pixels"]
    sheet = corruption_sheet(crop, "astronaut")
    assert sheet.shape == (22 + 10 * 116, 120 + 6 * 116, 3)
    for row, corruption in enumerate(CORRUPTIONS.values()):
        for column in range(6):
            top, left = 22 + row * 116, 120 + column * 116
            cell = sheet[top : top + 112, left : left + 112]
            assert (cell == corruption(crop, column, "astronaut")).all()
    grey = corruption_sheet(
        CROPS["grey, 48 pixels"], "a", cell=96, corruptions={"blur": CORRUPTIONS["blur"]}
    )
    assert grey.shape == (22 + 100, 120 + 6 * 100, 3)
    enlarged = np.repeat(np.repeat(CROPS["grey, 48 pixels"], 2, axis=0), 2, axis=1)
    assert (grey[22:118, 120:216] == enlarged[..., None]).all()
