"""Where channels last would end the process, they are not used."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.models import create_model  # noqa: E402
from mien.training.memory_format import memory_format  # noqa: E402


@pytest.mark.parametrize(
    ("width", "precision", "expected"),
    [
        (8, "32-true", torch.contiguous_format),
        (8, "bf16-mixed", torch.channels_last),
        (16, "32-true", torch.channels_last),
    ],
)
def test_narrow_convolutions_with_a_stride(
    width: int, precision: str, expected: torch.memory_format
) -> None:
    assert memory_format(create_model("dan", classes=7, width=width), precision) is expected


def test_a_narrow_network_has_the_gradients_of_float64() -> None:
    """oneDNN's kernel crashed here in channels last."""
    torch.manual_seed(0)
    network = create_model("resnet", classes=7, width=8, depths=(1, 1))
    images = torch.randn(2, 3, 64, 64)
    found = []
    for kind in (torch.float32, torch.float64):
        network.to(kind).zero_grad()
        form = memory_format(network, "32-true")
        network.to(memory_format=form)(images.to(kind)).logits.square().sum().backward()
        found.append([one.grad.double() for one in network.parameters()])
    for single, double in zip(*found, strict=True):
        torch.testing.assert_close(single, double, rtol=1e-3, atol=1e-4)
