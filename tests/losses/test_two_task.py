"""Expressions and action units together: weights, masks and each part against NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import (  # noqa: E402
    TwoTaskLoss,
    action_unit_loss,
    cross_entropy,
    focal_loss,
    two_task_loss,
)


def units_by_numpy(logits: np.ndarray, units: np.ndarray) -> float:
    terms = [
        -math.log(1 / (1 + math.exp(-logit)) if unit else 1 - 1 / (1 + math.exp(-logit)))
        for logit, unit in zip(logits.ravel(), units.ravel(), strict=True)
        if unit in (0, 1)
    ]
    return sum(terms) / len(terms)


@pytest.fixture
def drawn() -> list[torch.Tensor]:
    """Six pictures, 7 expressions, 12 units; 0 and 1 lack an expression, 2 and 3 the units."""
    random = np.random.default_rng(7)
    labels, units = random.integers(0, 7, 6), random.integers(0, 2, (6, 12))
    labels[0], labels[1] = 255, -1
    units[2], units[3], units[4, 5] = 255, -1, -1
    logits = random.normal(0, 2, (6, 7)), random.normal(0, 2, (6, 12))
    return [torch.from_numpy(one) for one in (*logits, labels, units)]


def test_by_hand() -> None:
    # Expression: probability 1/4. Units: probabilities 1/4 of an active one, 1/2 of a passive.
    logits, labels = torch.tensor([[0.0, math.log(3)]]), torch.tensor([0])
    action_units = torch.tensor([[-math.log(3), 0.0, 9.0]])
    units = torch.tensor([[1, 0, 255]])
    both = math.log(4), (math.log(4) + math.log(2)) / 2
    loss = two_task_loss(logits, action_units, labels, units)
    assert loss.item() == pytest.approx(10 * both[0] + both[1])
    focal = two_task_loss(logits, action_units, labels, units, expression="focal")
    assert focal.item() == pytest.approx(10 * 9 / 16 * both[0] + both[1])


def test_against_numpy(drawn: list[torch.Tensor]) -> None:
    logits, action_units, labels, units = drawn
    second = units_by_numpy(action_units.numpy(), units.numpy())
    assert action_unit_loss(action_units, units).item() == pytest.approx(second, rel=1e-12)
    rows = logits.numpy()[2:]
    shares = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    entropy = -np.log(shares[np.arange(4), labels.numpy()[2:]])
    assert two_task_loss(*drawn).item() == pytest.approx(10 * entropy.mean() + second, rel=1e-12)
    focal = np.mean((1 - np.exp(-entropy)) ** 3 * entropy)
    module = TwoTaskLoss("focal", expression_weight=2, unit_weight=0.5, gamma=3)
    assert module(*drawn).item() == pytest.approx(2 * focal + second / 2, rel=1e-12)
    assert TwoTaskLoss()(*drawn) == two_task_loss(*drawn)


def test_gradients_reach_labelled_entries_only(drawn: list[torch.Tensor]) -> None:
    logits, action_units, _, units = drawn
    logits.requires_grad_()
    action_units.requires_grad_()
    two_task_loss(*drawn).backward()
    assert (logits.grad.abs().sum(1) > 0).tolist() == [False, False, True, True, True, True]
    assert torch.equal(action_units.grad != 0, (units == 0) | (units == 1))
    # 48 units without 2 x 12 of two pictures and one more.
    expected = (action_units.sigmoid() - units).detach()[0] / 47
    torch.testing.assert_close(action_units.grad[0], expected)


def test_any_type_of_unit_labels(drawn: list[torch.Tensor]) -> None:
    _, action_units, _, units = drawn
    loss = action_unit_loss(action_units, units)
    assert action_unit_loss(action_units, units.float()) == loss
    assert action_unit_loss(action_units, units.masked_fill(units == -1, 255).byte()) == loss
    plain = units.clamp(0, 1)
    assert action_unit_loss(action_units, plain.bool()) == action_unit_loss(action_units, plain)


@pytest.mark.parametrize("expression", ["cross_entropy", "focal"])
def test_a_task_without_labels_adds_nothing(drawn: list[torch.Tensor], expression: str) -> None:
    logits, action_units, labels, units = drawn
    empty, none = torch.full_like(labels, 255), torch.full_like(units, -1)
    loss = two_task_loss(logits, action_units, empty, units, expression=expression)
    assert loss == action_unit_loss(action_units, units)
    first = cross_entropy(logits, labels, ignored=(255, -1))
    if expression == "focal":
        first = focal_loss(logits, labels)
    loss = two_task_loss(logits, action_units, labels, none, expression=expression)
    assert loss == 10 * first
    logits, action_units = logits.requires_grad_(), action_units.requires_grad_()
    loss = two_task_loss(logits, action_units, empty, none, expression=expression)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.abs().sum() == action_units.grad.abs().sum() == 0


def test_distributions_of_expressions(drawn: list[torch.Tensor]) -> None:
    logits, action_units, _, units = drawn
    votes = torch.from_numpy(np.random.default_rng(0).dirichlet(np.ones(7), 6))
    loss = two_task_loss(logits, action_units, votes, units)
    expected = 10 * cross_entropy(logits, votes) + action_unit_loss(action_units, units)
    assert loss == expected
    with pytest.raises(TensorError, match="labels are int64"):
        two_task_loss(logits, action_units, votes, units, expression="focal")


def test_in_bfloat16_it_is_computed_in_float32(drawn: list[torch.Tensor]) -> None:
    logits, action_units, labels, units = drawn
    coarse = logits.bfloat16(), action_units.bfloat16()
    exact = two_task_loss(coarse[0].double(), coarse[1].double(), labels, units)
    with torch.autocast("cpu", torch.bfloat16):
        loss = two_task_loss(*coarse, labels, units)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), rel=1e-5)


@pytest.mark.parametrize("expression", ["cross_entropy", "focal"])
def test_it_compiles_without_breaks(drawn: list[torch.Tensor], expression: str) -> None:
    module = TwoTaskLoss(expression)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    assert compiled(*drawn) == module(*drawn)


@pytest.mark.parametrize(
    ("place", "wrong", "message"),
    [
        (0, torch.ones(5, 7), "are of different numbers of pictures"),
        (0, torch.full((6, 7), torch.nan), "the logits contain NaN"),
        (1, torch.ones(6, 12, 1), r"logits of action units are \(N, U\)"),
        (1, torch.full((6, 12), torch.inf), "logits of action units contain NaN or infinite"),
        (2, torch.tensor([0, 1, 2, 3, 4, 7]), "label 7 is outside 0 to 6"),
        (2, torch.tensor([0, 1]), r"6 pictures need labels \(6,\)"),
        (3, torch.ones(6, 11), r"action units \(6, 12\) need labels of that shape, not \(6, 11"),
        (3, torch.full((6, 12), 2), "action units are between 0 and 1"),
        (3, torch.full((6, 12), torch.nan), "action units are between 0 and 1"),
    ],
)
def test_refusals(drawn: list[torch.Tensor], place: int, wrong: torch.Tensor, message: str) -> None:
    drawn[place] = wrong
    with pytest.raises(TensorError, match=message):
        two_task_loss(*drawn)


def test_refused_options(drawn: list[torch.Tensor]) -> None:
    with pytest.raises(ModelError, match="expression loss is 'hinge'; choose one of"):
        TwoTaskLoss("hinge")
    with pytest.raises(ModelError, match="'focl'; choose one of cross_entropy, focal"):
        two_task_loss(*drawn, expression="focl")
    for name in ("expression_weight", "unit_weight", "gamma"):
        with pytest.raises(ModelError, match=f"{name} is -1"):
            TwoTaskLoss(**{name: -1})
    with pytest.raises(ModelError, match="unit_weight is nan"):
        two_task_loss(*drawn, unit_weight=math.nan)
