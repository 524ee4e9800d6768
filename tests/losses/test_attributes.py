"""Attributes: against NumPy, unknown labels, gradients, refusals."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from mien.errors import TensorError  # noqa: E402
from mien.losses import attribute_losses, attributes_right  # noqa: E402

GROUPS = (9, 2, 7)


def batch(number: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = np.stack([random.integers(0, size, number) for size in GROUPS], axis=1)
    return random.normal(0, 2, (number, sum(GROUPS))), targets


def by_hand(logits: np.ndarray, targets: np.ndarray) -> list[float]:
    """One picture after the other, those without the attribute left out."""
    losses, first = [], 0
    for column, size in enumerate(GROUPS):
        each = []
        for row, label in zip(logits, targets[:, column], strict=True):
            part = np.exp(row[first : first + size])
            if label not in (-1, 255):
                each.append(-np.log(part[label] / part.sum()))
        losses.append(float(np.mean(each)) if each else 0.0)
        first += size
    return losses


def test_against_numpy() -> None:
    logits, targets = batch()
    found = attribute_losses(*map(torch.from_numpy, (logits, targets)), GROUPS)
    assert found.tolist() == pytest.approx(by_hand(logits, targets), rel=1e-12)


def test_unknown_attributes_do_not_count() -> None:
    logits, targets = batch()
    targets[2:5, 0], targets[3, 1], targets[:, 2] = -1, 255, -1
    values = torch.from_numpy(logits).requires_grad_()
    found = attribute_losses(values, torch.from_numpy(targets), GROUPS)
    assert found.tolist() == pytest.approx(by_hand(logits, targets), rel=1e-12)
    assert found[2] == 0
    found.sum().backward()
    assert values.grad[2:5, :9].abs().sum() == 0
    assert values.grad[:, 11:].abs().sum() == 0
    assert (values.grad[5:, :11] != 0).all()


def test_equal_logits_cost_the_logarithm_of_the_classes() -> None:
    targets = torch.from_numpy(batch()[1])
    found = attribute_losses(torch.zeros(12, 18), targets, GROUPS)
    assert found.tolist() == pytest.approx(np.log(GROUPS), rel=1e-6)


def test_groups_do_not_touch_each_other() -> None:
    logits, targets = map(torch.from_numpy, batch())
    before = attribute_losses(logits, targets, GROUPS)
    logits[:, 9:11] += 100 * torch.randn(12, 2, dtype=torch.float64)
    after = attribute_losses(logits, targets, GROUPS)
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert before[1] != after[1]


def test_gradients() -> None:
    logits, targets = map(torch.from_numpy, batch(4))
    assert torch.autograd.gradcheck(
        lambda values: attribute_losses(values, targets, GROUPS), logits.requires_grad_()
    )


def test_right_answers() -> None:
    logits, targets = batch(40)
    targets[:7, 1] = -1
    right, number = attributes_right(*map(torch.from_numpy, (logits, targets)), GROUPS)
    parts = np.split(logits, np.cumsum(GROUPS)[:-1], axis=1)
    best = np.stack([part.argmax(axis=1) for part in parts], axis=1)
    assert right.tolist() == (best == targets).sum(axis=0).tolist()
    assert number.tolist() == [40, 33, 40]


def test_in_bfloat16_it_is_computed_in_float32() -> None:
    logits, targets = map(torch.from_numpy, batch())
    coarse = logits.bfloat16()
    found = attribute_losses(coarse, targets, GROUPS)
    assert found.dtype == torch.float32
    assert torch.equal(found, attribute_losses(coarse.float(), targets, GROUPS))


@pytest.mark.parametrize(
    ("logits", "targets", "groups", "message"),
    [
        (torch.zeros(2, 18), torch.zeros(2, 3).long(), (9, 2, 6), "18 logits are no groups of"),
        (torch.zeros(2, 18), torch.zeros(2, 3).long(), (18, 0), "18 logits are no groups of"),
        (torch.zeros(2, 18), torch.zeros(2, 2).long(), GROUPS, r"targets \(2, 3\), not \(2, 2\)"),
        (torch.zeros(2, 18), torch.zeros(3, 3).long(), GROUPS, r"targets \(2, 3\), not \(3, 3\)"),
        (torch.zeros(2, 18), torch.zeros(2, 3), GROUPS, "int64 class indices, not torch.float32"),
        (torch.zeros(2, 18), torch.full((2, 3), 2), GROUPS, "label 2 is outside 0 to 1"),
        (torch.zeros(2, 18) / 0, torch.zeros(2, 3).long(), GROUPS, "logits contain NaN"),
    ],
)
def test_refusals(logits: Tensor, targets: Tensor, groups: tuple[int, ...], message: str) -> None:
    with pytest.raises(TensorError, match=message):
        attribute_losses(logits, targets, groups)
