"""Shares of few pictures, such as the accuracy of a group, with their intervals.

The bootstrap of a share of 0 or 1 claims to be certain; Wilson's interval (1927, "Probable
inference, the law of succession, and statistical inference") has a width there, too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats  # type: ignore[import-untyped]

from ..errors import DataError
from .bootstrap import LEVEL, Estimate


def share_estimate(
    hits: ArrayLike, clusters: NDArray[np.int64] | None = None, *, level: float = LEVEL
) -> Estimate:
    """A share with Wilson's interval.

    Where pictures are not independent, as the frames of a video, so many stand for all as would
    tell as much if they were: the effective sample size of Korn and Graubard (1998, "Confidence
    intervals for proportions with small expected number of positive counts estimated from survey
    data"), with the quantile of Student's t for as few clusters as there are. Where all or none
    are hits, which says nothing of how alike the pictures of a cluster are, each cluster counts
    as one picture.

    Args:
        hits: bool (N,).
        clusters: int (N,), of each picture which cluster it is in; ``None`` where pictures are
            independent.
        level: of the interval.

    Raises:
        DataError: if there is no picture.
    """
    found = np.asarray(hits, np.float64)
    if not len(found):
        raise DataError("an interval needs at least one picture")
    share, z = float(found.mean()), float(stats.norm.ppf((1 + level) / 2))
    number = float(len(found))
    if clusters is not None:
        kinds, places = np.unique(clusters, return_inverse=True)
        if len(kinds) < number:
            width = float(stats.t.ppf((1 + level) / 2, max(len(kinds) - 1, 1)))
            number = _effective(found, places) * (z / width) ** 2
    middle = share + z**2 / (2 * number)
    half = z * math.sqrt(share * (1 - share) / number + z**2 / (4 * number**2))
    below = 1 + z**2 / number
    return Estimate(share, max((middle - half) / below, 0.0), min((middle + half) / below, 1.0))


def _effective(hits: NDArray[np.float64], clusters: NDArray[np.int64]) -> float:
    """Of how many independent pictures the share would vary as much; never more than there are.

    Args:
        hits: (N,), 0 or 1.
        clusters: (N,), from 0 on, each of which occurs.
    """
    sizes, right = np.bincount(clusters), np.bincount(clusters, hits)
    count, share = len(sizes), hits.mean()
    if count == 1 or share in (0, 1):
        return float(count)
    # Of a ratio of two sums over clusters: Cochran 1977, Sampling Techniques, section 3.12.
    squares = float(((right - share * sizes) ** 2).sum())
    variance = count / (count - 1) * squares / len(hits) ** 2
    return min(len(hits), share * (1 - share) / variance) if variance else float(len(hits))
