"""Agreement with the raters, against hand computation and torch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mien.evaluation.agreement import has_votes, vote_agreements, vote_cross_entropies
from mien.evaluation.answers import MISSED

VOTES = [[0.7, 0.3, 0.0], [0.0, 0.5, 0.5], [0.1, 0.1, 0.8]]


def test_an_answer_gets_its_share_of_the_votes() -> None:
    assert vote_agreements(VOTES, [0, 0, 2]).tolist() == [0.7, 0.0, 0.8]
    assert vote_agreements(VOTES, [1, MISSED, 1]).tolist() == [0.3, 0.0, 0.1]


def test_cross_entropy_by_hand() -> None:
    probabilities = [[0.5, 0.25, 0.25], [0.0, 0.5, 0.5], [0.1, 0.1, 0.8]]
    found = vote_cross_entropies(VOTES, probabilities)
    assert found[0] == pytest.approx(0.7 * math.log(2) + 0.3 * math.log(4), abs=1e-12)
    assert found[1] == pytest.approx(math.log(2), abs=1e-12)
    # Probabilities that are the votes leave their own entropy.
    assert found[2] == pytest.approx(-0.2 * math.log(0.1) - 0.8 * math.log(0.8), abs=1e-12)
    # A vote for what has no probability costs much, and not infinitely much.
    assert vote_cross_entropies([[0.5, 0.5]], [[1, 0]])[0] == pytest.approx(6 * math.log(10))


def test_cross_entropy_as_torch_computes_it() -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(3)
    votes, logits = random.dirichlet(np.ones(8), 50), random.normal(size=(50, 8))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    theirs = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits), torch.from_numpy(votes), reduction="none"
    )
    ours = vote_cross_entropies(votes, probabilities)
    assert ours == pytest.approx(theirs.numpy(), abs=1e-9)


def test_pictures_without_votes_are_known() -> None:
    assert has_votes([[0, 0], [0.5, 0.5], [0, 1]]).tolist() == [False, True, True]
