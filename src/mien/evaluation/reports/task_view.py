"""The models of a report, and what it shows of each protocol and subset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..record import Result
from ..scores import Scores
from .charts import Key, reliability_chart, risk_chart
from .class_charts import MEASURES, NO_ANSWER, Dot, class_chart, confusion_chart, interval_chart
from .drawing import Drawing
from .metric_names import in_order, task_title


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the report.

    Attributes:
        key: its colour and its name; names of the same model measured twice are numbered.
        result: its record.
    """

    key: Key
    result: Result


@dataclass(frozen=True, slots=True)
class TaskView:
    """One protocol on one subset.

    Attributes:
        title: both in words.
        rows: the models that were measured under it.
    """

    title: str
    rows: Sequence[tuple[Key, Scores]]

    @property
    def detailed(self) -> bool:
        """Whether there is more to show than the row of a table."""
        return any(one.confusion or one.reliability or one.risk for _, one in self.rows)

    @property
    def class_rows(self) -> Sequence[tuple[Key, Scores]]:
        """The models of which the classes are known."""
        return [(key, one) for key, one in self.rows if one.classes]

    @property
    def bars(self) -> Sequence[Drawing]:
        """Bars of the classes."""
        rows = [(key, one.classes) for key, one in self.class_rows]
        return [class_chart(measure, rows) for measure in MEASURES] if rows else []

    @property
    def confusions(self) -> Sequence[tuple[Key, Drawing]]:
        """A confusion matrix for each model."""
        return [
            (key, confusion_chart(list(one.classes), one.confusion, f"of {key.name}, {self.title}"))
            for key, one in self.rows
            if one.confusion
        ]

    @property
    def reliability(self) -> Sequence[tuple[Key, Drawing]]:
        """A reliability diagram for each model."""
        return [
            (key, reliability_chart(key, one.reliability))
            for key, one in self.rows
            if one.reliability
        ]

    @property
    def risk(self) -> Drawing | None:
        """The curves of all models."""
        curves = [(key, one.risk) for key, one in self.rows if one.risk]
        return risk_chart(curves) if curves else None


def entries_of(results: Sequence[Result]) -> list[Entry]:
    """The models, in the order in which they were given."""
    names = [one.model for one in results]
    counted = [
        name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    ]
    return [
        Entry(Key(place, name), result)
        for place, (name, result) in enumerate(zip(counted, results, strict=True))
    ]


def tasks_of_entries(entries: Sequence[Entry]) -> list[TaskView]:
    """Every protocol and subset, in the order of the records."""
    found: dict[tuple[str, str], list[tuple[Key, Scores]]] = {}
    for entry in entries:
        for one in entry.result.scores:
            found.setdefault((one.protocol, one.subset), []).append((entry.key, one))
    return [TaskView(task_title(*task), rows) for task, rows in found.items()]


def metrics_of(tasks: Sequence[TaskView]) -> list[str]:
    """Names of the metrics that any of them has."""
    return in_order(name for task in tasks for _, one in task.rows for name in one.metrics)


def accuracy_chart(tasks: Sequence[TaskView]) -> Drawing | None:
    """Accuracies of all models and tasks; ``None`` if there is only one."""
    rows = [
        (
            task.title,
            f"{max(one.images for _, one in task.rows):,} pictures",
            [
                Dot(key, one.metrics["accuracy"])
                for key, one in task.rows
                if "accuracy" in one.metrics
            ],
        )
        for task in tasks
    ]
    rows = [row for row in rows if row[2]]
    if sum(len(dots) for _, _, dots in rows) < 2:
        return None
    return interval_chart("accuracy", rows)


def answers_of(scores: Scores) -> list[str]:
    """Headings of the columns of the confusion matrix."""
    return [*scores.classes, NO_ANSWER][: len(scores.confusion[0])]
