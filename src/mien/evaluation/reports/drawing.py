"""Charts as SVG, drawn by hand: lines, bars and words in a frame with two scales.

Why not Matplotlib: its SVG repeats ids when a page holds two, fixes its colours for light
paper, and is ten times as large. Here the colours are in a style sheet, so that a page can be
read in the dark, and the same numbers give the same text on every machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

Point = tuple[float, float]
STYLE = Path(__file__).with_name("charts.css")
"""Style sheet of the classes that the elements carry."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CLOSE = 1e-9  # rounding: 0.3 is three steps of 0.1
_LETTER = 6.2  # mean width of a letter of 11 pixels


class Part:
    """Elements of a picture that belong together; pixels, y downwards."""

    def __init__(self, element: ElementTree.Element) -> None:
        self._element = element

    def group(self, style: str, note: str = "") -> Part:
        """A part of this part that shares a style; the note shows under the mouse."""
        element = ElementTree.SubElement(self._element, "g", {"class": style})
        if note:
            ElementTree.SubElement(element, "title").text = printable(note)
        return Part(element)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        style: str,
        opacity: float | None = None,
    ) -> None:
        """A filled box; ``opacity`` is that of its colour."""
        shape = {"x": x, "y": y, "width": max(width, 0), "height": max(height, 0)}
        element = self._add("rect", style, {name: _text(one) for name, one in shape.items()})
        if opacity is not None:
            element.set("fill-opacity", f"{opacity:.3g}")

    def line(self, points: Sequence[Point], style: str) -> None:
        """A line through points."""
        self._add("polyline", style, {"points": _path(points)})

    def area(self, points: Sequence[Point], style: str) -> None:
        """A filled area with these corners."""
        self._add("polygon", style, {"points": _path(points)})

    def dot(self, x: float, y: float, radius: float, style: str) -> None:
        """A dot."""
        self._add("circle", style, {"cx": _text(x), "cy": _text(y), "r": _text(radius)})

    def words(
        self,
        text: str,
        x: float,
        y: float,
        style: str,
        anchor: Literal["start", "middle", "end"] = "start",
        *,
        turned: float = 0,
    ) -> None:
        """Text on the base line y, turned by so many degrees clockwise."""
        values = {"x": _text(x), "y": _text(y)}
        if anchor != "start":
            values["text-anchor"] = anchor
        if turned:
            values["transform"] = f"rotate({turned:g} {_text(x)} {_text(y)})"
        self._add("text", style, values).text = printable(text)

    def _add(self, tag: str, style: str, values: dict[str, str]) -> ElementTree.Element:
        return ElementTree.SubElement(self._element, tag, {"class": style, **values})


class Drawing(Part):
    """A whole picture.

    Args:
        width: in pixels.
        height: in pixels.
        label: what it shows, for readers who do not see it.
    """

    def __init__(self, width: float, height: float, label: str = "") -> None:
        self.width, self.height = width, height
        box = {"viewBox": f"0 0 {_text(width)} {_text(height)}"}
        size = {"width": _text(width), "height": _text(height)}
        spoken = {"role": "img", "aria-label": printable(label)} if label else {}
        super().__init__(ElementTree.Element("svg", {"class": "chart", **box, **size, **spoken}))

    def place(self, other: Drawing, x: float, y: float) -> None:
        """Put another picture into this one, its upper left corner at (x, y)."""
        other._element.attrib |= {"x": _text(x), "y": _text(y)}
        self._element.append(other._element)

    def markup(self) -> str:
        """The picture as a part of a page that holds :data:`STYLE`."""
        return ElementTree.tostring(self._element, encoding="unicode")

    def file(self) -> str:
        """The picture as a file of its own, with its style inside."""
        alone = ElementTree.Element(
            "svg", {"xmlns": "http://www.w3.org/2000/svg", **self._element.attrib}
        )
        ElementTree.SubElement(alone, "style").text = STYLE.read_text(encoding="utf-8")
        alone.extend(self._element)
        return ElementTree.tostring(alone, encoding="unicode") + "\n"


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers along one axis, as pixels.

    Attributes:
        low: the number at ``start``.
        high: the number at ``end``.
        start: a pixel.
        end: another; below ``start`` where numbers grow to the left or upwards.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a number; what lies outside comes to lie on the edge."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart's lines and bars are drawn.

    Attributes:
        across: numbers from left to right.
        up: numbers from the bottom to the top.
    """

    across: Scale
    up: Scale

    def draw(
        self,
        drawing: Drawing,
        *,
        across: Sequence[tuple[float, str]],
        up: Sequence[tuple[float, str]],
    ) -> None:
        """Lines of the grid, with a label each."""
        for value, label in across:
            x = self.across(value)
            drawing.line([(x, self.up.start), (x, self.up.end)], "grid")
            drawing.words(label, x, self.up.start + 14, "tick", "middle")
        for value, label in up:
            y = self.up(value)
            drawing.line([(self.across.start, y), (self.across.end, y)], "grid")
            drawing.words(label, self.across.start - 5, y + 3.5, "tick", "end")


def ticks(
    low: float, high: float, most: int = 5, *, below: bool = False, above: bool = False
) -> list[float]:
    """Round numbers from ``low`` to ``high``, in steps of 1, 2 or 5 times a power of ten.

    Args:
        low: no number is smaller, but for ``below``.
        high: no number is larger, but for ``above``.
        most: how many steps at most.
        below: begin with the next number at or below ``low``.
        above: end with the next number at or above ``high``.
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough * (1 - _CLOSE))
    bottom, top = low / step, high / step
    first = math.floor(bottom + _CLOSE) if below else math.ceil(bottom - _CLOSE)
    last = math.ceil(top - _CLOSE) if above else math.floor(top + _CLOSE)
    return [round(number * step, 10) for number in range(first, last + 1)]


def per_cent(values: Sequence[float]) -> list[tuple[float, str]]:
    """Fractions with labels in per cent."""
    return [(one, f"{100 * one:.6g} %") for one in values]


def width_of(text: str) -> float:
    """About how many pixels a text of the usual size is wide."""
    return _LETTER * len(text)


def shortened(text: str, letters: int = 24) -> str:
    """A text that fits beside a chart."""
    return text if len(text) <= letters else text[: letters - 1] + "…"


def printable(text: str) -> str:
    """Without the characters that no page may hold, such as half a code of a file's name."""
    return _UNPRINTABLE.sub("\ufffd", text)


def _text(number: float) -> str:
    """A tenth of a pixel is enough; whole numbers need no point."""
    return f"{round(number, 1) + 0.0:g}" if abs(number) < 1e5 else f"{number:.0f}"


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{_text(x)},{_text(y)}" for x, y in points)
