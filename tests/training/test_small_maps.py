from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from mien.models import create_model  # noqa: E402
from mien.training.small_maps import (  # noqa: E402
    SmallMapConvolution,
    convolve,
    use_products,
)


@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (2, 1)])
@pytest.mark.parametrize("padding", [(0, 0), (1, 1), (0, 1)])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (1, 3), (2, 3)])
@pytest.mark.parametrize("size", [(3, 3), (5, 4)])
def test_it_is_the_convolution_and_so_are_its_gradients(
    stride: tuple[int, int],
    padding: tuple[int, int],
    kernel: tuple[int, int],
    size: tuple[int, int],
) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = ((2, 4, *size), (5, 4, *kernel), (5,))
    results = []
    for function in (
        lambda *tensors: convolve(*tensors, stride=stride, padding=padding),
        lambda *tensors: functional.conv2d(*tensors, stride=stride, padding=padding),
    ):
        generator.manual_seed(0)
        tensors = [
            torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
            for shape in shapes
        ]
        answer = function(*tensors)
        answer.square().sum().backward()
        results.append([answer, *(one.grad for one in tensors)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_only_training_in_bfloat16_takes_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    network = create_model("small", classes=3, stem=8, widths=(8, 16), depths=(1, 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.randn(2, 3, 16, 16)
    plain = network.eval()(images).logits
    use_products(network)
    assert any(isinstance(one, SmallMapConvolution) for one in network.modules())
    torch.testing.assert_close(network.state_dict(), before)
    ways: list[int] = []

    def seen(maps: torch.Tensor, *_: object) -> torch.Tensor:
        ways.append(maps.shape[2])
        return convolve(maps, *_)  # type: ignore[arg-type]

    monkeypatch.setattr("mien.training.small_maps.convolve", seen)
    assert torch.equal(network(images).logits, plain)
    network.train()(images)
    assert ways == []
    with torch.autocast("cpu", dtype=torch.bfloat16):
        network(images)
    assert ways
    assert max(ways) == 8


def test_what_cannot_be_written_so_is_left_alone() -> None:
    layers = nn.Sequential(
        nn.Conv2d(4, 4, 3, groups=4),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
    )
    use_products(layers)
    assert all(type(one) is nn.Conv2d for one in layers)


def test_bfloat16_agrees_with_the_convolution_of_torch() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(32, 16, 3, padding=1)
    maps = torch.randn(4, 32, 4, 4)
    exact = layer(maps)
    use_products(layer)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = layer.train()(maps)
    assert answer.dtype == torch.bfloat16
    torch.testing.assert_close(answer.float(), exact, atol=0.03, rtol=0.03)
