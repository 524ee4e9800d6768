"""Points of robustness, ordered."""

from __future__ import annotations

import numpy as np
import pytest
from report_records import around, result

from mien.evaluation.damage.robustness import mean_robustness
from mien.evaluation.reports.robustness_view import curves_of, in_words, mean_curve
from mien.evaluation.scores import RobustnessPoint


def point(kind: str, strength: int, value: float) -> RobustnessPoint:
    return RobustnessPoint(corruption=kind, strength=strength, images=9, accuracy=around(value))


def test_a_curve_begins_with_the_pictures_as_they_are() -> None:
    curves = curves_of([point("none", 0, 0.9), point("blur", 2, 0.7), point("blur", 1, 0.8)])
    assert {name: list(curve) for name, curve in curves.items()} == {"blur": [0, 1, 2]}
    assert [one.value for one in curves["blur"].values()] == [0.9, 0.8, 0.7]
    assert curves_of([]) == {}


def test_the_mean_curve_s_mean_is_the_mean_robustness() -> None:
    points = result().robustness
    means = mean_curve(curves_of(points))
    assert list(means) == [0, 1, 2, 3, 4, 5]
    assert means[0] == points[0].accuracy  # with its interval
    assert means[5].low == means[5].high
    damaged = [means[strength].value for strength in range(1, 6)]
    assert np.mean(damaged) == pytest.approx(mean_robustness(points), abs=1e-12)


def test_names_in_words() -> None:
    assert in_words("mis-crop") == "cropped amiss"
    assert in_words("low-resolution") == "low resolution"
    assert in_words("something_else") == "something else"
