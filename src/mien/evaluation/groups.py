"""Accuracy by group, for any column of the user's metadata: age, gender, skin tone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .answers import Answers
from .bootstrap import LEVEL, Estimate, share_estimate
from .judging import judge
from .scores import Gap, GroupScores
from .tasks import Task

FEWEST = 30
"""Groups of fewer pictures are not judged."""
WIDEST = 0.2
"""Groups whose interval is wider than this are not judged."""

_DIGITS = re.compile(r"(\d+)")


def group_scores(
    columns: Mapping[str, Sequence[str]], task: Task, answers: Answers
) -> tuple[tuple[GroupScores, ...], tuple[Gap, ...]]:
    """Accuracy of each group with Wilson's 95 % interval, and the largest gap of each column.

    A group is judged if it has at least :data:`FEWEST` pictures and its interval is at most
    :data:`WIDEST` wide. A column with fewer than two judged groups has no gap.

    The two groups of a gap are chosen because they are extreme, and of many equally good
    groups some two always differ. Its interval allows for the choice: it is that of Newcombe
    (1998, "Interval estimation for the difference between independent proportions", method
    10) at a level so high that, by Bonferroni's inequality, the intervals of all pairs of
    judged groups hold together in 95 % of the cases. One that does not reach down to 0
    therefore means that groups differ, however many there are. The gap's own value still
    leans upwards.

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
    correct, rows = judge(task, answers).correct, np.flatnonzero(task.counts)
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
        found = [_group(column, name, correct[given == name]) for name in names]
        groups += found
        gaps += _largest_gap([one for one in found if one.judged])
    return tuple(groups), tuple(gaps)


def _group(column: str, name: str, correct: NDArray[np.bool_]) -> GroupScores:
    images = len(correct)
    accuracy = share_estimate(int(correct.sum()), images)
    return GroupScores(
        column=column,
        group=name,
        images=images,
        accuracy=accuracy,
        judged=images >= FEWEST and accuracy.high - accuracy.low <= WIDEST,
    )


def _largest_gap(groups: Sequence[GroupScores]) -> list[Gap]:
    if len(groups) < 2:
        return []
    best = max(groups, key=lambda one: one.accuracy.value)
    worst = min(groups, key=lambda one: one.accuracy.value)
    if best is worst:  # all are equal
        best, worst = groups[:2]
    pairs = math.comb(len(groups), 2)
    return [
        Gap(
            column=best.column,
            best=best.group,
            worst=worst.group,
            difference=_difference(best, worst, 1 - (1 - LEVEL) / pairs),
        )
    ]


def _difference(best: GroupScores, worst: GroupScores, level: float) -> Estimate:
    """Newcombe's interval: each group's distance to its Wilson limits, added as squares."""
    high, low = (
        share_estimate(round(one.accuracy.value * one.images), one.images, level=level)
        for one in (best, worst)
    )
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
