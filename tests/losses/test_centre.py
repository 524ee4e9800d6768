"""Centre loss: by hand, against NumPy, and its pull towards means."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import CentreLoss, centre_loss  # noqa: E402


def test_by_hand() -> None:
    centres = torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    pooled = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    assert centre_loss(pooled, torch.tensor([0, 1]), centres).item() == (5 + 9) / 2 / 2


def test_against_numpy() -> None:
    random = np.random.default_rng(3)
    pooled, centres = random.normal(0, 1, (9, 6)), random.normal(0, 1, (7, 6))
    labels = random.integers(0, 7, 9)
    expected = sum(
        0.5 * np.linalg.norm(one - centres[label]) ** 2
        for one, label in zip(pooled, labels, strict=True)
    )
    loss = centre_loss(*map(torch.from_numpy, (pooled, labels, centres)))
    assert loss.item() == pytest.approx(expected / 9, rel=1e-12)


def test_gradients() -> None:
    random = torch.Generator().manual_seed(0)
    pooled = torch.randn(5, 3, generator=random, dtype=torch.float64, requires_grad=True)
    centres = torch.randn(3, 3, generator=random, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 2, 2, 0, 0])
    assert torch.autograd.gradcheck(
        lambda features, middle: centre_loss(features, labels, middle), (pooled, centres)
    )
    centre_loss(pooled, labels, centres).backward()
    torch.testing.assert_close(pooled.grad, (pooled - centres[labels]).detach() / 5)
    assert centres.grad[1].abs().sum() == 0  # nobody's class: nothing drives it


def test_centres_learn_to_be_means() -> None:
    torch.manual_seed(0)
    module = CentreLoss(2, 512)
    assert module.centres.std().item() == pytest.approx(1, abs=0.1)
    pooled, labels = torch.randn(6, 512), torch.tensor([0, 0, 0, 1, 1, 1])
    optimiser = torch.optim.SGD(module.parameters(), 1.0)
    for _ in range(40):
        optimiser.zero_grad()
        module(pooled, labels).backward()
        optimiser.step()
    means = torch.stack([pooled[:3].mean(0), pooled[3:].mean(0)])
    torch.testing.assert_close(module.centres.detach(), means, rtol=0, atol=1e-5)


def test_in_bfloat16_it_is_computed_in_float32() -> None:
    torch.manual_seed(1)
    module, labels = CentreLoss(7, 512), torch.arange(32) % 7
    pooled = torch.randn(32, 512).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(pooled, labels)
    exact = (pooled.double() - module.centres.double()[labels]).square().sum().item() / 64
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(exact, rel=1e-5)


def test_it_compiles_without_breaks() -> None:
    arguments = torch.randn(3, 2), torch.tensor([0, 1, 1]), torch.randn(2, 2)
    compiled = torch.compile(centre_loss, fullgraph=True, backend="eager")
    assert compiled(*arguments) == centre_loss(*arguments)


@pytest.mark.parametrize(
    ("pooled", "labels", "centres", "message"),
    [
        (torch.ones(3), [0], torch.eye(3), r"pooled features are \(N, D\)"),
        (torch.full((1, 3), torch.inf), [0], torch.eye(3), "pooled features contain NaN or inf"),
        (torch.ones(1, 3), [0], torch.ones(3), r"centres are \(K, D\)"),
        (torch.ones(1, 3), [0], torch.eye(3) * torch.nan, "centres contain NaN"),
        (torch.ones(1, 2), [0], torch.eye(3), "2 dimensions, centres 3"),
        (torch.ones(1, 3), [3], torch.eye(3), "label 3 is outside 0 to 2"),
        (torch.ones(2, 3), [1], torch.eye(3), r"2 pictures need labels \(2,\), not \(1,\)"),
    ],
)
def test_refusals(
    pooled: torch.Tensor, labels: list[int], centres: torch.Tensor, message: str
) -> None:
    with pytest.raises(TensorError, match=message):
        centre_loss(pooled, torch.tensor(labels), centres)


def test_the_modules_refusals() -> None:
    with pytest.raises(ModelError, match="classes is 0"):
        CentreLoss(0, 4)
    with pytest.raises(ModelError, match="width is -1"):
        CentreLoss(7, -1)
