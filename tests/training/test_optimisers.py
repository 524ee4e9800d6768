"""Which parameter is stepped how: the first step of each optimiser from its formula."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.errors import InputError  # noqa: E402
from mien.losses import AffinityLoss  # noqa: E402
from mien.models import create_model  # noqa: E402
from mien.training.optimisers import SGD, Adam, AdamW, Muon, Optimiser, SingleMuon  # noqa: E402

RATE, DECAY = 0.01, 0.3
QUINTICS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)


def stepped(record: Optimiser) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Name, value before and after one step, and gradient of every parameter."""
    torch.manual_seed(0)
    network = create_model("small", classes=4, stem=4, widths=(8,), depths=(1,))
    criterion = AffinityLoss(4, 8)
    named = [*network.named_parameters(), *criterion.named_parameters()]
    for _, weight in named:
        weight.grad = torch.randn_like(weight)
    before = [one.detach().clone() for _, one in named]
    record.make(network, criterion).step()
    return [
        (name, old.numpy(), new.detach().numpy(), new.grad.numpy())
        for (name, new), old in zip(named, before, strict=True)
    ]


def sgd(old: np.ndarray, gradient: np.ndarray, rate: float, decay: float) -> np.ndarray:
    return old - rate * (gradient + decay * old)


def nesterov(old: np.ndarray, gradient: np.ndarray, rate: float, decay: float) -> np.ndarray:
    # The first velocity is the gradient itself, looked at one step ahead.
    return old - rate * 1.9 * (gradient + decay * old)


def adam(old: np.ndarray, gradient: np.ndarray, rate: float, decay: float) -> np.ndarray:
    # Both moments are corrected for their start at zero: the gradient's sign is left.
    whole = gradient + decay * old
    return old - rate * whole / (np.abs(whole) + 1e-8)


def adamw(old: np.ndarray, gradient: np.ndarray, rate: float, decay: float) -> np.ndarray:
    return old * (1 - rate * decay) - rate * gradient / (np.abs(gradient) + 1e-8)


@pytest.mark.parametrize(
    ("kind", "more", "formula"),
    [
        (SGD, {}, sgd),
        (SGD, {"nesterov": True}, nesterov),
        (Adam, {}, adam),
        (AdamW, {}, adamw),
    ],
)
@pytest.mark.parametrize("decay_all", [False, True])
def test_the_first_step_is_the_formula_s(
    kind: type[Optimiser], more: dict[str, bool], formula: object, decay_all: bool
) -> None:
    record = kind(learning_rate=RATE, weight_decay=DECAY, decay_all=decay_all, **more)
    for name, old, new, gradient in stepped(record):
        decay = DECAY if old.ndim > 1 or decay_all else 0.0
        expected = formula(old, gradient, RATE, decay)  # type: ignore[operator]
        np.testing.assert_allclose(new, expected, rtol=1e-5, atol=2e-6, err_msg=name)


@pytest.mark.parametrize(("has_bfloat16", "roughness"), [(True, 2e-2), (False, 1e-5)])
def test_muon_calculates_with_what_the_processor_has(
    has_bfloat16: bool, roughness: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five quintic polynomials of the singular values (leloykun.github.io/ponder/muon-opt-coeffs),
    in float64."""
    monkeypatch.setattr("mien.training.optimisers.has_bfloat16", lambda _: has_bfloat16)
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(24, 40))
    weight.grad = torch.randn_like(weight)
    optimiser = Muon(learning_rate=RATE)._make([{"params": [weight], "lr": RATE}])
    assert isinstance(optimiser, SingleMuon) != has_bfloat16
    optimiser.step()
    left, values, right = np.linalg.svd(weight.grad.double().numpy(), full_matrices=False)
    values /= np.linalg.norm(values)
    for first, third, fifth in QUINTICS:
        values = first * values + third * values**3 + fifth * values**5
    expected = -RATE * 0.2 * 40**0.5 * (left * values) @ right
    found = weight.detach().double().numpy()
    away = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    assert roughness / 100 < away < roughness


def test_muon_s_matrices_are_the_nearest_orthogonal_ones() -> None:
    """Of a gradient U S V' the step is U V' but for the roughness of five iterations, in which
    singular values end between 0.5 and 1.5, times the size of AdamW's steps."""
    seen = 0
    for name, old, new, gradient in stepped(Muon(learning_rate=RATE, weight_decay=DECAY)):
        if old.ndim < 2 or min(old.shape[0], gradient[0].size) < 4 or name == "centres":
            continue
        seen += 1
        rows, columns = old.shape[0], gradient[0].size
        step = (old * (1 - RATE * DECAY) - new).reshape(rows, columns).astype(np.float64)
        step /= RATE * 0.2 * max(rows, columns) ** 0.5
        left, _, right = np.linalg.svd(gradient.reshape(rows, columns), full_matrices=False)
        inner = left.T @ step @ right.T
        assert 0.5 < np.diag(inner).min() <= np.diag(inner).max() < 1.5, name
        np.testing.assert_allclose(inner - np.diag(np.diag(inner)), 0, atol=0.05, err_msg=name)
    assert seen >= 4


def test_muon_leaves_norms_and_centres_to_adam() -> None:
    """Whose first step, with Nesterov's look ahead, has one size for all numbers."""
    seen = set()
    for name, old, new, gradient in stepped(Muon(learning_rate=RATE)):
        if old.ndim < 2 or name == "centres":
            seen.add("norm" if old.ndim < 2 else name)
            # Nesterov's momentum, corrected for its start: beta1 + 1 (Dozat 2016).
            expected = old - 1.9 * RATE * np.sign(gradient)
            np.testing.assert_allclose(new, expected, rtol=1e-4, atol=1e-5, err_msg=name)
    assert seen == {"norm", "centres"}


def test_centres_have_the_rate_and_decay_that_the_recipe_says() -> None:
    record = SGD(learning_rate=RATE, weight_decay=DECAY, centre_rate=50.0, centre_decay=0.0)
    *_, (name, old, new, gradient) = stepped(record)
    assert name == "centres"
    np.testing.assert_allclose(new, old - 50 * RATE * gradient, rtol=1e-5)


def test_without_parameters_of_the_loss_there_is_no_group_for_them() -> None:
    network = create_model("small", classes=4, stem=4, widths=(8,), depths=(1,))
    groups = SGD().groups(network, torch.nn.Identity())
    assert [group["weight_decay"] for group in groups] == [0.0, 0.0]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


@pytest.mark.parametrize(
    "wrong",
    [{"learning_rate": 0.0}, {"weight_decay": -1.0}, {"centre_rate": -1.0}, {"centre_decay": -1.0}],
)
def test_wrong_values_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="learning_rate is above 0"):
        SGD(**wrong)


@pytest.mark.parametrize("momentum", [-0.1, 1.0])
def test_a_momentum_that_muon_cannot_have_is_refused(momentum: float) -> None:
    with pytest.raises(InputError, match="momentum is"):
        Muon(momentum=momentum)
