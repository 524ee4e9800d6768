from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torchvision.transforms import v2  # noqa: E402

from mien.data.loading.quick import quick  # noqa: E402

BILINEAR = v2.InterpolationMode.BILINEAR
NOISE = torch.rand(3, 40, 36, generator=torch.Generator().manual_seed(0))
SMOOTH = v2.functional.gaussian_blur(NOISE, [9, 9])

SAME = {
    "flip": v2.RandomHorizontalFlip(0.5),
    "crop": v2.RandomCrop(24),
    "padded crop": v2.RandomCrop((40, 30), padding=(5, 6), fill=0.5),
    "crop within padding": v2.RandomCrop(8, padding=16),
    "reflected crop": v2.RandomCrop(40, padding=8, padding_mode="reflect"),
    "affine with shear": v2.RandomAffine(10, shear=10),
    "rotation of all": v2.RandomRotation(10, expand=True),
    "averaging crop": v2.RandomResizedCrop(12, (0.5, 1.0)),
    "bicubic crop": v2.RandomResizedCrop(40, (0.5, 1.0), interpolation="bicubic"),
    "grey": v2.RandomGrayscale(0.5),
    "jitter": v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "erasing": v2.RandomErasing(0.5, value=0.5),
    "erasing by noise": v2.RandomErasing(0.5, value="random"),
    "erasing without a place": v2.RandomErasing(1.0, scale=(1.0, 1.0), ratio=(1.0, 1.0)),
    "several": v2.RandAugment(2),
}
CLOSE = {
    "affine": v2.RandomAffine(20, (0.1, 0.2), (0.8, 1.2), interpolation=BILINEAR, fill=None),
    "rotation": v2.RandomRotation(20, BILINEAR, fill=None),
    "crop": v2.RandomResizedCrop(44, (0.2, 1.0)),
    "shrinking crop": v2.RandomResizedCrop(20, (0.5, 1.0), antialias=False),
}


def both(transform: torch.nn.Module, seed: int, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The transform's answer and ours, and the next draw after each."""
    torch.manual_seed(seed)
    expected = transform(picture), torch.rand(1)
    torch.manual_seed(seed)
    return *expected, quick(transform)(picture), torch.rand(1)


@pytest.mark.parametrize("name", SAME)
def test_values_and_draws_are_torchvisions(name: str) -> None:
    for seed in range(20):
        for picture in (NOISE, NOISE.flip(2), NOISE.permute(0, 2, 1)):
            before = picture.clone()
            expected, draw, ours, our_draw = both(SAME[name], seed, picture)
            assert torch.equal(ours, expected)
            assert torch.equal(our_draw, draw)
            assert torch.equal(picture, before)


@pytest.mark.parametrize("name", CLOSE)
def test_warps_are_torchvisions_but_for_rounding(name: str) -> None:
    for seed in range(20):
        for picture in (SMOOTH, SMOOTH[:1], SMOOTH.flip(2), SMOOTH.permute(0, 2, 1)):
            expected, draw, ours, our_draw = both(CLOSE[name], seed, picture)
            # Older OpenCV rounds positions to a 32nd of a pixel.
            assert torch.allclose(ours, expected, atol=5e-3)
            assert torch.equal(our_draw, draw)


def test_the_nearest_pixel_is_torchvisions_but_for_ties() -> None:
    for transform in (v2.RandomAffine(20, (0.1, 0.1), (0.8, 1.2)), v2.RandomRotation(20)):
        for seed in range(20):
            expected, _, ours, _ = both(transform, seed, NOISE)
            assert (ours != expected).float().mean() < 0.01


def test_grey_outside_joins_the_border_without_a_dark_seam() -> None:
    grey = torch.full((1, 32, 32), 0.5)
    turned = quick(v2.RandomRotation((30, 30), BILINEAR, fill=0.5))(grey)
    assert torch.allclose(turned, grey, atol=1e-6)


def test_other_modules_are_left_alone() -> None:
    module = torch.nn.Identity()
    assert quick(module) is module
