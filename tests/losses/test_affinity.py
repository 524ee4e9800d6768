"""Affinity loss: by hand, against NumPy, and what DAN wants of it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import AffinityLoss, affinity_loss, centre_spread  # noqa: E402


def by_numpy(pooled: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    """The released code's steps: full matrix by the quadratic form, mask, clamp, sum / N."""
    spread = sum(np.var(centres[:, one], ddof=1) for one in range(centres.shape[1]))
    squares = (pooled**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * pooled @ centres.T
    mask = labels[:, None] == np.arange(len(centres))
    return float(np.clip(squares * mask / spread, 1e-12, 1e12).sum() / len(pooled))


def example(centres: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nine pictures in seven classes, six dimensions."""
    random = np.random.default_rng(seed)
    return random.normal(0, 2, (9, 6)), random.integers(0, 7, 9), random.normal(0, 1, (centres, 6))


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def test_by_hand() -> None:
    # Variances over the two centres: 2 and 8, so S = 10. Distances: 1 + 4, and 0 + 9.
    centres = torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    pooled = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    assert centre_spread(centres).item() == pytest.approx(10)
    loss = affinity_loss(pooled, torch.tensor([0, 1]), centres)
    assert loss.item() == pytest.approx((5 + 9) / 10 / 2)


@pytest.mark.parametrize("centres", [7, 8, 12])
def test_against_numpy(centres: int) -> None:
    pooled, labels, middle = example(centres)
    loss = affinity_loss(*tensors(pooled, labels, middle))
    assert loss.dtype == torch.float64
    # To within the 1e-12 that the code's clamp adds for every other centre.
    assert loss.item() == pytest.approx(by_numpy(pooled, labels, middle), rel=1e-12, abs=2e-11)
    single = affinity_loss(
        *(
            one.float() if one.is_floating_point() else one
            for one in tensors(pooled, labels, middle)
        )
    )
    assert single.item() == pytest.approx(loss.item(), rel=1e-5)


def test_a_term_is_clamped() -> None:
    centres = torch.tensor([[0.0], [2e-3]], dtype=torch.float64)  # S = 2e-6
    pooled = torch.tensor([[1e6], [2e-3]], dtype=torch.float64, requires_grad=True)
    loss = affinity_loss(pooled, torch.tensor([0, 1]), centres)
    assert loss.item() == pytest.approx((1e12 + 1e-12) / 2)
    loss.backward()
    assert pooled.grad.abs().sum() == 0


def test_gradients() -> None:
    pooled, labels, centres = tensors(*example())
    assert torch.autograd.gradcheck(
        lambda features, middle: affinity_loss(features, labels, middle),
        (pooled.requires_grad_(), centres.requires_grad_()),
    )


def test_the_gradient_runs_through_the_spread() -> None:
    """A centre that is nobody's class moves by S alone: dL/dc = -L/S * 2 (c - mean) / (K - 1)."""
    pooled, labels, centres = tensors(*example(8))
    centres.requires_grad_()
    loss = affinity_loss(pooled, labels, centres)
    loss.backward()
    spread = centre_spread(centres).item()
    outward = (centres - centres.mean(0))[7].detach()
    expected = -loss.item() / spread * 2 * outward / 7
    torch.testing.assert_close(centres.grad[7], expected, rtol=1e-10, atol=0)
    moved = centres.detach() - 0.1 * centres.grad
    assert centre_spread(moved).item() > spread


def test_shifting_and_scaling_everything_changes_nothing() -> None:
    pooled, labels, centres = tensors(*example())
    moved = affinity_loss(3 * pooled + 5, labels, 3 * centres + 5)
    assert moved.item() == pytest.approx(affinity_loss(pooled, labels, centres).item(), rel=1e-10)


def test_fresh_centres_are_standard_normal() -> None:
    torch.manual_seed(0)
    # S is 512 +- sqrt(512 * 2 / 7), about 12, with eight centres.
    for number in (7, 8):
        module = AffinityLoss(7, 512, centres=number)
        assert module.centres.shape == (number, 512)
        assert centre_spread(module.centres).item() == pytest.approx(512, abs=50)
        assert module.centres.mean().item() == pytest.approx(0, abs=0.07)
    assert AffinityLoss(7, 512).centres.shape == (7, 512)
    assert [name for name, _ in module.named_parameters()] == ["centres"]


def test_the_module_learns_its_centres() -> None:
    torch.manual_seed(1)
    pooled, labels, _ = tensors(*example())
    module = AffinityLoss(7, 6, centres=8).double()
    assert module(pooled, labels).item() == pytest.approx(
        affinity_loss(pooled, labels, module.centres).item()
    )
    optimiser = torch.optim.SGD(module.parameters(), 0.1)
    before, spread = module(pooled, labels).item(), centre_spread(module.centres).item()
    for _ in range(20):
        optimiser.zero_grad()
        module(pooled, labels).backward()
        optimiser.step()
    assert module(pooled, labels).item() < 0.7 * before
    assert centre_spread(module.centres).item() > spread


def test_in_bfloat16_it_is_computed_in_float32() -> None:
    torch.manual_seed(2)
    module = AffinityLoss(7, 512)
    pooled, labels = (10 * torch.randn(32, 512)).bfloat16(), torch.arange(32) % 7
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(pooled, labels)
    assert loss.dtype == torch.float32
    exact = by_numpy(
        pooled.double().numpy(), labels.numpy(), module.centres.detach().double().numpy()
    )
    assert loss.item() == pytest.approx(exact, rel=1e-5)


def test_it_compiles_without_breaks() -> None:
    pooled, labels, centres = tensors(*example())
    compiled = torch.compile(affinity_loss, fullgraph=True, backend="eager")
    assert compiled(pooled, labels, centres) == affinity_loss(pooled, labels, centres)


@pytest.mark.parametrize(
    ("pooled", "labels", "centres", "message"),
    [
        (torch.ones(2, 3, 1), [0, 1], torch.eye(3), r"pooled features are \(N, D\), not \(2, 3, 1"),
        (torch.ones(2, 3).long(), [0, 1], torch.eye(3), "pooled features are floating point"),
        (torch.ones(0, 3), [], torch.eye(3), "pooled features are empty"),
        (torch.full((2, 3), torch.nan), [0, 1], torch.eye(3), "pooled features contain NaN"),
        (torch.ones(2, 4), [0, 1], torch.eye(3), "4 dimensions, centres 3"),
        (torch.ones(2, 3), [0, 3], torch.eye(3), "label 3 is outside 0 to 2"),
        (torch.ones(2, 3), [-1, 2], torch.eye(3), "label -1 is outside 0 to 2"),
        (torch.ones(2, 3), [0.0, 1.0], torch.eye(3), "labels are int64 class indices"),
        (torch.ones(2, 3), [0, 1, 2], torch.eye(3), r"2 pictures need labels \(2,\), not \(3,\)"),
        (torch.ones(2, 3), [[0], [1]], torch.eye(3), r"2 pictures need labels \(2,\), not \(2, 1"),
        (torch.ones(2, 3), [0, 0], torch.eye(3)[:1], "K of at least 2"),
        (torch.ones(2, 3), [0, 0], torch.ones(3), "K of at least 2"),
        (torch.ones(2, 3), [0, 0], torch.eye(3).long(), "centres are floating point"),
        (torch.ones(2, 3), [0, 0], torch.ones(3, 3), "centres are all equal"),
        (torch.ones(2, 3), [0, 0], torch.eye(3) * torch.nan, "centres are all equal, or contain"),
        (torch.ones(2, 3), [0, 0], torch.eye(3) * torch.inf, "centres are all equal, or contain"),
    ],
)
def test_refusals(
    pooled: torch.Tensor, labels: list[int], centres: torch.Tensor, message: str
) -> None:
    kind = torch.float32 if labels and isinstance(labels[0], float) else torch.int64
    with pytest.raises(TensorError, match=message):
        affinity_loss(pooled, torch.tensor(labels, dtype=kind), centres)


def test_the_modules_refusals() -> None:
    with pytest.raises(ModelError, match="centres is 6; it must be at least 7"):
        AffinityLoss(7, 4, centres=6)
    with pytest.raises(ModelError, match="centres is 1; it must be at least 2"):
        AffinityLoss(1, 4)
    with pytest.raises(ModelError, match="classes is 0"):
        AffinityLoss(0, 4)
    with pytest.raises(ModelError, match="width is 0"):
        AffinityLoss(7, 0)
    # The eighth centre is no class.
    with pytest.raises(TensorError, match="label 7 is outside 0 to 6"):
        AffinityLoss(7, 4, centres=8)(torch.ones(1, 4), torch.tensor([7]))
