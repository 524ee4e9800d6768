"""Charts of classes and groups: bars, the confusion matrix, dots with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ..bootstrap import Estimate
from ..metrics import ClassScores
from .charts import Key
from .drawing import Drawing, Frame, Part, Scale, per_cent, shortened, ticks, width_of

NO_ANSWER = "no answer"
"""Heading of the column of faces that were not found."""

MEASURES: Mapping[str, Callable[[ClassScores], float]] = MappingProxyType(
    {
        "precision": lambda one: one.precision,
        "recall": lambda one: one.recall,
        "F1": lambda one: one.f1,
    }
)
"""What :func:`class_chart` can show of a class."""

_CELL = 43
_BAR, _GAP = 11, 8
_DARK = 0.62  # shares above are on dark ground and need light letters


def class_chart(measure: str, rows: Sequence[tuple[Key, Mapping[str, ClassScores]]]) -> Drawing:
    """A bar for each class and model.

    Args:
        measure: one of :data:`MEASURES`.
        rows: the models, with the scores of their classes.
    """
    value = MEASURES[measure]
    classes = list(dict.fromkeys(name for _, scores in rows for name in scores))
    images = {name: one.images for _, scores in reversed(rows) for name, one in scores.items()}
    labels = {name: f"{shortened(name)} ({images[name]:,})" for name in classes}
    left = 10 + max(width_of(label) for label in labels.values())
    step = _BAR * len(rows) + _GAP
    bottom = 26 + step * len(classes)
    names = ", ".join(key.name for key, _ in rows)
    drawing = Drawing(left + 190, bottom + 22, f"{measure} of each class, {names}")
    drawing.words(measure, left, 14, "title")
    frame = Frame(Scale(0, 1, left, left + 152), Scale(0, 1, bottom, 22))
    frame.draw(drawing, across=per_cent([0, 0.5, 1]), up=())
    for place, name in enumerate(classes):
        top = 26 + step * place
        middle = top + _BAR * len(rows) / 2
        drawing.words(labels[name], left - 6, middle + 3.5, "name", "end")
        for line, (key, scores) in enumerate(rows):
            if name not in scores:
                continue
            end, y = frame.across(value(scores[name])), top + _BAR * line
            label = f"{100 * value(scores[name]):.0f} %"
            part = drawing.group(key.style, f"{key.name}, {name}: {measure} {label}")
            part.rectangle(left, y + 0.5, end - left, _BAR - 1, "fill")
            part.words(label, end + 4, y + _BAR - 2, "tick")
    return drawing


def confusion_chart(
    classes: Sequence[str], counts: Sequence[Sequence[int]], title: str = ""
) -> Drawing:
    """Pictures by true class (row) and answer (column); the deeper, the larger the row's share.

    Args:
        classes: of the rows, and of as many columns.
        counts: a row may have one more column, of faces that were not found, or got an answer
            that is none of the classes.
        title: what it is of, for readers who do not see it.
    """
    answers = [*classes, NO_ANSWER][: len(counts[0])]
    short = [shortened(name, 18) for name in answers]
    left = 34 + max(width_of(name) for name in short)
    top = 34 + max(width_of(name) for name in short) * 0.72
    drawing = Drawing(
        left + _CELL * len(answers) + 40, top + 36 * len(classes) + 6, f"Confusion matrix {title}"
    )
    drawing.words("truth", 12, top + 18 * len(classes), "tick", "middle", turned=-90)
    drawing.words("answer", left + _CELL * len(answers) / 2, 12, "tick", "middle")
    for column, name in enumerate(short):
        drawing.words(name, left + _CELL * (column + 0.4), top - 6, "name", turned=-45)
    for row, name in enumerate(classes):
        y = top + 36 * row
        drawing.words(shortened(name, 18), left - 6, y + 21, "name", "end")
        total = sum(counts[row])
        for column, count in enumerate(counts[row]):
            said = f"answered {answers[column]}" if column < len(classes) else NO_ANSWER
            note = f"{name}, {said}: {count:,} of {total:,}"
            part = drawing.group("", note)
            _cell(part, left + _CELL * column, y, count, count / total if total else 0.0)
    return drawing


def _cell(part: Part, x: float, y: float, count: int, share: float) -> None:
    part.rectangle(x, y, _CELL - 1, 35, "empty")
    if not count:
        part.words("0", x + _CELL / 2, y + 21, "tick faint", "middle")
        return
    part.rectangle(x, y, _CELL - 1, 35, "heat", opacity=share)
    on = " on" if share > _DARK else ""
    part.words(f"{count:,}", x + _CELL / 2, y + 16, f"cell{on}", "middle")
    part.words(_share(share), x + _CELL / 2, y + 28, f"cell share{on}", "middle")


def _share(share: float) -> str:
    return "< 1 %" if share < 0.01 else f"{100 * share:.0f} %"


@dataclass(frozen=True, slots=True)
class Dot:
    """A number with its interval, in a row of :func:`interval_chart`.

    Attributes:
        key: whose it is.
        number: a fraction.
        judged: a number of too few pictures is drawn hollow.
    """

    key: Key
    number: Estimate
    judged: bool = True


def interval_chart(title: str, rows: Sequence[tuple[str, str, Sequence[Dot]]]) -> Drawing:
    """Dots with their 95 % intervals, one row above the other.

    Args:
        title: what the numbers are, such as ``"accuracy"``.
        rows: label, remark and dots of each.
    """
    labels = [shortened(label, 30) for label, _, _ in rows]
    left = 12 + max(width_of(label) for label in labels)
    remark = 10 + max(width_of(text) for _, text, _ in rows)
    numbers = [dot.number for _, _, dots in rows for dot in dots]
    low, high = min(one.low for one in numbers), max(one.high for one in numbers)
    grid = ticks(max(low - 0.01, 0), min(high + 0.01, 1), below=True, above=True)
    across = Scale(grid[0], grid[-1], left, left + 330)
    heights = [12 + 11 * len(dots) for _, _, dots in rows]
    bottom = 26 + sum(heights)
    drawing = Drawing(left + 340 + remark, bottom + 22, title)
    drawing.words(title, left, 14, "title")
    Frame(across, Scale(0, 1, bottom, 22)).draw(drawing, across=per_cent(grid), up=())
    y = 26.0
    for label, (_, text, dots), height in zip(labels, rows, heights, strict=True):
        drawing.words(label, left - 8, y + height / 2 + 3.5, "name", "end")
        drawing.words(text, left + 340, y + height / 2 + 3.5, "tick")
        for place, dot in enumerate(dots):
            _interval(drawing, across, dot, y + 11.5 + 11 * place)
        y += height
    return drawing


def _interval(drawing: Drawing, across: Scale, dot: Dot, y: float) -> None:
    number = dot.number
    note = (
        f"{dot.key.name}: {100 * number.value:.1f} % "
        f"({100 * number.low:.1f} to {100 * number.high:.1f})"
    )
    part = drawing.group(dot.key.style, note if dot.judged else f"{note}, too few to judge")
    part.line([(across(number.low), y), (across(number.high), y)], "whisker")
    part.dot(across(number.value), y, 4, "fill" if dot.judged else "hollow")
