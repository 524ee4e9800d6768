"""How far a number would move with other pictures: percentile bootstrap over images.

Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError

REPEATS = 2000
LEVEL = 0.95
_BLOCK = 2_000_000  # resampled values held at once


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: of the pictures at hand.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    value: float
    low: float
    high: float


def estimate(
    statistic: Callable[..., ArrayLike],
    *samples: ArrayLike,
    repeats: int = REPEATS,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Resample pictures with replacement and see how the statistic spreads.

    Args:
        statistic: takes one array (..., N) per sample and gives (...).
        samples: values of the same N pictures, each (N,); resampled together.
        repeats: how many resampled sets.
        level: share of the resampled numbers inside the interval.
        seed: of the resampling; the same seed gives the same interval.

    Raises:
        DataError: if the samples are empty or differ in length.
    """
    arrays = [np.asarray(one) for one in samples]
    pictures = len(arrays[0])
    if not pictures or any(one.shape != (pictures,) for one in arrays):
        shapes = ", ".join(str(one.shape) for one in arrays)
        raise DataError(f"an interval needs values of the same pictures, not of shapes {shapes}")
    random = np.random.default_rng(seed)
    rows = max(_BLOCK // pictures, 1)
    spread = []
    for start in range(0, repeats, rows):
        drawn = random.integers(0, pictures, (min(rows, repeats - start), pictures))
        spread.append(np.asarray(statistic(*(one[drawn] for one in arrays)), np.float64))
    return _estimate(float(np.asarray(statistic(*arrays))), np.concatenate(spread), level)


def estimate_from_counts(
    metric: Callable[[ArrayLike], ArrayLike],
    counts: ArrayLike,
    *,
    repeats: int = REPEATS,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """The same for a metric of the confusion matrix, much faster.

    Pictures of one cell are interchangeable, so the matrix of a resampled set is a draw
    from the multinomial distribution over the cells.

    Args:
        metric: takes counts (..., M, M) and gives (...).
        counts: int (M, M).
        repeats: how many resampled sets.
        level: share of the resampled numbers inside the interval.
        seed: of the resampling.
    """
    table = np.asarray(counts, np.int64)
    pictures = int(table.sum())
    if not pictures:
        raise DataError("an interval needs at least one picture")
    random = np.random.default_rng(seed)
    drawn = random.multinomial(pictures, table.ravel() / pictures, size=repeats)
    spread = np.asarray(metric(drawn.reshape(repeats, *table.shape)), np.float64)
    return _estimate(float(np.asarray(metric(table))), spread, level)


def _estimate(value: float, spread: NDArray[np.float64], level: float) -> Estimate:
    low, high = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))
