"""Damage to training faces: how much of it, and of which kind."""

from __future__ import annotations

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from PIL import Image  # noqa: E402

from mien.data.loading.augmentation_damages import (  # noqa: E402
    Blur,
    Compression,
    LowResolution,
    Noise,
    OneOf,
)
from mien.data.loading.augmentation_steps import Step  # noqa: E402
from mien.errors import InputError  # noqa: E402

SIDE = 56
GREY = torch.full((1, SIDE, SIDE), 0.5)
FINE = torch.rand(1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def made(step: Step, picture: torch.Tensor, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return step.transform(SIDE)(picture)


def test_noise_has_a_deviation_that_is_drawn() -> None:
    found = [float((made(Noise((0.02, 0.1)), GREY, seed) - GREY).std()) for seed in range(200)]
    assert min(found) == pytest.approx(0.02, abs=0.004)
    assert max(found) == pytest.approx(0.1, abs=0.006)
    assert np.mean(found) == pytest.approx(0.06, abs=0.006)


def test_a_blur_is_as_wide_as_its_share_of_the_side() -> None:
    point = torch.zeros(1, SIDE, SIDE)
    point[0, 28, 28] = 1
    blurred = made(Blur((0.03, 0.03)), point)[0].numpy()
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    across = blurred.sum(0)
    deviation = np.sqrt((across * (np.arange(SIDE) - 28) ** 2).sum())
    assert deviation == pytest.approx(0.03 * SIDE, rel=0.02)


def test_compression_is_that_of_jpeg() -> None:
    found = made(Compression((20, 20)), FINE)
    content = io.BytesIO()
    Image.fromarray((FINE[0].numpy() * 255).round().astype(np.uint8)).save(
        content, "JPEG", quality=20
    )
    expected = np.asarray(Image.open(content))
    assert np.abs(found[0].numpy() * 255 - expected).mean() < 1
    worse = made(Compression((5, 5)), FINE)
    assert (worse - FINE).abs().mean() > (found - FINE).abs().mean()


def test_colours_keep_their_places_under_compression() -> None:
    red = torch.zeros(3, SIDE, SIDE)
    red[0] = 0.8
    assert (made(Compression((60, 60)), red) - red).abs().max() < 0.02


def test_low_resolution_leaves_nothing_finer() -> None:
    low = made(LowResolution((0.25, 0.25)), FINE)[0].numpy()
    spectrum = np.abs(np.fft.rfft2(low - low.mean())) ** 2
    assert spectrum[:12, :12].sum() + spectrum[-12:, :12].sum() > 0.95 * spectrum.sum()
    flat = made(LowResolution(), GREY)
    assert torch.allclose(flat, GREY)


def test_one_of_several_is_drawn_each_as_often() -> None:
    step = OneOf((Noise((0.1, 0.1)), LowResolution((0.5, 0.5))))
    changed = [not torch.allclose(made(step, GREY, seed), GREY) for seed in range(400)]
    assert np.mean(changed) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Noise((0.2, 0.1)),
        lambda: Blur((0.0, 0.1)),
        lambda: Compression((10, 101)),
        lambda: LowResolution((0.5, 1.5)),
        lambda: OneOf(()),
    ],
)
def test_what_cannot_be_is_refused(make: object) -> None:
    with pytest.raises(InputError):
        make()
