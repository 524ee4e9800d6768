import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.data.augmentation import Augmentation  # noqa: E402
from mien.data.faces import EpochSampler, FaceDataset  # noqa: E402
from mien.errors import DataError  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 20, 20), np.uint8)
TARGETS = np.arange(6)
PREPROCESS = Preprocess(size=16, colour="grey", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
STRONG = Augmentation(
    rotation=20, shift=0.1, zoom=(0.8, 1.2), crop=12, brightness=0.3, contrast=0.3, erasing=0.5
)


def test_without_augmentation_it_is_what_the_runtime_sees() -> None:
    data = FaceDataset(IMAGES, TARGETS, PREPROCESS)
    for index in range(len(data)):
        picture, target = data[index]
        assert picture.numpy() == pytest.approx(PREPROCESS(IMAGES[index]), abs=1e-5)
        assert target == index


def test_draws_depend_on_seed_epoch_and_index_alone() -> None:
    one, other = (FaceDataset(IMAGES, TARGETS, PREPROCESS, STRONG, seed=1) for _ in range(2))
    forwards = [one[(3, index)][0] for index in range(6)]
    torch.rand(100)
    backwards = [other[(3, index)][0] for index in reversed(range(6))][::-1]
    assert all(torch.equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    assert not torch.equal(one[(4, 0)][0], forwards[0])
    third = FaceDataset(IMAGES, TARGETS, PREPROCESS, STRONG, seed=2)
    assert not torch.equal(third[(3, 0)][0], forwards[0])
    assert forwards[0].shape == (3, 12, 12)


def test_the_global_generator_is_left_alone() -> None:
    data = FaceDataset(IMAGES, TARGETS, PREPROCESS, STRONG)
    before = torch.get_rng_state()
    _ = data[(0, 0)]
    assert torch.equal(torch.get_rng_state(), before)


def test_flip_alone_gives_one_of_two_pictures() -> None:
    data = FaceDataset(IMAGES, TARGETS, PREPROCESS, Augmentation(flip=0.5))
    plain = FaceDataset(IMAGES, TARGETS, PREPROCESS)[0][0]
    drawn = [data[(epoch, 0)][0] for epoch in range(40)]
    kept = [torch.equal(one, plain) for one in drawn]
    turned = [torch.equal(one, plain.flip(2)) for one in drawn]
    assert all(a or b for a, b in zip(kept, turned, strict=True))
    assert 8 <= sum(kept) <= 32


def test_sampler_is_a_fresh_permutation_every_epoch() -> None:
    sampler = EpochSampler(100, seed=5)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert sorted(index for _, index in first) == list(range(100))
    assert {epoch for epoch, _ in second} == {1}
    assert [index for _, index in first] != [index for _, index in second]
    again = EpochSampler(100, seed=5)
    again.set_epoch(1)
    assert list(again) == second


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="6 faces do not fit 5 targets"):
        FaceDataset(IMAGES, TARGETS[:5], PREPROCESS)
