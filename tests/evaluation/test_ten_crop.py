from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from mien.errors import TensorError  # noqa: E402
from mien.evaluation.ten_crop import ten_crop, ten_crop_logits  # noqa: E402

IMAGES = torch.rand(3, 2, 12, 10, generator=torch.Generator().manual_seed(0))


def test_the_ten_windows() -> None:
    windows = ten_crop(IMAGES, 8)
    assert windows.shape == (3, 10, 2, 8, 8)
    for pictures, first in ((IMAGES, 0), (IMAGES.flip(3), 5)):
        corners = [(0, 0), (0, 2), (4, 0), (4, 2), (2, 1)]
        for number, (top, left) in enumerate(corners, first):
            expected = pictures[:, :, top : top + 8, left : left + 8]
            assert torch.equal(windows[:, number], expected)


def test_logits_are_the_mean_over_the_windows() -> None:
    weight = torch.rand(2 * 8 * 8, 5, generator=torch.Generator().manual_seed(1))

    def network(pictures):  # not linear, so that the mean of logits is no other mean
        return SimpleNamespace(logits=torch.relu(pictures.flatten(1) @ weight - 30))

    one_by_one = [
        torch.stack([network(window[None]).logits[0] for window in ten_crop(image[None], 8)[0]])
        for image in IMAGES
    ]
    expected = torch.stack([answers.mean(dim=0) for answers in one_by_one])
    assert torch.allclose(ten_crop_logits(network, IMAGES, 8), expected, atol=1e-5)
    assert (expected > 0).any()


def test_pictures_that_are_too_small_are_refused() -> None:
    with pytest.raises(TensorError, match=r"\(3, 2, 12, 10\).*11 pixels"):
        ten_crop(IMAGES, 11)
    with pytest.raises(TensorError, match="no ten windows"):
        ten_crop(IMAGES[0], 8)
