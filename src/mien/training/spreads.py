"""Numbers over the seeds of a run: mean, difference of means, and their intervals."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.stats import t as student  # type: ignore[import-untyped]
from scipy.stats import ttest_ind

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Spread:
    """Numbers of several seeds.

    Attributes:
        mean: of them.
        deviation: their sample standard deviation; ``None`` for a single one.
        low: lower end of the 95 % interval of the mean; ``None`` for a single one.
        high: upper end.
    """

    mean: float
    deviation: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """``None`` if there is no number."""
        numbers = list(values)
        if not numbers:
            return None
        mean = statistics.fmean(numbers)
        if len(numbers) == 1:
            return cls(mean)
        deviation = statistics.stdev(numbers)
        reach = student.ppf((1 + _LEVEL) / 2, len(numbers) - 1) * deviation / len(numbers) ** 0.5
        return cls(mean, deviation, float(mean - reach), float(mean + reach))


@dataclass(frozen=True, slots=True)
class Difference:
    """Between the means of two rows, whose seeds are independent.

    Attributes:
        mean: of the one less that of the other.
        low: lower end of its 95 % interval by Welch's t.
        high: upper end.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: Sequence[float], others: Sequence[float]) -> Difference | None:
        """``None`` if either has fewer than two numbers: nothing is known of their spread."""
        if min(len(ours), len(others)) < 2:
            return None
        mean = statistics.fmean(ours) - statistics.fmean(others)
        if len({*ours}) == len({*others}) == 1:
            return cls(mean, mean, mean)
        found = ttest_ind(ours, others, equal_var=False).confidence_interval(_LEVEL)
        return cls(mean, float(found.low), float(found.high))
