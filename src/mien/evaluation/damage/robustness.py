"""Accuracy on faces that were damaged on purpose, as a curve for each kind of damage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...preprocess import Picture
from ..answers import Answers
from ..judging import clusters_among, judge
from ..scores import RobustnessPoint
from ..shares import share_estimate
from ..tasks import Task
from .corruptions import CORRUPTIONS, STRENGTHS, Corruption

BATCH = 128
"""How many pictures are in memory at once, each damaged in one way."""


def draw(names: Sequence[str], task: Task, images: int) -> NDArray[np.intp]:
    """A sample of the pictures that count, the same whatever else the split holds.

    A hash of the name decides, so that all models, machines and orders of files get the same
    pictures, and a larger sample holds the smaller one.

    Args:
        names: of the N pictures.
        task: which of them count.
        images: how many to draw; all that count if there are no more.

    Returns:
        Positions, ascending.

    Raises:
        DataError: if the names do not fit the task, or not even one picture is drawn.
    """
    if len(names) != len(task.counts):
        raise DataError(f"{len(names):,} names do not fit {len(task.counts):,} pictures")
    counting = np.flatnonzero(task.counts)
    if images < 1 or not len(counting):
        raise DataError(
            f"a sample of {images} of {len(counting):,} pictures has none to measure on"
        )
    by_hash = sorted(counting.tolist(), key=lambda row: (_hash(names[row]), row))
    return np.array(sorted(by_hash[:images]), np.intp)


def measure_robustness(
    classify: Callable[[Sequence[Picture]], Answers],
    pictures: Sequence[Picture],
    names: Sequence[str],
    task: Task,
    *,
    corruptions: Mapping[str, Corruption] | None = None,
    progress: Callable[[int, int], None] | None = None,
    seed: int = 0,
) -> tuple[RobustnessPoint, ...]:
    """Accuracy under each kind of damage at strength 0, the crops as they are, to 5.

    Each picture is asked for once, and a batch of them is in memory at a time.

    Args:
        classify: answers crops, damaged or not.
        pictures: face crops, uint8 (H, W) or (H, W, 3), at their own sizes.
        names: of the pictures; they decide what is drawn at random.
        task: of these pictures; those that do not count are left alone.
        corruptions: the kinds of damage; all of them by default.
        progress: called after each call of ``classify`` with the crops done and the crops
            in all.
        seed: of what is drawn at random.

    Returns:
        Points by kind, then strength, with the 95 % intervals of
        :func:`~mien.evaluation.shares.share_estimate`.

    Raises:
        LabelMismatch: if the model lacks a class of the task; both sets are named.
        DataError: if pictures, names and task differ in number, or no picture counts.
    """
    kinds = CORRUPTIONS if corruptions is None else corruptions
    if not len(pictures) == len(names) == len(task.counts):
        raise DataError(
            f"{len(pictures):,} pictures, {len(names):,} names and a task of "
            f"{len(task.counts):,} do not fit"
        )
    rows = np.flatnonzero(task.counts)
    if not len(rows):
        raise DataError(f"no picture counts under the protocol {task.protocol}")
    steps = [("", 0)] + [(kind, strength) for kind in kinds for strength in STRENGTHS]
    hits: dict[tuple[str, int], list[NDArray[np.bool_]]] = {step: [] for step in steps}
    done, total = 0, len(steps) * len(rows)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        crops = [pictures[row] for row in batch]
        part = task.at(batch)
        for kind, strength in steps:
            damaged = (
                crops
                if not strength
                else [
                    kinds[kind](crop, strength, names[row], seed=seed)
                    for crop, row in zip(crops, batch, strict=True)
                ]
            )
            hits[kind, strength].append(judge(part, classify(damaged)).correct)
            done += len(batch)
            if progress is not None:
                progress(done, total)
    return _points(kinds, hits, clusters_among(task, rows))


def _points(
    kinds: Iterable[str],
    hits: Mapping[tuple[str, int], Sequence[NDArray[np.bool_]]],
    clusters: NDArray[np.int64] | None,
) -> tuple[RobustnessPoint, ...]:
    images = sum(map(len, hits["", 0]))
    accuracies = {
        step: share_estimate(np.concatenate(batches), clusters) for step, batches in hits.items()
    }
    return tuple(
        RobustnessPoint(
            corruption=kind,
            strength=strength,
            images=images,
            clusters=0 if clusters is None else int(clusters.max()) + 1,
            accuracy=accuracies[(kind, strength) if strength else ("", 0)],
        )
        for kind in kinds
        for strength in (0, *STRENGTHS)
    )


def mean_robustness(points: Sequence[RobustnessPoint]) -> float:
    """Mean accuracy over the kinds of damage and the strengths from 1 to 5.

    Raises:
        DataError: if there is no such point.
    """
    damaged = [one.accuracy.value for one in points if one.strength]
    if not damaged:
        raise DataError("no accuracy on damaged pictures was measured, so it has no mean")
    return float(np.mean(damaged))


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
