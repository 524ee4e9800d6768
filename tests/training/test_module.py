from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.models import create_model  # noqa: E402
from mien.training.module import Classifier  # noqa: E402
from mien.training.recipes import find_recipe  # noqa: E402

RATE, DECAY, STEPS = 0.01, 0.3, 100
WARMING = 25  # OneCycleLR begins with a 25th of the largest rate


def stepped(optimiser: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, np.ndarray, ...]]:
    """Every weight's name, value before and after one step, and gradient."""
    recipe = replace(
        find_recipe("ferplus.small"),
        optimiser=optimiser,
        learning_rate=RATE,
        weight_decay=DECAY,
        momentum=0.9,
    )
    monkeypatch.setattr(
        Classifier, "trainer", SimpleNamespace(estimated_stepping_batches=STEPS), raising=False
    )
    torch.manual_seed(0)
    network = create_model("small", classes=4, stem=4, widths=(8,), depths=(1,))
    made = Classifier(network, recipe).configure_optimizers()["optimizer"]
    for weight in network.parameters():
        weight.grad = torch.randn_like(weight)
    before = [one.detach().clone() for one in network.parameters()]
    made.step()
    return [
        (name, old.numpy(), new.detach().numpy(), new.grad.numpy())
        for (name, new), old in zip(network.named_parameters(), before, strict=True)
    ]


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_the_first_step_is_the_formula_s(optimiser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rate = RATE / WARMING
    for name, old, new, gradient in stepped(optimiser, monkeypatch):
        decay = DECAY if old.ndim > 1 else 0.0
        if optimiser == "sgd":
            # Nesterov: the first velocity is the gradient itself, looked at one step ahead.
            expected = old - rate * 1.9 * (gradient + decay * old)
        else:
            # Both moments are corrected for their start at zero: the gradient's sign is left.
            expected = old * (1 - rate * decay) - rate * gradient / (np.abs(gradient) + 1e-8)
        np.testing.assert_allclose(new, expected, rtol=1e-5, atol=1e-7, err_msg=name)
