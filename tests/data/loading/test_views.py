"""Views: their order, what they depend on, and that the first is what it was without them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torch.utils.data import DataLoader  # noqa: E402

from mien.data.loading.augmentation import Augmentation  # noqa: E402
from mien.data.loading.augmentation_steps import Affine, Erasing  # noqa: E402
from mien.data.loading.batches import collate  # noqa: E402
from mien.data.loading.faces import FaceDataset  # noqa: E402
from mien.data.loading.samplers import EpochLoader, EpochSampler  # noqa: E402
from mien.data.loading.sampling import Shuffle, UpSampled  # noqa: E402
from mien.data.loading.views import Views  # noqa: E402
from mien.errors import DataError  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 16, 16), np.uint8)
TARGETS = np.arange(12).reshape(6, 2)
PREPROCESS = Preprocess(size=16, colour="grey")
STRONG = Augmentation(steps=(Affine(degrees=20, shift=0.2),), after=(Erasing(0.5, value="noise"),))
# What torch says where it has fewer cores than workers.
FEWER_CORES = pytest.mark.filterwarnings("ignore:This DataLoader will create")


def faces(augmentation: Augmentation | None = STRONG, seed: int = 5) -> FaceDataset:
    return FaceDataset(IMAGES, TARGETS, PREPROCESS, augmentation, seed)


def test_all_first_views_come_first_and_are_the_data_sets_own() -> None:
    varied = faces()
    keys = [(3, 1), (3, 4), (3, 1, 2)]
    batch = Views(varied, varied, varied).__getitems__(keys)
    assert batch.images.shape == (9, 3, 16, 16)
    assert torch.equal(batch.images[:3], varied.__getitems__(keys).images)
    assert batch.targets.tolist() == TARGETS[[1, 4, 2] * 3].tolist()
    # The same pictures, each in another variation.
    for picture in range(3):
        shown = batch.images[picture::3]
        assert len({one.numpy().tobytes() for one in shown}) == 3
    one = Views(varied).__getitems__(keys)
    assert torch.equal(one.images, batch.images[:3])


def test_a_view_depends_on_seed_epoch_picture_and_view_alone() -> None:
    def second(key: tuple[int, ...], company: int = 0, seed: int = 5) -> bytes:
        data = faces(seed=seed)
        keys = [*((1, other) for other in range(company)), key]
        shown: bytes = Views(data, data).__getitems__(keys).images[-1].numpy().tobytes()
        return shown

    assert second((2, 3)) == second((2, 3), company=4)
    others = (second((3, 3)), second((2, 4)), second((2, 1, 3)), second((2, 3), seed=6))
    assert second((2, 3)) not in others
    # Nor is it what the same picture looks like when it is drawn a second time in the epoch.
    again = faces()[(2, 1, 3)][0].numpy().tobytes()
    assert second((2, 3)) != again


def test_a_key_may_be_a_number() -> None:
    varied = faces()
    views = Views(varied, varied)
    assert torch.equal(views[4].images[0], varied[4][0])
    assert torch.equal(views[4].images, views[(0, 4)].images)
    assert views[4].targets.tolist() == TARGETS[[4, 4]].tolist()


def test_for_validation_the_first_view_is_as_it_is() -> None:
    plain, varied = faces(None), faces()
    batch = Views(plain, varied).__getitems__([0, 5])
    assert torch.equal(batch.images[:2], plain.__getitems__([0, 5]).images)
    assert torch.equal(batch.images[2:], varied.__getitems__([(0, -1, 0), (0, -1, 5)]).images)
    assert batch.targets.tolist() == TARGETS[[0, 5, 0, 5]].tolist()


@FEWER_CORES
@pytest.mark.parametrize("workers", [0, 2])
def test_loaders_count_pictures(workers: int) -> None:
    varied = faces()
    loader = EpochLoader(
        Views(varied, varied),
        batch_size=4,
        sampler=EpochSampler(Shuffle(6), seed=1),
        drop_last=True,
        collate_fn=collate,
        num_workers=workers,
    )
    assert len(loader) == 1
    ((images, targets),) = loader
    order = Shuffle(6).indices(0, 1)[:4].tolist()
    assert targets.tolist() == TARGETS[order * 2].tolist()
    expected = Views(varied, varied).__getitems__([(0, row) for row in order])
    assert torch.equal(images, expected.images)


def test_pictures_that_are_drawn_again_have_other_views() -> None:
    varied, plan = faces(), UpSampled(np.array([0, 0, 0, 1, 1, 1]))
    keys = [*EpochSampler(plan, seed=1), (0, 1, 0)]
    batch = Views(varied, varied).__getitems__(keys)
    assert len({one.numpy().tobytes() for one in batch.images}) == len(batch)


def test_a_plain_loader_serves_for_validation() -> None:
    views = Views(faces(None), faces())
    sizes = [len(images) for images, _ in DataLoader(views, batch_size=4, collate_fn=collate)]
    assert sizes == [8, 4]


def test_views_of_different_pictures_are_refused() -> None:
    fewer = FaceDataset(IMAGES[:4], TARGETS[:4], PREPROCESS)
    with pytest.raises(DataError, match="same pictures, not of 6, 4"):
        Views(faces(), fewer)
    with pytest.raises(DataError, match="not of none"):
        Views()
