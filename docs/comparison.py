"""The comparison of all networks on the same faces, as a table and as a picture.

Accuracies and times of training are of ``results/ablations/networks.SCALE/summary.json``, costs
of ``results/benchmarks/networks.SCALE.json``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from number_cells import difference, share, spread, table

if TYPE_CHECKING:
    from mien.evaluation.reports.drawing import Frame, Part

Costs: TypeAlias = Mapping[str, Mapping[str, float]]
"""By recipe: parameters, multiply-adds, and the times of a face."""

TABLE = "networks"
HEAD = {
    ("majority", "whole"): "majority %",
    ("majority", "clean"): "clean %",
    ("argmax", "whole"): "argmax %",
    ("all", "whole"): "all %",
}
FAIRFACE = "-fairface"
CAPTION = (
    "on FER+'s public test: per cent, mean over seeds with its 95 % interval; *clean* leaves out "
    "copies of training pictures, *damaged* is the mean accuracy on 500 faces under ten kinds of "
    "damage; calibration error and damage under the protocol majority"
)
PRETRAINED = (
    "Accuracy in per cent, protocol majority, over seeds: mean and standard deviation; "
    "differences of means with their 95 % intervals by Welch's t."
)
_STEM = re.compile(r"a stem of (\S+)")
_STARTS = ((False, "hollow", "from fresh weights"), (True, "fill", "pre-trained on FairFace"))
_MARGIN = 0.005  # above and below all points
ALT = "Accuracy of each network against its multiply-adds, from fresh weights and pre-trained"


def costs(report: Mapping[str, Any]) -> Costs:
    """The rows of the benchmark by recipe."""
    found: dict[str, dict[str, float]] = {}
    for row in report["rows"]:
        recipe, what = row["name"].split(": ")
        values = found.setdefault(recipe, {})
        values[what] = row["value"]
        if row["rival"]:
            values[f"{what.split(' by ')[0]} {row['rival']['name']}"] = row["rival"]["value"]
    return found


def cells(summary: Mapping[str, Any], costs: Costs) -> tuple[list[str], list[list[str]]]:
    """The head of the table, and its rows."""
    head = ["", *HEAD.values(), "calibration error %", "damaged %", "minutes", "seeds"]
    head += ["M parameters", "G multiply-adds", "ms by ONNX", "ms by PyTorch"]
    return head, [
        _row(row, summary["seeds"], costs.get(row["recipe"], {})) for row in summary["rows"]
    ]


def stems(summary: Mapping[str, Any]) -> dict[str, str]:
    """The files that finished rows start from, by row."""
    return {
        row["name"]: path
        for row in summary["rows"]
        for path in stem(row.get("settings", {}))
        if row["seeds"]
    }


def stem(settings: Mapping[str, str]) -> list[str]:
    """The file of the stem that settings name, where they do."""
    found = _STEM.fullmatch(settings.get("starts_from", ""))
    return [f"runs/{found[1]}/model.safetensors"] if found else []


def pretrained(summary: Mapping[str, Any]) -> str:
    """What a stem that knows FairFace brings each network, as a table."""
    from mien.training.spreads import Difference

    def apart(ours: Mapping[str, Any], other: Mapping[str, Any]) -> str:
        found = Difference.of(ours["accuracies"], other["accuracies"])
        return difference(None if found is None else dataclasses.asdict(found))

    rows = {row["name"]: row for row in summary["rows"] if row["seeds"]}
    pairs = [
        (row, rows[f"{name}{FAIRFACE}"])
        for name, row in rows.items()
        if f"{name}{FAIRFACE}" in rows
    ]
    cells = [
        [
            row["label"],
            spread(row["accuracy"]),
            spread(after["accuracy"]),
            apart(after, row),
            "" if after is pairs[0][1] else apart(after, pairs[0][1]),
        ]
        for row, after in pairs
    ]
    head = ["", "from fresh weights", "pre-trained on FairFace", "difference"]
    head += [f"to the pre-trained {pairs[0][0]['label']}" if pairs else ""]
    return "\n".join([PRETRAINED, "", *table(head, cells), ""])


def points(summary: Mapping[str, Any], costs: Costs) -> list[Mapping[str, Any]]:
    """The rows that a picture can show: measured, and of known cost."""
    return [row for row in summary["rows"] if row["accuracy"] and row["recipe"] in costs]


def _row(row: Mapping[str, Any], seeds: int, cost: Mapping[str, float]) -> list[str]:
    scores = {(one["protocol"], one["subset"]): one["metrics"] for one in row["scores"]}
    first = scores.get(next(iter(HEAD)), {})
    minutes = "" if row["minutes"] is None else f"{row['minutes']:.0f}"
    times = [cost.get(f"one face by {name}") for name in ("ONNX", "PyTorch")]
    return [
        row["label"],
        *(_spread(scores.get(place, {}).get("accuracy")) for place in HEAD),
        _spread(first.get("expected_calibration_error")),
        _spread(row["robustness"]),
        minutes,
        f"{len(row['seeds'])} of {seeds}",
        _number(cost.get("parameters"), ".2f"),
        _number(cost.get("multiply-adds"), ".3f"),
        *(_number(one, ".2f") for one in times),
    ]


def _spread(found: Mapping[str, Any] | None) -> str:
    """Per cent: the mean over seeds, and its 95 % interval."""
    if not found:
        return "waiting"
    if found["low"] is None:
        return f"{100 * found['mean']:.1f}"
    return share({**found, "value": found["mean"]})


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def picture(summary: Mapping[str, Any], costs: Costs) -> str:
    """Accuracy against multiply-adds as SVG: hollow from fresh weights, filled pre-trained."""
    from mien.evaluation.reports.charts import Key
    from mien.evaluation.reports.drawing import Drawing, Frame, Scale, per_cent, ticks

    rows = points(summary, costs)
    drawing = Drawing(720, 400, "Accuracy of the networks against their multiply-adds")
    drawing.rectangle(0, 0, 720, 400, "paper")
    ends = [end / 100 for row in rows for end in _interval(row)]
    up = ticks(min(ends) - _MARGIN, max(ends) + _MARGIN, below=True, above=True)
    across = ticks(0, max(costs[row["recipe"]]["multiply-adds"] for row in rows), above=True)
    frame = Frame(Scale(0, across[-1], 70, 545), Scale(up[0], up[-1], 340, 20))
    frame.draw(drawing, across=[(one, f"{one:g}") for one in across], up=per_cent(up))
    drawing.words("G multiply-adds of one face", 307, 376, "tick", "middle")
    drawing.words("accuracy, protocol majority", 16, 180, "tick", "middle", turned=-90)
    recipes = list(dict.fromkeys(row["recipe"] for row in rows))
    for row in rows:
        key = Key(recipes.index(row["recipe"]), row["label"])
        _point(drawing.group(key.style, _words(row)), frame, row, costs)
    for number, recipe in enumerate(recipes):
        label = next(row["label"] for row in rows if row["recipe"] == recipe)
        y = 40 + 22 * number
        drawing.group(Key(number, label).style).dot(567, y - 4, 5, "fill")
        drawing.words(label.split(",")[0], 579, y, "")
    y = 60 + 22 * len(recipes)
    seen = {row["name"].endswith(FAIRFACE) for row in rows}
    for pretrained, style, words in _STARTS:
        if pretrained not in seen:
            continue
        drawing.group("m6").dot(567, y - 4, 5, style)
        drawing.words(words, 579, y, "")
        y += 22
    drawing.words("whiskers: 95 % of the", 561, y + 4, "tick")
    drawing.words("mean over seeds", 561, y + 18, "tick")
    return drawing.file()


def _interval(row: Mapping[str, Any]) -> tuple[float, float]:
    found = row["accuracy"]
    low, high = found["low"], found["high"]
    return (found["mean"] if low is None else low, found["mean"] if high is None else high)


def _words(row: Mapping[str, Any]) -> str:
    low, high = _interval(row)
    return f"{row['label']}: {row['accuracy']['mean']:.1f} % ({low:.1f} to {high:.1f})"


def _point(part: Part, frame: Frame, row: Mapping[str, Any], costs: Costs) -> None:
    pretrained = row["name"].endswith(FAIRFACE)
    # Both points of a network have the same cost; a little apart, both are seen.
    x = frame.across(costs[row["recipe"]]["multiply-adds"]) + (3 if pretrained else -3)
    low, high = _interval(row)
    if low < high:
        part.line([(x, frame.up(low / 100)), (x, frame.up(high / 100))], "whisker")
    y = frame.up(row["accuracy"]["mean"] / 100)
    part.dot(x, y, 5, "fill" if pretrained else "hollow")
