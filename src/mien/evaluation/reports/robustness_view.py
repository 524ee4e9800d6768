"""Points of robustness in the order in which tables and charts show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from ..bootstrap import Estimate
from ..scores import RobustnessPoint

_TITLES = {
    "eyes": "eyes covered",
    "mouth": "mouth covered",
    "random-area": "random area covered",
    "jpeg": "JPEG",
    "mis-crop": "cropped amiss",
}

Curves = Mapping[str, Mapping[int, Estimate]]


def curves_of(points: Sequence[RobustnessPoint]) -> Curves:
    """Corruption to strength to accuracy.

    Strength 0, the pictures as they are, is the same for all and begins every curve, whether
    it was measured once or for each.
    """
    start = next((one.accuracy for one in points if one.strength == 0), None)
    curves: dict[str, dict[int, Estimate]] = {
        one.corruption: {} if start is None else {0: start} for one in points if one.strength
    }
    for one in points:
        if one.corruption in curves:
            curves[one.corruption][one.strength] = one.accuracy
    return {name: dict(sorted(curve.items())) for name, curve in curves.items()}


def mean_curve(curves: Curves) -> Mapping[int, Estimate]:
    """Strength to the mean over the corruptions that have it.

    Its interval has no width, but at strength 0, which is the same for all: intervals of
    several corruptions of the same pictures say nothing of their mean's.
    """
    columns: dict[int, list[Estimate]] = {}
    for curve in curves.values():
        for strength, number in curve.items():
            columns.setdefault(strength, []).append(number)
    return {strength: _mean(column) for strength, column in sorted(columns.items())}


def in_words(corruption: str) -> str:
    """The name of a corruption as a reader meets it."""
    return _TITLES.get(corruption, corruption.replace("-", " ").replace("_", " "))


def _mean(numbers: Sequence[Estimate]) -> Estimate:
    if len(set(numbers)) == 1:
        return numbers[0]
    mean = fmean(one.value for one in numbers)
    return Estimate(mean, mean, mean)
