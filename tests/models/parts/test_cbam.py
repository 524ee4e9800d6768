import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import Array, apply, array, lively, relu, sigmoid  # noqa: E402

from mien.models.parts.cbam import CBAM  # noqa: E402


def by_hand(cbam: CBAM, maps: Array) -> tuple[Array, Array]:
    """Woo et al. 2018, equations 2 and 3."""
    flat = maps.reshape(*maps.shape[:2], -1)
    squeeze, widen = ((array(fc.weight)[:, :, 0, 0], array(fc.bias)) for fc in fully(cbam))
    gate = np.zeros(flat.shape[:2])
    for pooled in (flat.mean(axis=2), flat.max(axis=2)):
        gate += relu(pooled @ squeeze[0].T + squeeze[1]) @ widen[0].T + widen[1]
    maps = maps * sigmoid(gate)[:, :, None, None]
    seen = np.stack([maps.max(axis=1), maps.mean(axis=1)], axis=1)
    weights = sigmoid(apply(cbam.spatial.norm, apply(cbam.spatial.convolution, seen)))
    return maps * weights, weights


def fully(cbam: CBAM) -> tuple[torch.nn.Conv2d, torch.nn.Conv2d]:
    return cbam.channel.fc1, cbam.channel.fc2


def test_channel_gate_then_spatial_gate() -> None:
    cbam = lively(CBAM(8, reduction=4))
    maps = torch.randn(3, 8, 5, 4, generator=torch.Generator().manual_seed(1))
    found, weights = cbam(maps)
    expected, expected_weights = by_hand(cbam, array(maps))
    assert array(weights) == pytest.approx(expected_weights, abs=1e-5)
    assert array(found) == pytest.approx(expected, abs=1e-5)
    assert 0 < weights.min() < weights.max() - 0.1 < 0.9


def test_layers_are_those_of_the_authors_code() -> None:
    cbam = CBAM(512)
    first, second = fully(cbam)
    assert first.out_channels == 512 // 16
    assert first.bias is not None and second.bias is not None  # noqa: PT018
    assert cbam.spatial.convolution.kernel_size == (7, 7)
    assert cbam.spatial.norm.momentum == 0.01
    count = sum(one.numel() for one in cbam.parameters())
    assert count == 2 * 512 * 32 + 32 + 512 + 2 * 49 + 2
