"""The main charts of a report in one picture, for a README or a slide."""

from __future__ import annotations

import math
from pathlib import Path

from ...drafts import output_file
from ..record import Result
from ..scores import Scores
from .charts import Key, reliability_chart
from .class_charts import class_chart, confusion_chart
from .drawing import Drawing
from .metric_names import metric_name, task_title
from .page_view import robustness_of
from .task_view import Entry

_MARGIN, _GAP, _HEAD, _TITLE = 24.0, 24.0, 68.0, 26.0
_WIDTH = 1150.0
_BESIDE = 5  # panels of robustness in a row

_Column = tuple[str, list[Drawing]]


def summary_picture(result: Result, protocol: str = "", subset: str = "whole") -> Drawing:
    """Confusion matrix, reliability, recall and robustness, as far as they were measured.

    Args:
        result: the record.
        protocol: under which; empty for the record's first.
        subset: of it.

    Raises:
        DataError: if the record has no such numbers; those it has are named.
    """
    scores = result.find(protocol or result.scores[0].protocol, subset)
    key = Key(0, result.model)
    robustness = robustness_of([Entry(key, result)])
    panels = [] if robustness is None else list(robustness.panels)
    columns = _columns(key, scores, panels[-1:])
    tallest = max(_TITLE + sum(one.height for one in charts) for _, charts in columns)
    rows = math.ceil(len(panels[:-1]) / _BESIDE)
    below = _HEAD + tallest + _GAP
    height = below + (_TITLE + rows * (panels[0].height + _GAP / 2) if rows else 0)
    title = f"{result.model} on {result.dataset} {result.split}"
    picture = Drawing(_WIDTH, height, f"Charts of {title}")
    picture.rectangle(0, 0, _WIDTH, height, "paper")
    picture.words(title, _MARGIN, 32, "heading")
    picture.words(_numbers(scores), _MARGIN, 51, "name faint")
    _place_columns(picture, columns)
    if robustness is not None:
        words = f"Accuracy on {robustness.images:,} pictures damaged on purpose"
        picture.words(words, _MARGIN, below + 10, "title")
    for place, panel in enumerate(panels[:-1]):
        row, column = divmod(place, _BESIDE)
        y = below + _TITLE + row * (panel.height + _GAP / 2)
        picture.place(panel, _MARGIN + column * panel.width, y)
    return picture


def write_summary_picture(result: Result, path: Path) -> None:
    """Write the picture as SVG, in one step.

    Raises:
        OutputError: if the file cannot be written.
    """
    text = summary_picture(result).file()
    with output_file(path, "the picture") as draft:
        draft.write_text(text, encoding="utf-8")


def _numbers(scores: Scores) -> str:
    named = {
        metric_name(name): scores.metrics[name]
        for name in ("accuracy", "balanced_accuracy", "macro_f1")
        if name in scores.metrics
    }
    numbers = [
        f"{metric.title} {metric.value(number.value)} % ({metric.interval(number)})"
        for metric, number in named.items()
    ]
    task = f"{task_title(scores.protocol, scores.subset)}: {scores.images:,} faces"
    return ", ".join([task, *numbers])


def _columns(key: Key, scores: Scores, robustness: list[Drawing]) -> list[_Column]:
    columns: list[_Column] = []
    if scores.confusion:
        chart = confusion_chart(list(scores.classes), scores.confusion)
        columns.append(("Confusion matrix, with shares of the row", [chart]))
    if scores.reliability:
        columns.append(("Reliability", [reliability_chart(key, scores.reliability)]))
    if scores.classes:
        bars = class_chart("recall", [(key, scores.classes)])
        columns.append(("By class, and on damaged pictures", [bars, *robustness]))
        if not robustness:
            columns[-1] = "By class", [bars]
    return columns


def _place_columns(picture: Drawing, columns: list[_Column]) -> None:
    x = _MARGIN
    for title, charts in columns:
        picture.words(title, x, _HEAD + 10, "title")
        y = _HEAD + _TITLE
        for chart in charts:
            picture.place(chart, x, y)
            y += chart.height
        x += max(chart.width for chart in charts) + _GAP
