from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torch import nn  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from mien.data.fairface import FairFace  # noqa: E402
from mien.data.loading import augmentations  # noqa: E402
from mien.data.loading.augmentation import Augmentation  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

NEAREST, BILINEAR = v2.InterpolationMode.NEAREST, v2.InterpolationMode.BILINEAR
FLIP = v2.RandomHorizontalFlip(0.5)


class Position(nn.Module):
    """One of the corners or the middle."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return v2.FiveCrop(224)(picture)[int(torch.randint(5, ()))]


def crop(area: tuple[float, float], ratio: tuple[float, float]) -> nn.Module:
    return v2.RandomResizedCrop(112, area, ratio, BILINEAR, antialias=False)


def erasing(most: float, value: float | str, ratio: float = 3.3) -> nn.Module:
    return v2.RandomErasing(0.5, (0.02, most), (0.3, ratio), value=value)


# Each by hand from the specification: input, loaded side, steps, steps after normalisation.
APVIT_STEPS = [
    # Black outside; with fill=0, torchvision darkens the border between twice.
    v2.RandomApply([v2.RandomRotation(6, BILINEAR, fill=None)], 0.5),
    crop((0.8, 1.0), (1.0, 1.0)),
    FLIP,
]
PAPERS = {
    "DAN_RAFDB": (
        224,
        224,
        [FLIP, v2.RandomApply([v2.RandomRotation(20, NEAREST), v2.RandomCrop(224, 32)], 0.2)],
        [erasing(0.25, 0)],
    ),
    "DAN_AFFECTNET": (
        224,
        224,
        [FLIP, v2.RandomApply([v2.RandomAffine(20, (0.2, 0.2), (0.8, 1.0))], 0.7)],
        [erasing(0.33, 0)],
    ),
    "TRANSFER": (
        112,
        112,
        [
            crop((0.08, 1.0), (3 / 4, 4 / 3)),
            FLIP,
            v2.RandAugment(2, 5, 11, BILINEAR, fill=0.5),
        ],
        [erasing(0.4, 0, ratio=1 / 0.3)],
    ),
    "LLA_NET": (112, 122, [FLIP, v2.RandomCrop(112)], []),
    "APVIT": (
        112,
        224,
        [
            *APVIT_STEPS,
            v2.RandomGrayscale(0.2),
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8),
        ],
        [erasing(0.33, "random")],
    ),
    "APVIT_PAPER": (112, 224, APVIT_STEPS, [erasing(0.33, "random")]),
    "MSA_NET": (224, 256, [Position(), FLIP], []),
}


def test_every_augmentation_of_the_papers_is_tested() -> None:
    named = {name for name, one in vars(augmentations).items() if isinstance(one, Augmentation)}
    assert named == set(PAPERS)


@pytest.mark.parametrize("name", PAPERS)
def test_it_is_the_papers_in_its_order(name: str) -> None:
    size, side, steps, after = PAPERS[name]
    ours: Augmentation = getattr(augmentations, name)
    assert ours.loaded(size) == side
    picture = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))
    before, behind = ours.transform(size), ours.transform_after(size)
    for seed in range(12):
        torch.manual_seed(seed)
        varied = behind((before(picture) - 0.5) / 0.25)
        torch.manual_seed(seed)
        expected = nn.Sequential(*steps)(picture)
        expected = nn.Sequential(*after)((expected - 0.5) / 0.25)
        assert varied.shape == (3, size, size)
        # Warps round positions in their own way: of the nearest pixels, few are others.
        assert ((varied - expected).abs() < 1e-3).float().mean() > 0.995, seed


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[np.ndarray]:
    reader = FairFace(shared_data / "fairface112.zip")
    return [reader.picture(index) for index in range(12)]


@pytest.mark.parametrize("name", PAPERS)
def test_real_faces_stay_faces(name: str, real: list[np.ndarray]) -> None:
    size, *_ = PAPERS[name]
    ours: Augmentation = getattr(augmentations, name)
    prepare = Preprocess(size=ours.loaded(size))
    before, behind = ours.transform(size), ours.transform_after(size)
    torch.manual_seed(0)
    faces = []
    for face in real:
        picture = torch.from_numpy(prepare.cut(face)).permute(2, 0, 1) / 255
        varied = before(picture)
        assert 0 <= varied.min() <= varied.max() <= 1
        faces.append(behind((varied - 0.5) / 0.25).numpy())
    # Neither empty nor all alike.
    assert np.stack(faces).std(axis=(1, 2, 3)).min() > 0.05
    assert np.abs(np.stack(faces).mean()) < 1.5
