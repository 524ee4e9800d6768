"""What a report shows beside the protocols: circumstances, robustness, groups, mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...preprocess import Picture
from ..bootstrap import Estimate
from ..damage.robustness import mean_robustness
from ..scores import Gap, Mistake
from .charts import Key, robustness_chart
from .class_charts import Dot, interval_chart
from .drawing import Drawing
from .picture_data import PictureData, picture_data
from .robustness_view import Curves, curves_of, in_words, mean_curve
from .task_view import Entry

_ROOM = 0.02  # between the lowest accuracy of the curves and the bottom


@dataclass(frozen=True, slots=True)
class GroupView:
    """The groups of one column of the metadata.

    Attributes:
        column: of the metadata.
        chart: accuracy of each group.
        gaps: the largest gap of each model.
        undecided: whether a group is too small to judge.
    """

    column: str
    chart: Drawing
    gaps: Sequence[tuple[Key, Gap]]
    undecided: bool


@dataclass(frozen=True, slots=True)
class RobustnessView:
    """Accuracy on damaged pictures.

    Attributes:
        panels: a chart for each corruption; the last one is their mean.
        rows: the models, each with its curves, its mean over corruptions and strengths, and
            the mean over corruptions at each strength.
        images: how many pictures.
    """

    panels: Sequence[Drawing]
    rows: Sequence[tuple[Key, Curves, float, Mapping[int, Estimate]]]
    images: int


@dataclass(frozen=True, slots=True)
class MistakeView:
    """A wrong answer with its picture, where it could be had."""

    mistake: Mistake
    picture: PictureData | None


def facts_of(entries: Sequence[Entry]) -> list[tuple[str, list[str]]]:
    """What was measured and how: a name, and a value for each model."""
    results = [entry.result for entry in entries]
    facts = {
        "data set": [one.dataset for one in results],
        "split": [one.split for one in results],
        "pictures of the split": [
            f"{len(one.predictions):,}" if one.predictions else "" for one in results
        ],
        "fingerprint of the data": [one.data_fingerprint for one in results],
        "classes": [", ".join(one.labels) for one in results],
        "SHA-256 of the model's file": [one.model_sha256 for one in results],
        "recipe": [one.recipe for one in results],
        "seed of the training": ["" if one.seed is None else str(one.seed) for one in results],
        "commit that trained": [one.trained_at for one in results],
    }
    for name in dict.fromkeys(name for one in results for name in one.settings):
        facts[in_words(name)] = [str(one.settings.get(name, "")) for one in results]
    facts |= {
        "command": [one.command for one in results],
        "mien": [one.version for one in results],
        "commit that measured": [one.commit for one in results],
        "machine": [_machine(one.machine) for one in results],
        "date": [one.date for one in results],
    }
    return [(name, values) for name, values in facts.items() if any(values)]


def _machine(described: Mapping[str, str | int]) -> str:
    words = {"cores": "{} core" if described.get("cores") == 1 else "{} cores"}
    words["python"] = "Python {}"
    return ", ".join(words.get(name, "{}").format(value) for name, value in described.items())


def groups_of(entries: Sequence[Entry]) -> list[GroupView]:
    """A view for each column of the metadata."""
    columns = dict.fromkeys(one.column for entry in entries for one in entry.result.groups)
    return [_group(column, entries) for column in columns]


def _group(column: str, entries: Sequence[Entry]) -> GroupView:
    members = [
        (entry.key, one) for entry in entries for one in entry.result.groups if one.column == column
    ]
    rows = []
    for name in dict.fromkeys(one.group for _, one in members):
        same = [(key, one) for key, one in members if one.group == name]
        first = same[0][1]
        remark = f"{first.images:,} pictures"
        if first.clusters:
            remark += f" of {first.clusters:,} persons, videos or photos"
        if not all(one.judged for _, one in same):
            remark += ", too few to judge"
        rows.append((name, remark, [Dot(key, one.accuracy, one.judged) for key, one in same]))
    return GroupView(
        column=column,
        chart=interval_chart("accuracy", rows),
        gaps=[
            (entry.key, gap)
            for entry in entries
            for gap in entry.result.gaps
            if gap.column == column
        ],
        undecided=not all(one.judged for _, one in members),
    )


def robustness_of(entries: Sequence[Entry]) -> RobustnessView | None:
    """The curves of all models; ``None`` if none was measured."""
    measured = [
        (entry.key, curves_of(entry.result.robustness), mean_robustness(entry.result.robustness))
        for entry in entries
        if entry.result.robustness
    ]
    if not measured:
        return None
    lowest = min(
        number.low
        for _, curves, _ in measured
        for curve in curves.values()
        for number in curve.values()
    )
    bottom = max(int(10 * (lowest - _ROOM)) / 10, 0)
    titles = dict.fromkeys(name for _, curves, _ in measured for name in curves)
    panels = [
        robustness_chart(
            in_words(title),
            [(key, curves[title]) for key, curves, _ in measured if title in curves],
            bottom,
        )
        for title in titles
    ]
    means = [(key, mean_curve(curves)) for key, curves, _ in measured]
    rows = [(*one, mean) for one, (_, mean) in zip(measured, means, strict=True)]
    return RobustnessView(
        panels=[*panels, robustness_chart("mean of all", means, bottom)],
        rows=rows,
        images=max(one.images for entry in entries for one in entry.result.robustness),
    )


def mistakes_of(
    entries: Sequence[Entry], pictures: Mapping[str, Mapping[str, Picture]]
) -> list[tuple[Key, list[MistakeView]]]:
    """The worst mistakes of each model that has any."""
    return [
        (entry.key, [_mistake(one, pictures.get(entry.result.model, {})) for one in mistakes])
        for entry in entries
        if (mistakes := entry.result.mistakes)
    ]


def _mistake(mistake: Mistake, pictures: Mapping[str, Picture]) -> MistakeView:
    picture = pictures.get(mistake.name)
    return MistakeView(mistake, None if picture is None else picture_data(picture))
