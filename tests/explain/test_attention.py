"""The networks' own maps on pixels, and the patches that APViT keeps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tiny_networks import TINY  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.explain.methods import explain  # noqa: E402
from mien.explain.patches import patches  # noqa: E402
from mien.models import create_model  # noqa: E402


def fresh(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name, classes=4, **{**TINY[name], **options}).eval()


def pictures(height: int = 24, width: int = 24) -> Tensor:
    return torch.randn(3, 3, height, width, generator=torch.manual_seed(1))


def on_pixels(maps: Tensor, size: tuple[int, int]) -> np.ndarray:
    """Resized and scaled by OpenCV and NumPy, (N, K, H, W)."""
    found = []
    for map_ in maps.flatten(0, 1).double().numpy():
        large = cv2.resize(map_, size[::-1], interpolation=cv2.INTER_LINEAR)
        found.append((large - large.min()) / (large.max() - large.min()))
    return np.stack(found).reshape(*maps.shape[:2], *size)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("dan", ("head 1", "head 2", "head 3")),
        ("lla_net", ("mask",)),
        ("msa_net", ("gate 1", "gate 2")),
        ("transfer", ("LANet 1", "LANet 2")),
        ("apvit", ("patch scores",)),
    ],
)
def test_attention_is_the_networks_own(name: str, names: tuple[str, ...]) -> None:
    network, images = fresh(name), pictures(32, 48)
    with torch.no_grad():
        expected = on_pixels(network(images).attention, (32, 48))
    found = explain(network, images, "attention")
    assert found.names == names
    assert found.classes.tolist() == [-1, -1, -1]
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["transfer", "apvit"])
def test_class_attention_has_a_map_for_each_block(name: str) -> None:
    network, images = fresh(name, blocks=3), pictures()
    with torch.no_grad():
        expected = on_pixels(network(images).class_attention, (24, 24))
    found = explain(network, images, "class-attention")
    assert found.names == ("block 1", "block 2", "block 3")
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)


def test_kept_patches_are_shown_step_by_step() -> None:
    network, images = (
        fresh("apvit", blocks=4, keep_patches=20, keep_rate=[1.0, 0.5, 1.0, 0.5]),
        pictures(),
    )
    with torch.no_grad():
        kept = network(images).kept
    found = explain(network, images, "patches")
    assert found.names == ("patch pooling", "block 2", "block 4")
    assert found.maps.sum((2, 3)).tolist() == [[20 * 16, 10 * 16, 5 * 16]] * 3
    for picture in range(3):
        for step in range(3):
            squares = found.maps[picture, step].reshape(6, 4, 6, 4)
            assert (squares == squares[:, :1, :, :1]).all()
            assert np.flatnonzero(squares[:, 0, :, 0]).tolist() == kept[step][picture].tolist()
    assert found.kept is not None
    assert (found.kept == found.maps[:, 0, ::4, ::4]).all()


def test_without_patch_pooling_all_patches_enter() -> None:
    found = explain(fresh("apvit", keep_patches=None, keep_rate=0.5), pictures(), "patches")
    assert found.names == ("block 2",)
    assert found.kept is None
    whole = explain(fresh("apvit", keep_patches=36, keep_rate=1.0), pictures(), "patches")
    assert whole.names == ("all",)
    assert (whole.maps == 1).all()


def test_patches_for_any_k_are_those_of_a_network_with_that_k() -> None:
    images = pictures()
    found = patches(fresh("apvit"), images, counts=(36, 28, 9, 1))
    assert found.names == ("36 patches", "28 patches", "9 patches", "1 patches")
    for column, count in enumerate((36, 28, 9, 1)):
        network = fresh("apvit", keep_patches=count, keep_rate=1.0)
        with torch.no_grad():
            kept = network(images).kept
        for picture in range(3):
            expected = kept[0][picture].tolist() if count < 36 else list(range(36))
            mask = found.maps[picture, column, ::4, ::4]
            assert np.flatnonzero(mask).tolist() == expected
    # Each choice is a part of every larger one.
    assert (np.diff(found.maps, axis=1) <= 0).all()


def test_more_patches_than_there_are_cannot_be_kept() -> None:
    with pytest.raises(ModelError, match="patches to keep is 160; it must be between 1 and 36"):
        patches(fresh("apvit"), pictures())
    with pytest.raises(ModelError, match="patches to keep is 0"):
        patches(fresh("apvit"), pictures(), counts=(0,))
