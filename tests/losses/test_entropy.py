"""Cross entropy against NumPy: indices, distributions, smoothing, ignored labels, scale."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import CrossEntropy, cross_entropy  # noqa: E402


def by_numpy(logits: np.ndarray, targets: np.ndarray, smoothing: float = 0.0) -> float:
    classes = logits.shape[1]
    if targets.ndim == 1:
        targets = np.eye(classes)[targets]
    targets = (1 - smoothing) * targets + smoothing / classes
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return float(-(targets * np.log(probabilities)).sum() / len(logits))


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, class indices and distributions of nine pictures in seven classes."""
    random = np.random.default_rng(5)
    votes = random.dirichlet(np.full(7, 0.4), 9)
    return random.normal(0, 2, (9, 7)), random.integers(0, 7, 9), votes


def test_by_hand() -> None:
    # Probabilities 1/4, 3/4 and 1/2, 1/2.
    logits = torch.tensor([[0.0, math.log(3)], [1.0, 1.0]])
    loss = cross_entropy(logits, torch.tensor([0, 1]))
    assert loss.item() == pytest.approx((math.log(4) + math.log(2)) / 2)
    soft = cross_entropy(logits, torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
    assert soft.item() == pytest.approx((math.log(4) / 2 + math.log(4 / 3) / 2 + math.log(2)) / 2)
    # MSA-Net, Eq. 2.
    scaled = CrossEntropy(scale=0.6)(logits, torch.tensor([0, 1]))
    assert scaled.item() == pytest.approx(0.6 * (math.log(4) + math.log(2)) / 2)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_against_numpy(drawn: tuple[np.ndarray, ...], smoothing: float) -> None:
    logits, labels, votes = drawn
    for targets in (labels, votes):
        pair = torch.from_numpy(logits), torch.from_numpy(targets)
        expected = by_numpy(logits, targets, smoothing)
        loss = cross_entropy(*pair, label_smoothing=smoothing)
        assert loss.item() == pytest.approx(expected, rel=1e-12)
        module = CrossEntropy(0.6, smoothing)(*pair)
        assert module.item() == pytest.approx(0.6 * expected, rel=1e-12)


def test_the_gradient_is_probability_less_target(drawn: tuple[np.ndarray, ...]) -> None:
    logits, votes = torch.from_numpy(drawn[0]).requires_grad_(), torch.from_numpy(drawn[2])
    CrossEntropy(scale=0.6)(logits, votes).backward()
    expected = 0.6 * (logits.softmax(1) - votes).detach() / 9
    torch.testing.assert_close(logits.grad, expected, rtol=1e-9, atol=1e-12)


def test_ignored_labels_leave_the_mean(drawn: tuple[np.ndarray, ...]) -> None:
    logits, labels, _ = drawn
    some = labels.copy()
    some[[1, 4]], some[7] = 255, -1
    kept = (some >= 0) & (some < 7)
    loss = cross_entropy(torch.from_numpy(logits), torch.from_numpy(some), ignored=(255, -1))
    assert loss.item() == pytest.approx(by_numpy(logits[kept], labels[kept]), rel=1e-12)


def test_no_label_at_all_is_zero_with_a_gradient() -> None:
    logits = torch.randn(3, 7, requires_grad=True)
    loss = cross_entropy(logits, torch.full((3,), 255), ignored=(255,))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.abs().sum() == 0


def test_in_bfloat16_it_is_computed_in_float32(drawn: tuple[np.ndarray, ...]) -> None:
    logits, labels, votes = drawn
    coarse = torch.from_numpy(logits).bfloat16()
    exact = coarse.double().numpy()
    for targets in (labels, votes):
        with torch.autocast("cpu", torch.bfloat16):
            loss = cross_entropy(coarse, torch.from_numpy(targets))
        assert loss.dtype == torch.float32
        assert loss.item() == pytest.approx(by_numpy(exact, targets), rel=1e-5)


def test_it_compiles_without_breaks(drawn: tuple[np.ndarray, ...]) -> None:
    logits, labels, votes = map(torch.from_numpy, drawn)
    for targets in (labels, votes):
        compiled = torch.compile(CrossEntropy(0.6), fullgraph=True, backend="eager")
        assert compiled(logits, targets) == CrossEntropy(0.6)(logits, targets)


@pytest.mark.parametrize(
    ("logits", "targets", "message"),
    [
        (torch.ones(3), torch.tensor([0]), r"logits are \(N, M\), not \(3,\)"),
        (torch.ones(0, 3), torch.tensor([]).long(), "logits are empty"),
        (torch.ones(1, 3).long(), torch.tensor([0]), "logits are floating point"),
        (torch.tensor([[0.0, torch.nan]]), torch.tensor([0]), "the logits contain NaN"),
        (torch.ones(1, 3), torch.tensor([3]), "label 3 is outside 0 to 2"),
        (torch.ones(1, 3), torch.tensor([-100]), "label -100 is outside 0 to 2"),
        (
            torch.ones(1, 3),
            torch.tensor([0], dtype=torch.int32),
            "int64 class indices, not torch.i",
        ),
        (torch.ones(2, 3), torch.tensor([0]), r"2 pictures need labels \(2,\)"),
        (torch.ones(2, 3), torch.ones(2, 4) / 4, r"logits \(2, 3\) need distributions of that"),
        (torch.ones(2, 3), torch.ones(2), r"logits \(2, 3\) need distributions of that shape"),
        (torch.ones(1, 3), torch.ones(1, 3), "a sum other than 1"),
        (torch.ones(1, 3), torch.tensor([[1.5, -0.5, 0.0]]), "negative parts"),
        (
            torch.ones(1, 3),
            torch.tensor([[1.0, torch.nan, 0.0]]),
            "a distribution over the classes",
        ),
    ],
)
def test_refusals(logits: torch.Tensor, targets: torch.Tensor, message: str) -> None:
    with pytest.raises(TensorError, match=message):
        cross_entropy(logits, targets)


def test_a_class_cannot_mean_unlabelled() -> None:
    with pytest.raises(TensorError, match="2 cannot mean unlabelled: it is one of 3 classes"):
        cross_entropy(torch.ones(1, 3), torch.tensor([0]), ignored=(2,))


def test_refused_options() -> None:
    for scale in (-0.1, math.nan, math.inf):
        with pytest.raises(ModelError, match="scale is"):
            CrossEntropy(scale)
    for smoothing in (-0.1, 1.1, math.nan):
        with pytest.raises(ModelError, match="label_smoothing is"):
            CrossEntropy(label_smoothing=smoothing)
