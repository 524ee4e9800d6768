"""IR-50: sizes of the papers, one unit by hand, released names."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import array, convolve, lively, normalise  # noqa: E402
from torch import nn  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.ir50 import IR50, IRUnit  # noqa: E402


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(4, 6, 2), (4, 4, 2), (4, 4, 1)])
def test_unit_by_hand(inputs: int, outputs: int, stride: int) -> None:
    unit = lively(IRUnit(inputs, outputs, stride)).double().eval()
    maps = np.random.default_rng(0).normal(size=(2, inputs, 6, 8))
    first, wide, slopes, strided, last = unit.res_layer
    nn.init.uniform_(slopes.weight, 0.1, 0.9)
    inside = convolve(wide, normalise(first, maps))
    inside = np.where(inside > 0, inside, array(slopes.weight)[:, None, None] * inside)
    inside = normalise(last, convolve(strided, inside))
    beside = maps[:, :, ::stride, ::stride]
    if inputs != outputs:
        beside = normalise(unit.shortcut_layer[1], convolve(unit.shortcut_layer[0], maps))
    found = array(unit(torch.from_numpy(maps)))
    assert found.min() < 0  # no activation after the sum
    np.testing.assert_allclose(found, inside + beside, atol=1e-10)


@pytest.mark.parametrize(
    ("stages", "count", "width"), [(2, 1_340_864, 128), (3, 17_611_968, 256), (4, 30_727_360, 512)]
)
def test_sizes_of_the_papers(stages: int, count: int, width: int) -> None:
    with torch.device("meta"):
        network = IR50(stages)
        maps = network(torch.empty(2, 3, 112, 112))
    assert parameters(network) == count
    assert (network.width, network.stride) == (width, 2**stages)
    assert maps.shape == (2, width, 112 // 2**stages, 112 // 2**stages)


def test_names_of_the_released_weights() -> None:
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in IR50().state_dict().items()}
    assert len(shapes) == 292
    assert shapes["input_layer.2.weight"] == (64,)
    assert shapes["body.0.0.res_layer.0.running_var"] == (64,)
    assert "body.0.0.shortcut_layer.0.weight" not in shapes
    assert shapes["body.1.0.shortcut_layer.0.weight"] == (128, 64, 1, 1)
    assert shapes["body.2.0.res_layer.1.weight"] == (256, 128, 3, 3)
    assert shapes["body.2.13.res_layer.4.bias"] == (256,)


def test_convolutions_start_from_xavier_uniform() -> None:
    torch.manual_seed(0)
    network = IR50(1, (1,), (64,))
    bound = (6 / (64 * 9 + 64 * 9)) ** 0.5
    for weight in (network.body[0][0].res_layer[1].weight, network.body[0][0].res_layer[3].weight):
        assert weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_a_shallow_one_compiles_and_learns_everywhere() -> None:
    network = IR50(2, (1, 2, 1), (4, 6, 8))
    images = torch.rand(2, 3, 8, 12).contiguous(memory_format=torch.channels_last)
    maps = torch.compile(network, fullgraph=True, backend="aot_eager")(images)
    assert maps.shape == (2, 6, 2, 3)
    maps.square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"stages": 0}, "stages is 0"),
        ({"stages": 5}, "stages is 5"),
        ({"units": (3, 4)}, "differ in length"),
        ({"units": (3, 0, 1, 1)}, "one of the units is 0"),
        ({"widths": (64, 128, -1, 1)}, "one of the widths is -1"),
    ],
)
def test_wrong_sizes_are_refused(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(ModelError, match=named):
        IR50(**arguments)  # type: ignore[arg-type]
