"""How far a number would move with other pictures: percentile bootstrap over images.

Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest  # type: ignore[import-untyped]

from ..errors import DataError

REPEATS = 2000
LEVEL = 0.95
_BLOCK = 2_000_000  # resampled values held at once
_WEIGHTS = 50_000  # weights held at once: few enough for a processor's cache


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


def estimate_from_weights(
    statistics: Mapping[str, Callable[[NDArray[np.float64]], ArrayLike]],
    pictures: int,
    *,
    repeats: int = REPEATS,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Estimate]:
    """The same for several statistics of the same pictures, all on the same resampled sets.

    A resampled set is told by how often it holds each picture, which spares a statistic that
    is a weighted sum, or needs the pictures in order, most of its work.

    Args:
        statistics: by name; each takes weights (R, N), whole numbers whose rows sum to N, and
            gives (R,). NaN stands for a set that says nothing.
        pictures: N.
        repeats: how many resampled sets.
        level: share of the resampled numbers inside the interval.
        seed: of the resampling.

    Raises:
        DataError: if there is no picture.
    """
    if pictures < 1:
        raise DataError("an interval needs at least one picture")
    random = np.random.default_rng(seed)
    rows = min(max(_WEIGHTS // pictures, 1), repeats)
    spreads: dict[str, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    for start in range(0, repeats, rows):
        sets = min(rows, repeats - start)
        drawn = random.integers(0, pictures, (sets, pictures), dtype=np.int32)
        drawn += np.arange(sets, dtype=np.int32)[:, None] * pictures
        weights = np.bincount(drawn.ravel(), minlength=sets * pictures)
        table = weights.reshape(sets, pictures).astype(np.float64)
        for name, statistic in statistics.items():
            spreads[name].append(np.asarray(statistic(table), np.float64))
    once = np.ones((1, pictures))
    return {
        name: _estimate(float(np.asarray(statistic(once))[0]), np.concatenate(spreads[name]), level)
        for name, statistic in statistics.items()
    }


def share_estimate(hits: int, pictures: int, *, level: float = LEVEL) -> Estimate:
    """A share with Wilson's interval (1927), which has a width even where all or none are right.

    For small sets: there, the bootstrap of a share of 0 or 1 claims to be certain.

    Raises:
        DataError: if there is no picture.
    """
    if pictures < 1:
        raise DataError("an interval needs at least one picture")
    interval = binomtest(hits, pictures).proportion_ci(level, method="wilson")
    return Estimate(hits / pictures, float(interval.low), float(interval.high))


def _estimate(value: float, spread: NDArray[np.float64], level: float) -> Estimate:
    low, high = np.nanquantile(spread, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))
