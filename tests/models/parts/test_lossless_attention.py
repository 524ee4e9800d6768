import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import apply, array, convolve, lively, normalise, relu, sigmoid  # noqa: E402
from torch import nn  # noqa: E402
from torchvision.models.resnet import BasicBlock  # noqa: E402

from mien.models.parts.lossless_attention import LosslessAttention, LosslessBlock  # noqa: E402

MAPS = torch.randn(2, 4, 6, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kernel", [1, 3])
def test_the_mask(kernel: int) -> None:
    module = lively(LosslessAttention(4, kernel))
    current = MAPS.flip(2)
    expected = sigmoid(
        convolve(module.convolution, np.concatenate([array(MAPS), array(current)], axis=1))
    )
    mask = module(MAPS, current)
    assert mask.shape == MAPS.shape  # lossless: nothing pooled, no channel fewer
    assert array(mask) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3])
def test_the_block(stride: int, kernel: int) -> None:
    outputs = 4 * stride
    projection = None
    if stride == 2:
        projection = nn.Sequential(nn.Conv2d(4, 8, 1, 2, bias=False), nn.BatchNorm2d(8))
    block = lively(LosslessBlock(4, outputs, stride, projection, kernel=kernel))
    maps = array(MAPS)
    previous = relu(normalise(block.bn1, convolve(block.conv1, maps)))
    current = normalise(block.bn2, convolve(block.conv2, previous))
    f = block.attention.convolution
    mask = sigmoid(convolve(f, np.concatenate([previous, current], axis=1)))
    shortcut = maps if projection is None else apply(projection, maps)
    found, found_mask = block.attend(MAPS.clone())
    assert array(found) == pytest.approx(relu(current * mask + shortcut), abs=1e-4)
    assert array(found_mask) == pytest.approx(mask, abs=1e-5)
    assert torch.equal(block(MAPS), found)


def test_with_an_open_mask_it_is_resnets_block() -> None:
    block, plain = lively(LosslessBlock(4, 4)), BasicBlock(4, 4).eval()
    missing = plain.load_state_dict(block.state_dict(), strict=False)
    assert not missing.missing_keys
    nn.init.zeros_(block.attention.convolution.weight)
    nn.init.constant_(block.attention.convolution.bias, 100)
    assert torch.allclose(block(MAPS.clone()), plain(MAPS.clone()), atol=1e-6)
