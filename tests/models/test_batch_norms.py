"""Batch norms that stand for nothing but a bias, and what becomes of them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from mien.models import create_model, load_model  # noqa: E402
from mien.models.batch_norms import (  # noqa: E402
    norms_after_convolutions,
    only_add,
    only_adds,
    restore_batch_norms,
)


class Twice(nn.Module):
    """A convolution with a norm behind it, one without, and a norm behind a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 1)
        self.last = nn.BatchNorm2d(4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.norm(self.first(images)).relu()
        return self.last(maps + self.second(maps))


def test_only_norms_right_behind_a_convolution_are_found() -> None:
    network = Twice()
    assert norms_after_convolutions(network, 8) == [(network.norm, network.first)]


def test_a_norm_that_only_adds() -> None:
    norm = nn.BatchNorm2d(4).eval()
    assert not only_adds(norm)
    only_add(norm, torch.tensor([1.0, -2.0, 0.0, 0.5]))
    assert only_adds(norm)
    maps = torch.randn(2, 4, 3, 3)
    added = maps + torch.tensor([1.0, -2.0, 0.0, 0.5])[:, None, None]
    assert torch.allclose(norm(maps), added, atol=1e-6)


def test_fresh_networks_have_nothing_to_restore() -> None:
    network = create_model("small", classes=8, stem=8, widths=[8, 16], depths=[1, 1])
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def none() -> object:
        raise AssertionError("no face is needed")
        yield

    assert restore_batch_norms(network, 16, none()) == 0
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_the_shipped_network_answers_the_same_in_use_and_in_training() -> None:
    network, card = load_model("mien-small")
    size = card.preprocess.size
    faces = torch.randn(24, 3, size, size)
    with torch.inference_mode():
        before = network(faces).logits
    assert restore_batch_norms(network, size, faces.split(7)) == 16
    assert not any(only_adds(norm) for norm, _ in norms_after_convolutions(network, size))
    with torch.inference_mode():
        assert torch.allclose(network(faces).logits, before, atol=1e-4)
        # The batch is all that was measured, so that its mean and variance are those kept.
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
        assert torch.allclose(network(faces).logits, before, atol=1e-3)


@pytest.mark.parametrize("training", [True, False])
def test_a_network_is_left_in_its_mode_and_without_hooks(training: bool) -> None:
    network = Twice().train(training)
    network.second.train(not training)
    before = {name: module.training for name, module in network.named_modules()}
    only_add(network.norm, torch.zeros(4))
    assert restore_batch_norms(network, 8, [torch.randn(2, 3, 8, 8)]) == 1
    assert {name: module.training for name, module in network.named_modules()} == before
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in network.modules())


def test_what_a_norm_keeps_is_measured_and_filters_are_as_long_as_fresh_ones() -> None:
    torch.manual_seed(0)
    network = Twice().eval()
    only_add(network.norm, torch.randn(4))
    with torch.no_grad():
        network.first.weight[2] = 0  # a channel that nothing comes from
    images = torch.randn(6, 3, 8, 8)
    before = network(images)
    assert restore_batch_norms(network, 8, [images[:2], images[2:]]) == 1
    given = network.first(images).detach()
    assert torch.allclose(network.norm.running_mean, given.mean((0, 2, 3)), atol=1e-5)
    variance = given.var((0, 2, 3), unbiased=False)
    assert torch.allclose(network.norm.running_var, variance, rtol=1e-4)
    lengths = network.first.weight.flatten(1).norm(dim=1)
    expected = torch.full((4,), (2 * 3 / 4) ** 0.5)
    expected[2] = 0
    assert torch.allclose(lengths, expected, rtol=1e-5)
    assert torch.allclose(network(images), before, atol=1e-5)
