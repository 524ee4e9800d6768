"""The three protocols of FER+: which faces count, and what their label is.

Source: Barsoum et al. 2016 and the rules of the released code of FER+. Votes come in ten
columns: the eight expressions of :data:`~mien.expressions.BASIC8`, unknown, not a face.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UnknownName

Protocol = Literal["majority", "argmax", "all"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
_EXPRESSIONS = 8
_COLUMNS = 10


def without_single_votes(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Votes (N, 10) with every lone vote set to 0: one of ten raters alone is an outlier."""
    if votes.ndim != 2 or votes.shape[1] != _COLUMNS:
        raise DataError(f"FER+ votes have {_COLUMNS} columns, not the shape {votes.shape}")
    return np.where(votes > 1, votes, 0)


def protocol_labels(
    votes: NDArray[np.int64], protocol: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Labels (N,) in the order of BASIC8, and which of the rows count (N,).

    - ``majority``: the winner needs more than half of all votes that are not lone ones,
      unknown and not-a-face included; 3,137 test pictures. The protocol of RAN and SCN.
    - ``argmax``: the winner of the ten columns, dropped if it is unknown or not a face;
      3,545 test pictures.
    - ``all``: the winner of the eight expressions, every row counts, on the votes as they
      are; 3,589 test pictures. What the numbers of TransFER and APViT fit.

    Ties go to the first class. Labels of rows that do not count are -1.

    Raises:
        UnknownName: if there is no such protocol.
    """
    if protocol not in PROTOCOLS:
        raise UnknownName("FER+ protocol", protocol, PROTOCOLS)
    kept = without_single_votes(votes)
    if protocol == "all":
        expressions = votes[:, :_EXPRESSIONS]
        return expressions.argmax(axis=1), np.ones(len(votes), np.bool_)
    winner = kept.argmax(axis=1)
    counts = (winner < _EXPRESSIONS) & (kept.sum(axis=1) > 0)
    if protocol == "majority":
        counts &= kept.max(axis=1) > 0.5 * kept.sum(axis=1)
    return np.where(counts, winner, -1), counts


def vote_distribution(
    votes: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Soft targets (N, 8) with sum 1, and which rows have any (N,).

    Lone votes are left out; rows whose votes are all unknown, not a face or lone get zeros.
    """
    expressions = without_single_votes(votes)[:, :_EXPRESSIONS].astype(np.float32)
    total = expressions.sum(axis=1, keepdims=True)
    return expressions / np.maximum(total, 1), total[:, 0] > 0
