"""How far a number would move with other pictures: percentile bootstrap over images.

Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13. Pictures that are not
independent, as the frames of a video, are drawn together with all others of their cluster (Davison
and Hinkley, *Bootstrap Methods and their Application* (1997), section 3.8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    from the multinomial distribution over the cells. Of clusters the matrices are added that a
    set holds.

    Args:
        metric: takes counts (..., M, M) and gives (...).
        counts: int (M, M), or (C, M, M) of C clusters.
        repeats: how many resampled sets.
        level: share of the resampled numbers inside the interval.
        seed: of the resampling.
    """
    table = np.asarray(counts, np.int64)
    pictures = int(table.sum())
    if not pictures:
        raise DataError("an interval needs at least one picture")
    random = np.random.default_rng(seed)
    if table.ndim == 2:
        drawn = random.multinomial(pictures, table.ravel() / pictures, size=repeats)
    else:
        cells = table.reshape(len(table), -1).astype(np.float64)
        sets = _sets(random, len(table), repeats, max(_WEIGHTS // len(table), 1))
        drawn = np.concatenate([weights @ cells for weights in sets])
        table = table.sum(axis=0)
    spread = np.asarray(metric(drawn.reshape(repeats, *table.shape)), np.float64)
    return _estimate(float(np.asarray(metric(table))), spread, level)


def estimate_from_weights(
    statistics: Mapping[str, Callable[[NDArray[np.float64]], ArrayLike]],
    pictures: int,
    *,
    clusters: NDArray[np.int64] | None = None,
    repeats: int = REPEATS,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Estimate]:
    """The same for several statistics of the same pictures, all on the same resampled sets.

    A resampled set is told by how often it holds each picture, which spares a statistic that
    is a weighted sum, or needs the pictures in order, most of its work.

    Args:
        statistics: by name; each takes weights (R, N), whole numbers, of which only their
            ratios count, and gives (R,). NaN stands for a set that says nothing.
        pictures: N.
        clusters: int64 (N,), of each picture which of the C clusters it is in, from 0 to C - 1,
            each of which occurs; ``None`` where pictures are independent.
        repeats: how many resampled sets.
        level: share of the resampled numbers inside the interval.
        seed: of the resampling.

    Raises:
        DataError: if there is no picture.
    """
    if pictures < 1:
        raise DataError("an interval needs at least one picture")
    random = np.random.default_rng(seed)
    drawn = pictures if clusters is None else int(clusters.max()) + 1
    spreads: dict[str, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    for weights in _sets(random, drawn, repeats, max(_WEIGHTS // pictures, 1)):
        table = weights if clusters is None else weights[:, clusters]
        for name, statistic in statistics.items():
            spreads[name].append(np.asarray(statistic(table), np.float64))
    once = np.ones((1, pictures))
    return {
        name: _estimate(float(np.asarray(statistic(once))[0]), np.concatenate(spreads[name]), level)
        for name, statistic in statistics.items()
    }


def _sets(
    random: np.random.Generator, drawn: int, repeats: int, rows: int
) -> Iterator[NDArray[np.float64]]:
    """How often each of the things drawn is in each resampled set, in blocks of rows."""
    for start in range(0, repeats, rows):
        sets = min(rows, repeats - start)
        places = random.integers(0, drawn, (sets, drawn), dtype=np.int32)
        places += np.arange(sets, dtype=np.int32)[:, None] * drawn
        weights = np.bincount(places.ravel(), minlength=sets * drawn)
        yield weights.reshape(sets, drawn).astype(np.float64)


def _estimate(value: float, spread: NDArray[np.float64], level: float) -> Estimate:
    low, high = np.nanquantile(spread, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))
