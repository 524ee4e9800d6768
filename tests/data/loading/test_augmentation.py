from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("lightning")

from torchvision.transforms import v2  # noqa: E402

from mien.data.loading.augmentation import Augmentation  # noqa: E402
from mien.data.loading.augmentation_damages import (  # noqa: E402
    Blur,
    Compression,
    LowResolution,
    Noise,
    OneOf,
)
from mien.data.loading.augmentation_steps import (  # noqa: E402
    Affine,
    Crop,
    Erasing,
    FivePositions,
    Flip,
    Grey,
    Jitter,
    RandAugment,
    ResizedCrop,
    Rotation,
    Sometimes,
    Step,
)
from mien.errors import InputError  # noqa: E402
from mien.training.recipes import find_recipe  # noqa: E402

SIDE = 48
COLOUR = torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
EVERY = (
    Flip(),
    Rotation(20),
    Affine(20, shift=0.2, zoom=(0.8, 1.2)),
    Crop(padding=0.1),
    ResizedCrop((0.5, 1.0)),
    FivePositions(),
    Grey(0.5),
    Jitter(0.4, 0.4, 0.4, 0.1),
    RandAugment(),
    Erasing(0.5, value="noise"),
    Sometimes(0.5, (Rotation(20), Crop(padding=0.1))),
    Noise(),
    Blur(),
    Compression(),
    LowResolution(),
    OneOf((Noise(), Blur())),
)
BILINEAR = v2.InterpolationMode.BILINEAR


def made(step: Step, seed: int, picture: torch.Tensor = COLOUR, size: int = SIDE) -> torch.Tensor:
    torch.manual_seed(seed)
    return step.transform(size)(picture)


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_every_step_keeps_shape_and_range_and_draws_from_torch_alone(step: Step) -> None:
    for picture in (COLOUR, COLOUR[:1]):
        for seed in range(20):
            random.seed(1)
            np.random.seed(1)
            first = made(step, seed, picture)
            random.seed(2)
            np.random.seed(2)
            assert torch.equal(made(step, seed, picture), first)
            assert first.shape == picture.shape
            assert first.dtype == torch.float32
            if not isinstance(step, Erasing):
                assert 0 <= first.min() <= first.max() <= 1
    assert len({made(step, seed, size=40).numpy().tobytes() for seed in range(30)}) > 1


# What these recipes do, or did when they were trained.
TRAINED = {
    "resnet18.ferplus.cpu": (
        48,
        v2.Compose(
            [
                v2.RandomHorizontalFlip(0.5),
                v2.RandomAffine(10, (0.05, 0.05), (0.9, 1.1), interpolation=BILINEAR, fill=0.5),
                v2.RandomErasing(0.3, scale=(0.02, 0.25), value=0.5),
            ]
        ),
    ),
    "ferplus.small": (
        48,
        v2.Compose(
            [
                v2.RandomHorizontalFlip(0.5),
                v2.RandomAffine(12, (0.04, 0.04), (0.92, 1.08), interpolation=BILINEAR, fill=0.5),
                v2.ColorJitter(brightness=0.15, contrast=0.15),
                v2.RandomErasing(0.3, scale=(0.02, 0.25), value=0.5),
            ]
        ),
    ),
}


@pytest.mark.parametrize("name", TRAINED)
def test_recipes_vary_faces_as_when_they_were_trained(name: str) -> None:
    recipe = find_recipe(name)
    size = recipe.preprocess.size
    assert recipe.augmentation.loaded(size) == size
    picture = torch.rand(1, size, size, generator=torch.Generator().manual_seed(1))
    side, expected = TRAINED[name]
    ours = recipe.augmentation.transform(size)
    for seed in range(60):
        torch.manual_seed(seed)
        varied = ours(picture)
        assert varied.shape == (1, side, side)
        torch.manual_seed(seed)
        # But for the border between picture and fill, which torchvision darkened twice.
        assert ((varied - expected(picture)).abs() < 0.02).float().mean() > 0.9
        assert torch.equal(recipe.augmentation.transform_after(size)(varied), varied)


def test_without_steps_nothing_changes() -> None:
    plain = Augmentation(steps=())
    assert torch.equal(plain.transform(SIDE)(COLOUR), COLOUR)
    assert torch.equal(plain.transform_after(SIDE)(COLOUR), COLOUR)


def test_what_is_not_described_is_flipped_half_of_the_time() -> None:
    transform = Augmentation().transform(SIDE)
    torch.manual_seed(0)
    varied = [transform(COLOUR) for _ in range(100)]
    flipped = [torch.equal(one, COLOUR.flip(2)) for one in varied]
    assert all(
        torch.equal(one, COLOUR) != turned for one, turned in zip(varied, flipped, strict=True)
    )
    assert 35 < sum(flipped) < 65


def test_the_nearest_pixel_makes_no_new_values() -> None:
    old = set(COLOUR.flatten().tolist())
    for step in (
        Rotation(20, interpolation="nearest", fill=0.25),
        Affine(20, 0.2, interpolation="nearest", fill=0.25),
    ):
        new = set(made(step, 1).flatten().tolist())
        assert 0.25 in new
        assert new <= old | {0.25}
    assert len(set(made(Rotation(20), 1).flatten().tolist()) - old) > 1000


def test_black_needs_no_mask() -> None:
    # torchvision tells the outside by a mask unless it is black anyway.
    nearest = v2.InterpolationMode.NEAREST
    ours = Rotation(20, interpolation="nearest", fill=0.0)
    for seed in range(10):
        torch.manual_seed(seed)
        expected = v2.RandomRotation(20, nearest, fill=0)(COLOUR)
        assert torch.equal(made(ours, seed), expected)


def test_padding_is_in_sides_of_the_input() -> None:
    ones = torch.ones(1, 224, 224)
    black = [1 - made(Crop(padding=32 / 224), seed, ones, 224) for seed in range(200)]
    rows = [int(one[0].all(dim=1).sum()) for one in black]
    columns = [int(one[0].all(dim=0).sum()) for one in black]
    assert max(rows + columns) <= 32
    assert min(max(rows), max(columns)) >= 30
    grey = made(Crop(padding=0.5, fill=0.5), 1, ones)
    assert set(grey.flatten().tolist()) == {0.5, 1.0}


def test_five_positions_are_equally_likely() -> None:
    size = 40
    windows = {
        (top, left): COLOUR[:, top : top + size, left : left + size]
        for top, left in ((0, 0), (0, 8), (8, 0), (8, 8), (4, 4))
    }
    torch.manual_seed(0)
    transform = FivePositions().transform(size)
    found = [
        next(place for place, window in windows.items() if torch.equal(drawn, window))
        for drawn in (transform(COLOUR) for _ in range(1000))
    ]
    assert all(150 < found.count(place) < 250 for place in windows)


def test_a_resized_crop_has_the_area_and_shape_that_was_asked_for() -> None:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    picture = torch.from_numpy(np.stack([rows, columns])).float()
    shares, ratios = [], []
    for seed in range(300):
        window = made(ResizedCrop((0.25, 0.5), (0.8, 1.25)), seed, picture)
        height, width = (
            float(window[axis].max() - window[axis].min()) * SIDE + 1 for axis in (0, 1)
        )
        shares.append(height * width / SIDE**2)
        ratios.append(width / height)
    assert 0.22 < min(shares) < 0.28 < 0.47 < max(shares) < 0.54
    assert 0.75 < min(ratios) < 0.85 < 1.18 < max(ratios) < 1.33


def test_antialiasing_is_a_choice() -> None:
    stripes = (torch.arange(SIDE) % 2).float().expand(1, SIDE, SIDE)
    averaged = made(ResizedCrop((1.0, 1.0), (1.0, 1.0)), 0, stripes, 12)
    sampled = made(ResizedCrop((1.0, 1.0), (1.0, 1.0), "nearest", False), 0, stripes, 12)
    assert (averaged - 0.5).abs().max() < 0.15
    assert set(sampled.flatten().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_erasing_overwrites_a_rectangle_of_the_stated_area(value: float) -> None:
    step = Erasing(0.4, area=(0.1, 0.2), ratio=(0.5, 2.0), value=value)
    shares = []
    for seed in range(300):
        erased = (made(step, seed) == value).all(dim=0)
        shares.append(float(erased.float().mean()))
        if shares[-1]:
            rows, columns = torch.nonzero(erased, as_tuple=True)
            height, width = (int(one.max() - one.min()) + 1 for one in (rows, columns))
            assert height * width == erased.sum()
            assert 0.45 < height / width < 2.2
    erased_shares = [share for share in shares if share]
    assert 85 < len(erased_shares) < 155
    assert 0.08 < min(erased_shares) < max(erased_shares) < 0.22


def test_noise_is_normal() -> None:
    step = Erasing(1.0, area=(0.5, 0.5), ratio=(1.0, 1.0), value="noise")
    black = torch.full((3, 200, 200), -100.0)
    values = made(step, 0, black)
    noise = values[values > -50]
    assert len(noise) == pytest.approx(3 * 200 * 200 / 2, rel=0.02)
    assert float(noise.mean()) == pytest.approx(0, abs=0.02)
    assert float(noise.std()) == pytest.approx(1, abs=0.02)


def test_sometimes_does_all_or_nothing() -> None:
    step = Sometimes(0.3, (Grey(1.0), Erasing(1.0, value=1.0)))
    done = 0
    for seed in range(300):
        varied = made(step, seed)
        if not torch.equal(varied, COLOUR):
            done += 1
            assert (varied[0] - varied[2]).abs().max() < 1e-6
            assert (varied == 1).any()
    assert 65 < done < 115


def test_the_magnitude_is_a_share_of_the_levels() -> None:
    # Half of 30 degrees, half of 150 / 331 of the width, and so on.
    half = RandAugment(layers=1, magnitude=5, levels=10, interpolation="nearest").transform(SIDE)
    expected = v2.RandAugment(1, 15, num_magnitude_bins=31, fill=0.5)
    for seed in range(60):
        torch.manual_seed(seed)
        varied = half(COLOUR)
        torch.manual_seed(seed)
        # Twice the bins round brightness and the like in the last place.
        assert torch.allclose(varied, expected(COLOUR), atol=1e-5)


def test_pictures_are_loaded_larger_where_a_recipe_crops() -> None:
    assert Augmentation(load=122).loaded(112) == 122
    assert Augmentation().loaded(112) == 112
    with pytest.raises(InputError, match="122 pixels are too small for an input of 224"):
        Augmentation(load=122).loaded(224)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Flip(1.5), "probability is 1.5"),
        (lambda: Sometimes(-0.1, (Flip(),)), "probability is -0.1"),
        (lambda: Grey(2), "probability is 2"),
        (lambda: Erasing(0.5, area=(0.3, 0.2)), "area is"),
        (lambda: Erasing(0.5, area=(0.3, 1.2)), "at most 1"),
        (lambda: ResizedCrop(ratio=(0.0, 1.0)), "ratio is"),
        (lambda: Affine(zoom=(1.2, 0.8)), "zoom is"),
        (lambda: RandAugment(magnitude=11, levels=10), "between 0 and 10"),
    ],
)
def test_values_out_of_range_are_refused(wrong, message: str) -> None:
    with pytest.raises(InputError, match=message):
        wrong()
