"""How well answers agree with raters who do not agree among themselves.

Barsoum et al. 2016 give each face the votes of ten raters; a majority label forgets how
divided they were. Pictures without votes take no part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .answers import MISSED
from .metrics import SMALLEST, Values


def has_votes(votes: ArrayLike) -> NDArray[np.bool_]:
    """Which of the pictures have votes, (N, M) to (N,)."""
    return np.asarray(np.asarray(votes).sum(axis=1) > 0)


def vote_agreements(votes: ArrayLike, predicted: ArrayLike) -> Values:
    """Share of the raters' votes that each answer gets; 0 without an answer.

    Args:
        votes: (N, M), shares with sum 1.
        predicted: int (N,), from 0 to M - 1 or :data:`~mien.evaluation.answers.MISSED`.

    Returns:
        (N,).
    """
    shares, answer = np.asarray(votes, np.float64), np.asarray(predicted)
    got = shares[np.arange(len(answer)), np.maximum(answer, 0)]
    return np.where(answer == MISSED, 0.0, got)


def vote_cross_entropies(votes: ArrayLike, probabilities: ArrayLike) -> Values:
    """Cross entropy of the votes and each picture's probabilities, in nats.

    Args:
        votes: (N, M), shares with sum 1.
        probabilities: (N, M).

    Returns:
        (N,); at least the entropy of the votes themselves.
    """
    logs = np.log(np.clip(np.asarray(probabilities, np.float64), SMALLEST, 1))
    return np.asarray(-(np.asarray(votes, np.float64) * logs).sum(axis=1))
