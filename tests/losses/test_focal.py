"""Focal loss: by hand, against NumPy, and the reduction that the released code has wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import FocalLoss, cross_entropy, focal_loss  # noqa: E402


def by_numpy(logits: np.ndarray, labels: np.ndarray, gamma: float) -> float:
    terms = []
    for row, label in zip(logits, labels, strict=True):
        if label in (255, -1):
            continue
        share = math.exp(row[label]) / sum(math.exp(one) for one in row)
        terms.append(-((1 - share) ** gamma) * math.log(share))
    return sum(terms) / len(terms)


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Logits of ten pictures in seven classes, three of them unlabelled."""
    random = np.random.default_rng(6)
    labels = random.integers(0, 7, 10)
    labels[[2, 3]], labels[9] = 255, -1
    return random.normal(0, 2, (10, 7)), labels


def test_by_hand() -> None:
    # Probability 1/4: (3/4)^2 log 4.
    logits = torch.tensor([[0.0, math.log(3)], [5.0, 1.0]])
    loss = focal_loss(logits, torch.tensor([0, 255]))
    assert loss.item() == pytest.approx(9 / 16 * math.log(4))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_against_numpy(drawn: tuple[np.ndarray, np.ndarray], gamma: float) -> None:
    logits, labels = map(torch.from_numpy, drawn)
    loss = focal_loss(logits, labels, gamma=gamma)
    assert loss.item() == pytest.approx(by_numpy(*drawn, gamma), rel=1e-12)
    assert FocalLoss(gamma)(logits, labels) == loss


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_gradients(drawn: tuple[np.ndarray, np.ndarray], gamma: float) -> None:
    logits, labels = map(torch.from_numpy, drawn)
    assert torch.autograd.gradcheck(
        lambda one: focal_loss(one, labels, gamma=gamma), (logits.requires_grad_(),)
    )


def test_unlabelled_pictures_change_neither_loss_nor_gradient(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    """The released code's reduction fails this: it divides by the labelled number once more."""
    logits, labels = map(torch.from_numpy, drawn)
    kept = (labels >= 0) & (labels < 7)
    both = []
    for one, some in ((logits, labels), (logits[kept], labels[kept])):
        one = one.clone().requires_grad_()
        loss = focal_loss(one, some)
        loss.backward()
        both.append((loss.item(), one.grad))
    assert both[0][0] == pytest.approx(both[1][0], rel=1e-12)
    torch.testing.assert_close(both[0][1][kept], both[1][1])
    assert both[0][1][~kept].abs().sum() == 0


def test_gamma_zero_is_cross_entropy(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = map(torch.from_numpy, drawn)
    loss = focal_loss(logits, labels, gamma=0)
    assert loss.item() == pytest.approx(cross_entropy(logits, labels, ignored=(255, -1)).item())


def test_no_label_at_all_is_zero_with_a_gradient() -> None:
    logits = torch.randn(3, 7, requires_grad=True)
    loss = focal_loss(logits, torch.tensor([255, -1, 255]))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.abs().sum() == 0


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.5, 1.0, 2.0])
def test_certain_answers_give_finite_numbers(gamma: float) -> None:
    """Right and wrong by a margin at which the probability is 1 or 0 in float32."""
    logits = torch.tensor([[500.0, 0.0], [0.0, 500.0]], requires_grad=True)
    loss = focal_loss(logits, torch.tensor([0, 0]), gamma=gamma)
    loss.backward()
    assert loss.item() == pytest.approx(250)
    torch.testing.assert_close(logits.grad, torch.tensor([[0.0, 0.0], [-0.5, 0.5]]))


def test_in_bfloat16_it_is_computed_in_float32(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    coarse = torch.from_numpy(drawn[0]).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = focal_loss(coarse, torch.from_numpy(drawn[1]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(by_numpy(coarse.double().numpy(), drawn[1], 2), rel=1e-5)


def test_it_compiles_without_breaks(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = map(torch.from_numpy, drawn)
    compiled = torch.compile(FocalLoss(), fullgraph=True, backend="eager")
    assert compiled(logits, labels) == focal_loss(logits, labels)


def test_other_marks_of_no_label() -> None:
    logits = torch.randn(2, 300)
    with pytest.raises(TensorError, match="255 cannot mean unlabelled: it is one of 300 classes"):
        focal_loss(logits, torch.tensor([255, 3]))
    one = FocalLoss(ignored=[-7])(logits, torch.tensor([255, -7]))
    assert one == FocalLoss(ignored=())(logits[:1], torch.tensor([255]))


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (torch.ones(3), torch.tensor([0]), r"logits are \(N, M\)"),
        (torch.full((1, 3), torch.nan), torch.tensor([0]), "the logits contain NaN"),
        (torch.ones(1, 3), torch.tensor([7]), "label 7 is outside 0 to 2"),
        (torch.ones(1, 3), torch.tensor([-2]), "label -2 is outside 0 to 2"),
        (torch.ones(1, 3), torch.ones(1, 3) / 3, "labels are int64 class indices, not torch.fl"),
        (torch.ones(2, 3), torch.tensor([0]), r"2 pictures need labels \(2,\)"),
    ],
)
def test_refusals(logits: torch.Tensor, labels: torch.Tensor, message: str) -> None:
    with pytest.raises(TensorError, match=message):
        focal_loss(logits, labels)


def test_refused_options() -> None:
    with pytest.raises(ModelError, match="gamma is -1"):
        FocalLoss(-1)
    with pytest.raises(ModelError, match="gamma is nan"):
        focal_loss(torch.ones(1, 3), torch.tensor([0]), gamma=math.nan)
