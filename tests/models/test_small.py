import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.models import create_model  # noqa: E402
from mien.models.cost import count  # noqa: E402


def by_hand(size: int, plain_stages: int = 0) -> int:
    """Stem 32; stages of two blocks with 64, 128 and 256 channels; no biases."""
    total, inputs, side = size * size * 27 * 32, 32, size
    for stage, width in enumerate((64, 128, 256)):
        side //= 2
        area = side * side
        total += area * (inputs * width * 9 + width * width * 9 + inputs * width)
        total += area * 2 * width * width * 9
        if stage >= plain_stages:
            total += 2 * 2 * width * (width // 8)  # squeeze and excitation of two blocks
        inputs = width
    return total + 256 * 8


def test_cost_is_what_the_layers_say_and_within_the_budget() -> None:
    pytest.importorskip("fvcore")
    cost = count(create_model("small", classes=8), 48)
    assert cost.multiply_adds == by_hand(48)
    assert cost.multiply_adds < 0.35e9
    assert cost.parameters * 4 < 12e6


@pytest.mark.parametrize("plain_stages", [1, 2, 3])
def test_first_stages_can_go_without_excitation(plain_stages: int) -> None:
    pytest.importorskip("fvcore")
    cost = count(create_model("small", classes=8, plain_stages=plain_stages), 48)
    assert cost.multiply_adds == by_hand(48, plain_stages)


@pytest.mark.parametrize("plain_stages", [-1, 4])
def test_more_plain_stages_than_there_are_make_no_sense(plain_stages: int) -> None:
    with pytest.raises(ModelError, match="plain_stages"):
        create_model("small", classes=8, plain_stages=plain_stages)


def test_stages_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="do not describe stages"):
        create_model("small", classes=8, widths=(8, 16), depths=(1,))


def test_it_overfits_a_few_faces() -> None:
    torch.manual_seed(0)
    network = create_model("small", classes=4, stem=8, widths=(16, 32), depths=(1, 1), dropout=0)
    images, labels = torch.randn(16, 3, 16, 16), torch.arange(16) % 4
    optimiser = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
    for _ in range(30):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images).logits, labels).backward()
        optimiser.step()
    assert (network(images).logits.argmax(1) == labels).all()
