"""Protocols and subsets by name: which pictures of a split count, and what their label is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..expressions import LabelSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One protocol on one subset of a split of N pictures.

    Attributes:
        protocol: such as ``"majority"``.
        subset: such as ``"whole"``, ``"clean"`` or ``"pose-30"``.
        labels: the M classes of the truth.
        truth: int64 (N,), positions in ``labels``; -1 where ``counts`` is false.
        counts: bool (N,), which pictures take part.
        votes: float64 (N, M), shares of the raters' votes with sum 1, zeros in rows without
            any; ``None`` where a set has no votes.
    """

    protocol: str
    subset: str
    labels: LabelSet
    truth: NDArray[np.int64]
    counts: NDArray[np.bool_]
    votes: NDArray[np.float64] | None = None
