"""Partition loss: by hand, against NumPy, and the properties that the specification found."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import PartitionLoss, partition_loss  # noqa: E402

FORMS = ["code", "paper"]
EPSILON = np.finfo(np.float64).eps


def by_numpy(heads: np.ndarray, form: str) -> float:
    pictures, number, channels = heads.shape
    variances = [
        np.var(heads[picture, :, channel], ddof=1)
        for picture in range(pictures)
        for channel in range(channels)
    ]
    if form == "code":
        return math.log(1 + number / (float(np.mean(variances)) + EPSILON))
    return float(np.mean([math.log(1 + number / (one + EPSILON)) for one in variances]))


def drawn(number: int, seed: int = 0) -> np.ndarray:
    """Heads of five pictures, six channels, each channel with a spread of its own."""
    random = np.random.default_rng(seed)
    return random.normal(0, 1, (5, number, 6)) * random.uniform(0.1, 3, 6)


def test_by_hand() -> None:
    # One picture, two heads; variances of the two channels: 2 and 1/2.
    heads = torch.tensor([[[0.0, 1.0], [2.0, 2.0]]], dtype=torch.float64)
    assert partition_loss(heads, "code").item() == pytest.approx(math.log(1 + 2 / 1.25))
    expected = (math.log(1 + 2 / 2) + math.log(1 + 2 / 0.5)) / 2
    assert partition_loss(heads, "paper").item() == pytest.approx(expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [2, 3, 4, 8])
def test_against_numpy(form: str, number: int) -> None:
    heads = drawn(number)
    loss = partition_loss(torch.from_numpy(heads), form)
    assert loss.item() == pytest.approx(by_numpy(heads, form), rel=1e-12)
    assert PartitionLoss(form)(torch.from_numpy(heads)) == loss
    single = partition_loss(torch.from_numpy(heads).float(), form)
    assert single.item() == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [1, 2, 4])
def test_gradients(form: str, number: int) -> None:
    heads = torch.from_numpy(drawn(number)).requires_grad_()
    assert torch.autograd.gradcheck(lambda one: partition_loss(one, form), (heads,))


@pytest.mark.parametrize("seed", range(5))
def test_the_codes_form_is_never_more_than_the_printed(seed: int) -> None:
    heads = torch.from_numpy(drawn(4, seed))
    assert partition_loss(heads, "code") < partition_loss(heads, "paper")
    even = torch.tensor([1.0, -1.0, 2.0, 0.0], dtype=torch.float64)[None, :, None].expand(3, 4, 5)
    same = partition_loss(even, "paper").item()
    assert partition_loss(even, "code").item() == pytest.approx(same, rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_log_softmax_over_heads_changes_nothing(form: str) -> None:
    heads = torch.from_numpy(drawn(4))
    after = partition_loss(heads.log_softmax(dim=1), form)
    assert after.item() == pytest.approx(partition_loss(heads, form).item(), rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_heads_that_differ_more_cost_less(form: str) -> None:
    heads = torch.from_numpy(drawn(4))
    losses = [partition_loss(factor * heads, form).item() for factor in (0.5, 1, 2, 100)]
    assert losses == sorted(losses, reverse=True)
    assert 0 < losses[-1] < 0.1


@pytest.mark.parametrize("form", FORMS)
def test_one_head_costs_nothing_and_keeps_the_graph(form: str) -> None:
    heads = torch.randn(5, 1, 6, requires_grad=True)
    loss = partition_loss(heads, form)
    loss.backward()
    assert loss.item() == 0
    assert heads.grad.abs().sum() == 0


@pytest.mark.parametrize("form", FORMS)
def test_equal_heads_give_finite_numbers(form: str) -> None:
    heads = torch.ones(5, 4, 6, requires_grad=True)
    loss = partition_loss(heads, form)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(4 / EPSILON), rel=1e-6)
    assert heads.grad.abs().sum() == 0
    looser = PartitionLoss(form, epsilon=1e-3)(heads)
    assert looser.item() == pytest.approx(math.log(4001), rel=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_in_bfloat16_it_is_computed_in_float32(form: str) -> None:
    torch.manual_seed(0)
    # Nearly equal heads, as after DAN's start: bfloat16 cannot hold their variance.
    heads = (1 + 0.02 * torch.randn(8, 4, 64)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = partition_loss(heads, form)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(by_numpy(heads.double().numpy(), form), rel=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_it_compiles_without_breaks(form: str) -> None:
    heads = torch.from_numpy(drawn(4))
    compiled = torch.compile(PartitionLoss(form), fullgraph=True, backend="eager")
    assert compiled(heads) == partition_loss(heads, form)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        (torch.ones(5, 6), r"heads are \(N, K, D\), not \(5, 6\)"),
        (torch.ones(5, 4, 6, dtype=torch.int64), "heads are floating point, not torch.int64"),
        (torch.ones(5, 0, 6), "heads are empty"),
        (torch.full((5, 4, 6), torch.nan), "heads contain NaN"),
        (torch.full((5, 1, 6), -torch.inf), "heads contain NaN or infinite"),
    ],
)
def test_refusals(heads: torch.Tensor, message: str) -> None:
    with pytest.raises(TensorError, match=message):
        partition_loss(heads)


@pytest.mark.parametrize(
    "make", [PartitionLoss, lambda *one: partition_loss(torch.ones(1, 2, 3), *one)]
)
def test_refused_options(make: type) -> None:
    with pytest.raises(ModelError, match="form of the partition loss is 'papre'; choose one of"):
        make("papre")
    for epsilon in (0.0, -1.0, math.nan):
        with pytest.raises(ModelError, match="epsilon is"):
            make("code", epsilon)
