from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from mien.models import create_model  # noqa: E402
from mien.training.rectifiers import TwoReLUs, prelu, use_two_relus  # noqa: E402


@pytest.mark.parametrize("slopes", [1, 5])
@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 4, 2)])
def test_it_is_prelu_and_so_are_its_gradients(slopes: int, shape: tuple[int, ...]) -> None:
    results = []
    for function in (prelu, functional.prelu):
        generator = torch.Generator().manual_seed(0)
        maps, weight = (
            torch.randn(one, generator=generator, dtype=torch.float64, requires_grad=True)
            for one in (shape, (slopes,))
        )
        answer = function(maps, weight)
        answer.square().sum().backward()
        results.append([answer, maps.grad, weight.grad])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_only_training_in_bfloat16_takes_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    network = create_model("ir50_small", classes=3, stages=2, units=(1, 1), widths=(4, 8))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.randn(2, 3, 16, 16)
    plain = network.eval()(images).logits
    use_two_relus(network)
    assert sum(isinstance(one, TwoReLUs) for one in network.modules()) == 3
    torch.testing.assert_close(network.state_dict(), before)
    ways: list[torch.dtype] = []

    def seen(maps: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
        ways.append(maps.dtype)
        return prelu(maps, slopes)

    monkeypatch.setattr("mien.training.rectifiers.prelu", seen)
    assert torch.equal(network(images).logits, plain)
    network.train()(images)
    assert ways == []
    with torch.autocast("cpu", dtype=torch.bfloat16):
        network(images)
    assert ways == [torch.bfloat16] * 3
