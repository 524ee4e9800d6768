import numpy as np
import pytest

from mien.data.split import validation_part
from mien.errors import DataError


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2000, 16, 16), np.uint8)


def test_share_is_about_what_was_asked(images: np.ndarray) -> None:
    # A binomial of 2000 draws at 0.1 has a standard deviation of 13.4.
    assert abs(validation_part(images, 0.1).sum() - 200) < 5 * 13.4


def test_order_of_files_does_not_matter(images: np.ndarray) -> None:
    held = validation_part(images, 0.1)
    order = np.random.default_rng(1).permutation(len(images))
    assert np.array_equal(validation_part(images[order], 0.1), held[order])


def test_a_larger_share_contains_the_smaller(images: np.ndarray) -> None:
    assert not (validation_part(images, 0.05) & ~validation_part(images, 0.1)).any()


def test_copies_and_near_copies_stay_together(images: np.ndarray) -> None:
    brighter = np.clip(images[:500].astype(int) // 2 + 40, 0, 255).astype(np.uint8)
    held = validation_part(np.concatenate([images[:500], images[:500], brighter]), 0.3)
    first, same, near = np.split(held, 3)
    assert np.array_equal(first, same)
    assert np.array_equal(first, near)
    assert 0 < first.sum() < 500


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_bad_share(images: np.ndarray, share: float) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        validation_part(images, share)
