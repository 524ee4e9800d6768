"""What a model answered to the pictures of a split, wherever the answers come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..expressions import LabelSet

MISSED = -1
"""Stands for no answer: no face was found, or what was said is none of the classes.

It counts as wrong."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to N pictures in the order of M classes.

    Attributes:
        labels: the M classes.
        predicted: int64 (N,), positions in ``labels``; :data:`MISSED` without a face.
        probabilities: float64 (N, M), zeros in rows without a face; ``None`` where only the
            classes are known.

    Raises:
        DataError: if the shapes do not fit.
    """

    labels: LabelSet
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        wanted = (len(self.predicted), len(self.labels))
        if self.probabilities is not None and self.probabilities.shape != wanted:
            raise DataError(
                f"{wanted[0]} answers of {wanted[1]} classes have probabilities of shape "
                f"{self.probabilities.shape}"
            )

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def found(self) -> NDArray[np.bool_]:
        """Whether a face was found, bool (N,)."""
        return np.not_equal(self.predicted, MISSED)
