"""Barlow Twins: against NumPy's own correlation, its minimum, what it does not see, gradients."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import TwinsLoss, cross_correlation, twins_loss  # noqa: E402


def views(number: int = 32, width: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two noisy views of the same pictures, with means and sizes of their own."""
    random = np.random.default_rng(seed)
    common = random.normal(0, 1, (number, width)) @ random.normal(0, 1, (width, width))
    both = [3 * common + random.normal(0, 1, common.shape) + 7 for _ in range(2)]
    return torch.from_numpy(both[0]), torch.from_numpy(both[1])


def whitened(number: int, width: int) -> Tensor:
    """Columns with mean 0, variance 1, and no correlation at all."""
    values = np.random.default_rng(1).normal(0, 1, (number, width))
    basis, _ = np.linalg.qr(np.column_stack([np.ones(number), values]))
    return torch.from_numpy(basis[:, 1:] * np.sqrt(number))


def test_correlation_against_numpy() -> None:
    first, second = views()
    together = np.corrcoef(first.numpy(), second.numpy(), rowvar=False)
    found = cross_correlation(first, second).numpy()
    assert np.allclose(found, together[:6, 6:], atol=1e-5)


def test_loss_against_numpy() -> None:
    first, second = views()
    correlation = np.corrcoef(first.numpy(), second.numpy(), rowvar=False)[:6, 6:]
    expected = 0.0
    for row in range(6):
        for column in range(6):
            if row == column:
                expected += (1 - correlation[row, column]) ** 2
            else:
                expected += 0.0051 * correlation[row, column] ** 2
    assert twins_loss(first, second).item() == pytest.approx(expected, rel=1e-3)
    off = np.sum(correlation**2) - np.sum(np.diag(correlation) ** 2)
    more = twins_loss(first, second, 1.0) - twins_loss(first, second, 0.0)
    assert more.item() == pytest.approx(off, rel=1e-4)


def test_nothing_is_left_where_views_agree_and_dimensions_do_not() -> None:
    perfect = whitened(40, 8)
    assert twins_loss(perfect, perfect, 1.0).item() == pytest.approx(0, abs=1e-8)
    # (1 + 1)^2 for each dimension that is turned round.
    assert twins_loss(perfect, -perfect, 1.0).item() == pytest.approx(4 * 8, rel=1e-4)
    # A dimension that says what another does: four correlations of 1 where two should be.
    doubled = torch.cat([perfect[:, :1], perfect[:, :1]], 1)
    assert twins_loss(doubled, doubled, 1.0).item() == pytest.approx(2, rel=1e-4)


def test_a_constant_is_no_way_out() -> None:
    first = torch.ones(16, 4)
    assert twins_loss(first, first).item() == pytest.approx(4)


def test_what_it_does_not_see() -> None:
    first, second = views()
    loss = twins_loss(first, second).item()
    order = torch.randperm(len(first))
    turned = torch.randperm(6)
    assert twins_loss(second, first).item() == pytest.approx(loss)
    assert twins_loss(first[order], second[order]).item() == pytest.approx(loss)
    assert twins_loss(first[:, turned], second[:, turned]).item() == pytest.approx(loss)
    assert twins_loss(5 * first - 3, second + 9).item() == pytest.approx(loss, rel=1e-4)
    # And what it does: which picture is which.
    assert twins_loss(first, second[order]).item() > 2 * loss


def test_gradients() -> None:
    first, second = views(7, 3)
    inputs = first.requires_grad_(), second.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: twins_loss(a, b, 0.3), inputs)


def test_under_autocast_it_is_computed_in_float32() -> None:
    first, second = (one.bfloat16() for one in views(64))
    with torch.autocast("cpu", torch.bfloat16):
        coarse = twins_loss(first, second)
    assert coarse.dtype == torch.float32
    assert coarse.item() == pytest.approx(twins_loss(first.double(), second.double()).item(), 1e-4)


def test_the_module_is_projector_then_loss() -> None:
    torch.manual_seed(0)
    module = TwinsLoss(5, 8, 0.1).double()
    features = torch.randn(20, 5, dtype=torch.float64)
    one, two, three = (module.projector[place].weight for place in (0, 3, 6))

    def normalised(values: Tensor) -> Tensor:
        return (values - values.mean(0)) / (values.var(0, correction=0) + 1e-5).sqrt()

    projected = (normalised((normalised(features @ one.T).relu()) @ two.T).relu()) @ three.T
    expected = twins_loss(projected[:10], projected[10:], 0.1)
    assert module(features).item() == pytest.approx(expected.item(), rel=1e-9)
    module(features).backward()
    assert all(one.grad.abs().sum() > 0 for one in (*module.parameters(),))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_module_takes_what_autocast_leaves(dtype: torch.dtype) -> None:
    features = torch.randn(8, 5).to(dtype)
    module = TwinsLoss(5, 8)
    assert module(features).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert module(features).dtype == torch.float32


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (torch.zeros(4), torch.zeros(4), r"first views are \(N, D\)"),
        (torch.zeros(4, 2), torch.zeros(4, 2) / 0, "second views contain NaN"),
        (torch.zeros(4, 2), torch.zeros(3, 2), r"\(4, 2\) and \(3, 2\) are no twins"),
        (torch.zeros(1, 2), torch.zeros(1, 2), "needs 2 pictures or more"),
    ],
)
def test_refusals(first: Tensor, second: Tensor, message: str) -> None:
    with pytest.raises(TensorError, match=message):
        twins_loss(first, second)


def test_the_modules_refusals() -> None:
    with pytest.raises(TensorError, match="3 pictures are no pairs"):
        TwinsLoss(4, 4)(torch.zeros(3, 4))
    with pytest.raises(ModelError, match="width is 0"):
        TwinsLoss(4, 0)
    with pytest.raises(ModelError, match="weight is -1"):
        TwinsLoss(4, 4, -1)
