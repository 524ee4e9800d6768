"""Accuracy by group, for any column of the user's metadata: age, gender, skin tone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .answers import Answers
from .bootstrap import LEVEL, Estimate
from .judging import judge
from .scores import Gap, GroupScores
from .shares import share_estimate
from .tasks import Task

FEWEST = 30
"""Groups of fewer pictures are not judged."""
WIDEST = 0.2
"""Groups whose interval is wider than this are not judged."""

_DIGITS = re.compile(r"(\d+)")


def group_scores(
    columns: Mapping[str, Sequence[str]], task: Task, answers: Answers
) -> tuple[tuple[GroupScores, ...], tuple[Gap, ...]]:
    """Accuracy of each group with its 95 % interval, and the largest gap of each column.

    Intervals are those of :func:`~mien.evaluation.shares.share_estimate`, with the persons, videos
    or photos that the task tells of as clusters.

    A group is judged if it has at least :data:`FEWEST` pictures and its interval is at most
    :data:`WIDEST` wide. A column with fewer than two judged groups has no gap.

    The two groups of a gap are chosen because they are extreme, and of many equally good
    groups some two always differ. Its interval allows for the choice: it is that of Newcombe
    (1998, "Interval estimation for the difference between independent proportions", method
    10) at a level so high that, by Bonferroni's inequality, the intervals of all pairs of
    judged groups hold together in 95 % of the cases. One that does not reach down to 0
    therefore means that groups differ, however many there are. The gap's own value still
    leans upwards. Persons or videos that are in both groups make it too wide rather than too
    narrow, as they are alike in both.

    Args:
        columns: name of a column to the value of each of the N pictures, ``""`` for none;
            see :func:`~mien.evaluation.metadata.read_metadata`.
        task: which of the N pictures count, and what is true.
        answers: to the same N pictures.

    Returns:
        The groups in the order of the columns and of their values, and the gaps.

    Raises:
        LabelMismatch: if the model lacks a class of the task; both sets are named.
        DataError: if a column is of another number of pictures, none that counts has a
            value in it, or the answers do not fit the task.
    """
    judged, rows = judge(task, answers), np.flatnonzero(task.counts)
    everyone = _Members(judged.correct, judged.clusters)
    groups: list[GroupScores] = []
    gaps: list[Gap] = []
    for column, values in columns.items():
        if len(values) != len(task.counts):
            raise DataError(
                f"the column {column} has {len(values):,} values for {len(task.counts):,} pictures"
            )
        given = np.array([values[row] for row in rows.tolist()])
        names = sorted(set(given.tolist()) - {""}, key=_natural)
        if not names:
            raise DataError(
                f"the column {column} has no value for any picture that counts under the "
                f"protocol {task.protocol}"
            )
        members = {name: everyone.at(given == name) for name in names}
        found = {name: some.scores(column, name) for name, some in members.items()}
        groups += found.values()
        gaps += _largest_gap({name: members[name] for name in names if found[name].judged}, column)
    return tuple(groups), tuple(gaps)


@dataclass(frozen=True, slots=True)
class _Members:
    """The pictures of a group: whether each is answered rightly, and its cluster."""

    correct: NDArray[np.bool_]
    clusters: NDArray[np.int64] | None

    def at(self, places: NDArray[np.bool_]) -> _Members:
        clusters = None if self.clusters is None else self.clusters[places]
        return _Members(self.correct[places], clusters)

    def accuracy(self, level: float = LEVEL) -> Estimate:
        return share_estimate(self.correct, self.clusters, level=level)

    def scores(self, column: str, name: str) -> GroupScores:
        images, accuracy = len(self.correct), self.accuracy()
        return GroupScores(
            column=column,
            group=name,
            images=images,
            clusters=0 if self.clusters is None else len(np.unique(self.clusters)),
            accuracy=accuracy,
            judged=images >= FEWEST and accuracy.high - accuracy.low <= WIDEST,
        )


def _largest_gap(groups: Mapping[str, _Members], column: str) -> list[Gap]:
    if len(groups) < 2:
        return []
    shares = {name: one.correct.mean() for name, one in groups.items()}
    best, worst = max(groups, key=shares.__getitem__), min(groups, key=shares.__getitem__)
    if best == worst:  # all are equal
        best, worst = list(groups)[:2]
    level = 1 - (1 - LEVEL) / math.comb(len(groups), 2)
    difference = _difference(groups[best].accuracy(level), groups[worst].accuracy(level))
    return [Gap(column=column, best=best, worst=worst, difference=difference)]


def _difference(high: Estimate, low: Estimate) -> Estimate:
    """Newcombe's interval: each group's distance to its Wilson limits, added as squares."""
    value = high.value - low.value
    return Estimate(
        value,
        value - math.hypot(high.value - high.low, low.high - low.value),
        value + math.hypot(high.high - high.value, low.value - low.low),
    )


def _natural(text: str) -> list[tuple[int, int, str]]:
    """For a sorting in which "3-9" comes before "10-19"."""
    parts = _DIGITS.split(text)
    return [(0, int(one), "") if one.isdecimal() else (1, 0, one) for one in parts]
