"""LANet against a computation by hand."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import array, convolve, lively, normalise, relu, sigmoid  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.lanet import LANet  # noqa: E402


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("bounded", [True, False])
def test_values(norm: bool, bounded: bool) -> None:
    network = lively(LANet(8, 4, norm=norm, sigmoid=bounded)).double().eval()
    features = np.random.default_rng(0).normal(size=(3, 8, 4, 5))
    first, first_norm, _, second, second_norm, _ = network.layers
    maps = convolve(first, features)
    maps = relu(normalise(first_norm, maps) if norm else maps)
    maps = convolve(second, maps)
    maps = normalise(second_norm, maps) if norm else maps
    maps = sigmoid(maps) if bounded else maps
    found = array(network(torch.from_numpy(features)))
    assert found.shape == (3, 1, 4, 5)
    assert found.std() > 0.01
    np.testing.assert_allclose(found, maps, atol=1e-12)


def test_sizes_of_the_papers() -> None:
    assert parameters(LANet(256)) == 4_163
    assert parameters(LANet(256, norm=False)) == 4_163 - 2 * 16 - 2
    assert parameters(LANet(256, 8)) == 256 * 32 + 32 + 64 + 32 + 1 + 2


@pytest.mark.parametrize("reduction", [0, 9])
def test_a_reduction_to_nothing_is_refused(reduction: int) -> None:
    with pytest.raises(ModelError, match=f"reduction is {reduction}; it must be between 1 and 8"):
        LANet(8, reduction)
