import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import Array, apply, array, lively, relu  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.multi_scale import HierarchicalConvolutions, MultiScaleBlock  # noqa: E402


def by_hand(layer: HierarchicalConvolutions, maps: Array, add: str) -> Array:
    """Y_1 to Y_4, each from its definition."""
    p1, p2, p3, p4 = layer.parts
    x1, x2, x3, x4 = np.split(maps, 4, axis=1)
    y1 = apply(p1, x1)
    if add == "after":
        y2 = apply(p2, x2) + y1
        y3 = apply(p3, x3) + y2
        y4 = apply(p4, x4) + y3
    else:
        y2 = apply(p2, x2 + y1)
        y3 = apply(p3, x3 + y2)
        y4 = apply(p4, x4 + y3)
    return np.concatenate([y1, y2, y3, y4], axis=1)


@pytest.mark.parametrize("add", ["after", "before"])
def test_sums_from_part_to_part(add: str) -> None:
    layer = lively(HierarchicalConvolutions(8, 4, 5, 1, add))
    maps = torch.randn(2, 8, 5, 6, generator=torch.Generator().manual_seed(1))
    assert array(layer(maps)) == pytest.approx(by_hand(layer, array(maps), add), abs=1e-5)


@pytest.mark.parametrize(("add", "reaches"), [("after", [3, 3, 3, 3]), ("before", [3, 5, 7, 9])])
def test_how_far_each_part_sees(add: str, reaches: list[int]) -> None:
    """As printed, Eq. 1 does not give later parts a larger receptive field; the prose's does."""
    layer = HierarchicalConvolutions(4, 4, 3, 1, add).eval()
    for part in layer.parts:
        torch.nn.init.ones_(part[0].weight)
    maps = torch.zeros(1, 4, 1, 15)
    maps[..., 7] = 1
    assert (layer(maps) != 0).sum((0, 2, 3)).tolist() == reaches


@pytest.mark.parametrize("add", ["after", "before"])
@pytest.mark.parametrize("pre_conv", [True, False])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_whole_block(add: str, pre_conv: bool, stride: int) -> None:
    block = lively(MultiScaleBlock(6, 12, 8, 3, stride, add=add, pre_conv=pre_conv))
    maps = torch.randn(2, 6, 6, 7, generator=torch.Generator().manual_seed(1))
    inner = apply(block.down, array(maps))
    if pre_conv:
        inner = apply(block.pre, inner)
    inner = apply(block.up, by_hand(block.splits, inner, add))
    expected = relu(inner + apply(block.shortcut, array(maps)))
    assert expected.shape == (2, 12, -(-6 // stride), -(-7 // stride))
    assert array(block(maps)) == pytest.approx(expected, abs=1e-4)


def strides(block: MultiScaleBlock) -> list[int]:
    """Of all convolutions larger than their shortcut's, in order."""
    inner = [block.down, block.pre, *block.splits.parts, block.up]
    return [one[0].stride[0] for one in inner if not isinstance(one, torch.nn.Identity)]


def test_where_the_stride_is() -> None:
    def made(**options: object) -> MultiScaleBlock:
        return MultiScaleBlock(4, 8, 4, 3, 2, **options)

    assert strides(made()) == strides(made(add="before")) == [1, 2, 1, 1, 1, 1, 1]
    assert strides(made(pre_conv=False)) == [1, 2, 2, 2, 2, 1]
    assert strides(made(pre_conv=False, add="before")) == [2, 1, 1, 1, 1, 1]


def test_a_block_that_keeps_its_shape_has_a_bare_shortcut() -> None:
    assert isinstance(MultiScaleBlock(8, 8, 4, 3, 1).shortcut, torch.nn.Identity)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"splits": 3}, "bottleneck of 4 channels has no 3 equal splits"),
        ({"splits": 0}, "splits is 0"),
        ({"kernel": 4}, "kernel is 4; an even one"),
        ({"kernel": -1}, "kernel is -1"),
        ({"stride": 0}, "stride is 0"),
        ({"add": "between"}, "add is 'between'; choose one of after, before"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        MultiScaleBlock(4, 8, 4, **{"kernel": 3, "stride": 1, **options})


def test_strided_splits_cannot_be_added_to_what_comes_next() -> None:
    with pytest.raises(ModelError, match="with add='before' the splits have stride 1, not 2"):
        HierarchicalConvolutions(4, 4, 3, 2, "before")
