"""What a run ends with; the files of one are in test_run.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.evaluation.calibration import fit_temperature  # noqa: E402
from mien.losses import UNLABELLED  # noqa: E402
from mien.models import Output  # noqa: E402
from mien.training.finish import calibrated  # noqa: E402
from mien.training.recipes.small import SMALL  # noqa: E402


class Answers(torch.nn.Module):
    """Gives its inputs as logits."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, logits: torch.Tensor) -> Output:
        return Output(logits * self.scale, logits)


def held(targets: np.ndarray, logits: np.ndarray) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [
        (torch.from_numpy(logits[part]), torch.from_numpy(targets[part]))
        for part in (slice(0, 50), slice(50, None))
    ]


@pytest.fixture
def faces() -> tuple[np.ndarray, np.ndarray]:
    """Votes of 200 faces, and logits that are right where most agree and otherwise by chance."""
    draw = np.random.default_rng(0)
    votes = draw.dirichlet(np.full(4, 0.7), 200).astype(np.float32)
    logits = draw.normal(0, 1, (200, 4))
    sure = votes.max(axis=1) > 0.5
    logits[sure] += 3 * votes[sure]
    return votes, logits.astype(np.float32)


def test_the_temperature_is_of_the_faces_that_most_agree_on(
    faces: tuple[np.ndarray, np.ndarray],
) -> None:
    votes, logits = faces
    labels, agreed = votes.argmax(axis=1), votes.max(axis=1) > 0.5
    assert 0 < agreed.sum() < len(votes)
    accuracy = (logits.argmax(axis=1) == labels).mean()
    found = {}
    for on, fitted in {"all": np.ones_like(agreed), "agreed": agreed}.items():
        recipe = replace(SMALL, calibrated_on=on)
        found[on], *rest = calibrated(Answers(), held(votes, logits), recipe)
        assert found[on] == pytest.approx(fit_temperature(logits[fitted], labels[fitted]))
        assert rest == [pytest.approx(accuracy), 200]  # accuracy is of all, either way
    assert found["agreed"] < 0.9 * found["all"]


def test_labels_are_agreed_on_and_missing_ones_do_not_count(
    faces: tuple[np.ndarray, np.ndarray],
) -> None:
    votes, logits = faces
    labels = votes.argmax(axis=1)
    labels[::4] = UNLABELLED[0]
    known = labels != UNLABELLED[0]
    temperature, _, images = calibrated(Answers(), held(labels, logits), SMALL)
    assert SMALL.calibrated_on == "agreed"
    assert temperature == pytest.approx(fit_temperature(logits[known], labels[known]))
    assert images == known.sum() == 150


def test_where_nobody_agrees_all_faces_count(faces: tuple[np.ndarray, np.ndarray]) -> None:
    votes, logits = faces
    split = 0.6 * votes[votes.max(axis=1) < 0.6]
    split += (1 - split.sum(axis=1, keepdims=True)) / 4
    assert split.max() <= 0.5
    shown = logits[: len(split)]
    temperature, *_ = calibrated(Answers(), held(split, shown), SMALL)
    assert temperature == pytest.approx(fit_temperature(shown, split.argmax(axis=1)))
