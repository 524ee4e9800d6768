from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.token_pooling import TokenPooling  # noqa: E402


def sequence(patches: int, rate: float, blocks: int = 4) -> list[int]:
    """Patch tokens after each of the blocks."""
    pooling, numbers = TokenPooling(rate).eval(), []
    for _ in range(blocks):
        patches = pooling.number(patches)
        numbers.append(patches)
    return numbers


@pytest.mark.parametrize(
    ("patches", "rate", "expected"),
    [
        (160, 0.9, [144, 129, 116, 104]),
        (80, 0.6, [48, 28, 16, 9]),
        (40, 0.6, [24, 14, 8, 4]),
        (196, 0.9, [176, 158, 142, 127]),
        (120, 0.9, [108, 97, 87, 78]),
        (10, 0.6, [6, 3, 1, 1]),
        (90, 0.7, [63, 44, 30, 21]),
        (196, 1.0, [196] * 4),
        (196, 0.0, [1] * 4),
    ],
)
def test_the_sequences_of_the_paper(patches: int, rate: float, expected: list[int]) -> None:
    assert sequence(patches, rate) == expected


def test_the_floor_is_exact_for_every_rate_of_two_digits() -> None:
    for hundredths in range(101):
        pooling = TokenPooling(hundredths / 100)
        for patches in range(1, 260):
            assert pooling.number(patches) == max(patches * hundredths // 100, 1)


@pytest.mark.parametrize("criterion", ["sum", "abs", "max"])
def test_the_kept_are_numpys(criterion: str) -> None:
    scores = np.random.default_rng(0).normal(size=(9, 3, 20))
    reduced = {"sum": scores.sum(1), "abs": np.abs(scores).sum(1), "max": scores.max(1)}[criterion]
    expected = np.sort(np.argsort(-reduced, axis=1)[:, :12], axis=1)
    kept = TokenPooling(0.6, criterion)(torch.from_numpy(scores))
    assert kept is not None
    assert (kept.numpy() == expected).all()


def test_nothing_is_chosen_where_all_stay() -> None:
    assert TokenPooling(1.0)(torch.zeros(2, 3, 20)) is None
    assert TokenPooling(0.6)(torch.zeros(2, 3, 1)) is None


def test_gradual_decay_is_linear_and_evaluation_has_the_final_rate() -> None:
    pooling = TokenPooling(0.6)
    for progress, expected in ((0.0, 100), (0.25, 90), (0.5, 80), (1.0, 60)):
        pooling.set_progress(progress)
        assert pooling.train().number(100) == expected
        assert pooling.eval().number(100) == 60


@pytest.mark.parametrize(
    ("rate", "criterion", "message"),
    [
        (1.1, "sum", r"keep_rate is 1\.1"),
        (-0.1, "sum", r"keep_rate is -0\.1"),
        (0.9, "mean", "token_criterion is 'mean'; choose one of abs, sum, max"),
    ],
)
def test_wrong_options_are_refused(rate: float, criterion: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        TokenPooling(rate, criterion)
