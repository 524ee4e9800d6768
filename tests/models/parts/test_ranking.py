from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError  # noqa: E402
from mien.models.parts import ranking  # noqa: E402


def test_the_criteria_are_those_of_the_paper() -> None:
    values = np.random.default_rng(0).normal(size=(2, 5, 3, 4))
    for name, expected in {
        "abs": np.abs(values).sum(1),
        "sum": values.sum(1),
        "max": values.max(1),
    }.items():
        found = ranking.score(torch.from_numpy(values), name)
        assert found.numpy() == pytest.approx(expected, abs=1e-12)
    assert set(ranking.CRITERIA) == {"abs", "sum", "max"}


def test_scores_of_half_the_precision_are_summed_in_float32() -> None:
    # 300 and 301 are the same bfloat16; the sums of their parts are not.
    values = torch.tensor([[[100.0, 100.0], [100.0, 101.0], [100.0, 100.0]]]).bfloat16()
    assert ranking.score(values, "sum").tolist() == [[300.0, 301.0]]


def test_the_best_are_numpys_best_in_their_old_order() -> None:
    scores = np.random.default_rng(1).normal(size=(50, 23))
    for number in (1, 7, 22):
        expected = np.sort(np.argsort(-scores, axis=1, kind="stable")[:, :number], axis=1)
        assert (ranking.best(torch.from_numpy(scores), number).numpy() == expected).all()


def test_of_equal_scores_the_first_win() -> None:
    assert ranking.best(torch.tensor([[1.0, 2, 2, 1, 2, 1]]), 4).tolist() == [[0, 1, 2, 4]]
    assert ranking.best(torch.ones(1, 196), 160).tolist() == [list(range(160))]


def test_gather_takes_whole_tokens() -> None:
    tokens = torch.arange(24.0).reshape(2, 4, 3)
    taken = ranking.gather(tokens, torch.tensor([[0, 3], [1, 2]]))
    assert taken.tolist() == [[[0, 1, 2], [9, 10, 11]], [[15, 16, 17], [18, 19, 20]]]


def test_a_share_is_the_number_that_was_written() -> None:
    assert ranking.exact(0.7) == Fraction(7, 10)
    assert ranking.exact(1) == 1
    assert int(90 * 0.7) == 62  # what binary floats would make of it
    assert 90 * ranking.exact(0.7) == 63


@pytest.mark.parametrize("progress", [-0.1, 1.1, float("nan")])
def test_progress_is_a_share(progress: float) -> None:
    with pytest.raises(ModelError, match="progress is"):
        ranking.decayed(progress)
