"""Curves: where their lines and bars lie."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from mien.evaluation.bootstrap import Estimate
from mien.evaluation.reports.charts import Key, reliability_chart, risk_chart, robustness_chart
from mien.evaluation.reports.drawing import Drawing
from mien.evaluation.scores import ReliabilityBin, RiskPoint

SMALL, LARGE = Key(0, "small"), Key(8, "large")


def elements(drawing: Drawing, tag: str, style: str) -> Iterator[ElementTree.Element]:
    for one in ElementTree.fromstring(drawing.markup()).iter(tag):
        if one.get("class") == style:
            yield one


def points(element: ElementTree.Element) -> list[tuple[float, float]]:
    pairs = [pair.split(",") for pair in (element.get("points") or "").split()]
    return [(float(x), float(y)) for x, y in pairs]


def test_colours_come_again_after_seven_models() -> None:
    assert (SMALL.style, LARGE.style) == ("m0", "m1")


def test_bars_of_reliability_are_as_high_as_the_accuracy() -> None:
    bins = [
        ReliabilityBin(low=0.0, high=0.5, images=9, confidence=0.4, accuracy=0.25),
        ReliabilityBin(low=0.5, high=1.0, images=90, confidence=0.8, accuracy=0.75),
    ]
    drawing = reliability_chart(SMALL, bins)
    (start, end) = points(next(elements(drawing, "polyline", "diagonal")))
    whole = start[1] - end[1]  # the diagonal ends at an accuracy of 1
    (sure,) = elements(drawing, "rect", "fill")
    few, *counts = elements(drawing, "rect", "pale")
    assert float(sure.get("height") or 0) == pytest.approx(0.75 * whole)
    assert float(few.get("height") or 0) == pytest.approx(0.25 * whole)  # few pictures: pale
    low, high = (float(one.get("height") or 0) for one in counts)
    assert low == pytest.approx(high * 9 / 90, abs=0.06)
    assert "90 pictures, mean confidence 80.0 %, accuracy 75.0 %" in drawing.markup()


def test_risk_goes_to_the_error_at_full_coverage() -> None:
    curve = [
        RiskPoint(coverage=0.5, risk=0.1, confidence=0.9),
        RiskPoint(coverage=0.5001, risk=0.1, confidence=0.9),  # less than a pixel further
        RiskPoint(coverage=1.0, risk=0.2, confidence=0.2),
    ]
    drawing = risk_chart([(SMALL, curve), (LARGE, ())])
    (line,) = elements(drawing, "polyline", "line")
    (x0, y0), (x1, y1) = points(line)
    grid = [points(one) for one in elements(drawing, "polyline", "grid")]
    right = max(x for line in grid for x, _ in line)
    bottom = max(y for line in grid for _, y in line)
    assert x1 == right
    assert bottom - y1 == pytest.approx(2 * (bottom - y0))
    assert x0 == pytest.approx((right + min(x for line in grid for x, _ in line)) / 2)
    assert "small: 20.0 % wrong at full coverage" in drawing.markup()


def test_curves_of_robustness_share_a_scale_and_have_bands() -> None:
    first = {0: Estimate(0.9, 0.88, 0.92), 5: Estimate(0.5, 0.45, 0.55)}
    mean = {0: Estimate(0.9, 0.88, 0.92), 5: Estimate(0.7, 0.7, 0.7)}
    drawing = robustness_chart("blur", [(SMALL, first), (LARGE, mean)], lowest=0.4)
    lines = [points(one) for one in elements(drawing, "polyline", "line")]
    (band,) = elements(drawing, "polygon", "band")  # the mean has no interval
    (left, top), (right, bottom) = lines[0]
    scale = (bottom - top) / (0.9 - 0.5)
    assert lines[1][1] == pytest.approx((right, top + 0.2 * scale), abs=0.06)
    corners = points(band)
    assert corners[0] == pytest.approx((left, top + 0.02 * scale), abs=0.06)
    assert corners[2] == pytest.approx((right, bottom - 0.05 * scale), abs=0.06)
    text = drawing.markup()
    assert "small, strength 5: 50.0 % (45.0 to 55.0)" in text
    assert "large, strength 5: 70.0 %<" in text
