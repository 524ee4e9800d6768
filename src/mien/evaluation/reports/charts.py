"""Curves of a report: calibration, risk against coverage, robustness.

Each chart is a small picture of its own, so that a page can lay several out as it has room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..bootstrap import Estimate
from ..damage.corruptions import STRENGTHS
from ..scores import ReliabilityBin, RiskPoint
from .drawing import Drawing, Frame, Part, Point, Scale, per_cent, ticks

COLOURS = 7
"""How many models have a colour of their own; they are in ``charts.css``."""

FEW = 10
"""A bar of fewer pictures is pale in a reliability diagram."""


_STRENGTHS = (0, *STRENGTHS)


@dataclass(frozen=True, slots=True)
class Key:
    """Which model a line, bar or dot belongs to.

    Attributes:
        number: of the model, from 0; it decides the colour.
        name: of the model.
    """

    number: int
    name: str

    @property
    def style(self) -> str:
        """Its class in the style sheet."""
        return f"m{self.number % COLOURS}"


def reliability_chart(key: Key, bins: Sequence[ReliabilityBin]) -> Drawing:
    """Accuracy against confidence, with the number of pictures of each bin below.

    Guo et al. 2017, Figure 1. Bars below the diagonal are answers that are surer than right.
    """
    drawing = Drawing(310, 312, f"Reliability diagram of {key.name}")
    frame = Frame(Scale(0, 1, 60, 290), Scale(0, 1, 198, 10))
    marks = per_cent([0, 0.2, 0.4, 0.6, 0.8, 1])
    frame.draw(drawing, across=(), up=marks)
    drawing.words("accuracy", 12, 104, "tick", "middle", turned=-90)
    most = max((one.images for one in bins), default=0) or 1
    counts = Frame(frame.across, Scale(0, most, 272, 216))
    counts.draw(drawing, across=marks, up=[(0, "0"), (most, f"{most:,}")])
    drawing.words("pictures", 12, 244, "tick", "middle", turned=-90)
    drawing.words("confidence", 175, 306, "tick", "middle")
    for one in bins:
        left, right = frame.across(one.low) + 0.5, frame.across(one.high) - 0.5
        part = drawing.group(key.style, _of_bin(one))
        top, low = frame.up(one.accuracy), counts.up(one.images)
        style = "fill" if one.images >= FEW else "pale"
        part.rectangle(left, top, right - left, frame.up.start - top, style)
        part.rectangle(left, low, right - left, counts.up.start - low, "pale")
    drawing.line([(frame.across(0), frame.up(0)), (frame.across(1), frame.up(1))], "diagonal")
    return drawing


def _of_bin(one: ReliabilityBin) -> str:
    edges = f"confidence {100 * one.low:.0f} to {100 * one.high:.0f} %"
    if not one.images:
        return f"{edges}: no picture"
    return (
        f"{edges}: {one.images:,} pictures, mean confidence {100 * one.confidence:.1f} %, "
        f"accuracy {100 * one.accuracy:.1f} %"
    )


def risk_chart(curves: Sequence[tuple[Key, Sequence[RiskPoint]]]) -> Drawing:
    """Share of wrong answers against the share of pictures that are answered."""
    names = ", ".join(key.name for key, _ in curves)
    drawing = Drawing(396, 262, f"Risk against coverage of {names}")
    high = max((one.risk for _, points in curves for one in points), default=0)
    grid = ticks(0, max(high, 0.01), above=True)
    frame = Frame(Scale(0, 1, 56, 376), Scale(0, grid[-1], 218, 12))
    frame.draw(drawing, across=per_cent([0, 0.2, 0.4, 0.6, 0.8, 1]), up=per_cent(grid))
    drawing.words("coverage: share of the pictures that are answered", 216, 254, "tick", "middle")
    drawing.words("risk: share of wrong answers", 12, 115, "tick", "middle", turned=-90)
    for key, points in curves:
        if points:
            last = points[-1]
            note = f"{key.name}: {100 * last.risk:.1f} % wrong at full coverage"
            path = [(frame.across(one.coverage), frame.up(one.risk)) for one in points]
            drawing.group(key.style, note).line(_thinned(path), "line")
    return drawing


def _thinned(path: Sequence[Point]) -> list[Point]:
    """Points at least a pixel apart from left to right, and the last one."""
    kept: list[Point] = []
    for point in path:
        if not kept or point[0] - kept[-1][0] >= 1:
            kept.append(point)
    if path and kept[-1] != path[-1]:
        kept.append(path[-1])
    return kept


def robustness_chart(
    title: str,
    curves: Sequence[tuple[Key, Mapping[int, Estimate]]],
    lowest: float,
    highest: float = 1.0,
) -> Drawing:
    """Accuracy against the strength of one corruption, with 95 % bands.

    Args:
        title: of the corruption.
        curves: strength to accuracy, for each model. There is a band if all
            of its intervals have a width.
        lowest: accuracy at the bottom, the same for all corruptions of a page.
        highest: accuracy at the top.
    """
    names = ", ".join(key.name for key, _ in curves)
    drawing = Drawing(220, 176, f"Accuracy by strength, {title}: {names}")
    drawing.words(title, 40, 14, "title")
    frame = Frame(Scale(0, _STRENGTHS[-1], 44, 208), Scale(lowest, highest, 142, 26))
    frame.draw(
        drawing,
        across=[(one, str(one)) for one in _STRENGTHS],
        up=per_cent(ticks(lowest, highest)),
    )
    drawing.words("strength", 126, 170, "tick", "middle")
    for key, points in curves:
        _add_curve(drawing.group(key.style), frame, key, points)
    return drawing


def _add_curve(part: Part, frame: Frame, key: Key, points: Mapping[int, Estimate]) -> None:
    low = [(frame.across(x), frame.up(points[x].low)) for x in sorted(points)]
    high = [(frame.across(x), frame.up(points[x].high)) for x in sorted(points)]
    if all(one.low < one.high for one in points.values()):
        part.area([*low, *reversed(high)], "band")
    part.line([(frame.across(x), frame.up(points[x].value)) for x in sorted(points)], "line")
    for strength, number in points.items():
        note = f"{key.name}, strength {strength}: {100 * number.value:.1f} %"
        if number.low < number.high:
            note += f" ({100 * number.low:.1f} to {100 * number.high:.1f})"
        dot = part.group("", note)
        dot.dot(frame.across(strength), frame.up(number.value), 2.6, "fill")
