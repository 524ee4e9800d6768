"""Bars, the confusion matrix and dots: what they show is what was counted."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from report_records import CLASSES, COUNTS, around, scores

from mien.evaluation.bootstrap import Estimate
from mien.evaluation.reports.charts import Key
from mien.evaluation.reports.class_charts import Dot, class_chart, confusion_chart, interval_chart
from mien.evaluation.reports.drawing import Drawing

SMALL, LARGE = Key(0, "small"), Key(1, "large")


def tree(drawing: Drawing) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.markup())


def test_bars_are_as_long_as_the_scores() -> None:
    classes = scores().classes
    drawing = class_chart("recall", [(SMALL, classes), (LARGE, {"anger": classes["anger"]})])
    bars = [float(one.get("width") or 0) for one in tree(drawing).iter("rect")]
    # neutral, anger of both, fear; sklearn's recall of the same counts: 0.9, 0.6, 0.5
    assert np.array(bars) / 152 == pytest.approx([0.9, 0.6, 0.6, 0.5], abs=1e-3)
    words = [one.text for one in tree(drawing).iter("text")]
    assert words[0] == "recall"
    assert {"neutral (1,000)", "anger (100)", "fear (20)", "90 %", "60 %", "50 %"} <= set(words)
    assert "large, anger: recall 60 %" in drawing.markup()


def test_cells_hold_counts_and_shares_of_their_row() -> None:
    root = tree(confusion_chart(CLASSES, COUNTS))
    depth = [
        float(one.get("fill-opacity") or 0) for one in root.iter("rect") if one.get("fill-opacity")
    ]
    table = np.array(COUNTS)
    assert depth == pytest.approx((table / table.sum(1, keepdims=True)).ravel(), abs=1e-3)
    words = [one.text for one in root.iter("text") if "cell" in (one.get("class") or "")]
    assert words[:6] == ["900", "90 %", "90", "9 %", "10", "1 %"]
    dark = [one.text for one in root.iter("text") if (one.get("class") or "").endswith("on")]
    assert dark == ["900", "90 %"]  # light letters where the ground is deep


def test_empty_cells_and_missed_faces() -> None:
    drawing = confusion_chart(("neutral", "anger"), ((199, 0, 1), (0, 0, 0)))
    root = tree(drawing)
    heads = [one.text for one in root.iter("text") if one.get("class") == "name"]
    assert heads[:3] == ["neutral", "anger", "no answer"]
    assert "&lt; 1 %" in drawing.markup()
    assert "neutral, no answer: 1 of 200" in drawing.markup()
    assert len([one for one in root.iter("rect") if one.get("class") == "heat"]) == 2


def test_dots_and_whiskers_lie_on_one_scale() -> None:
    drawing = interval_chart(
        "accuracy",
        [
            ("a", "400 pictures", [Dot(SMALL, Estimate(0.8, 0.7, 0.9))]),
            ("b", "5 pictures, too few to judge", [Dot(SMALL, around(0.6, 0.1), judged=False)]),
        ],
    )
    root = tree(drawing)
    first, second = (
        [float(pair.split(",")[0]) for pair in (one.get("points") or "").split()]
        for one in root.iter("polyline")
        if one.get("class") == "whisker"
    )
    solid, hollow = root.iter("circle")
    assert (solid.get("class"), hollow.get("class")) == ("fill", "hollow")
    a, b = float(solid.get("cx") or 0), float(hollow.get("cx") or 0)
    assert first[1] - first[0] == pytest.approx(a - b, abs=0.2)  # both are 0.2 of accuracy
    assert second[1] == pytest.approx(first[0], abs=0.2)  # both are at 0.7
    assert "too few to judge" in drawing.markup()
