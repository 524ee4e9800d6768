"""Put scores together with where they come from."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..card import Card
from ..expressions import LabelSet
from .answers import Answers
from .judging import judge
from .provenance import git_commit, machine, version
from .record import Result
from .scores import Mistake, Scores
from .tasks import Task

WORST = 25
"""How many mistakes a record names."""
MOST_PREDICTIONS = 20_000
"""Of larger splits a record has no list of predictions, so that it stays a small file."""


def record(
    model: Card | str,
    scores: Sequence[Scores],
    predictions: Sequence[int],
    labels: LabelSet,
    *,
    dataset: str,
    split: str,
    data: str,
    command: str,
    sha256: str = "",
    settings: Mapping[str, str | int | float] | None = None,
    mistakes: Sequence[Mistake] = (),
) -> Result:
    """The record of one evaluation.

    Args:
        model: its card, or the name of what has none.
        scores: of each protocol and subset.
        predictions: class of every picture (N,).
        labels: what these numbers stand for.
        dataset: name of the data set.
        split: name of the split.
        data: fingerprint of the split.
        command: that repeats it; with file names, not with paths of this machine.
        sha256: of the model's file.
        settings: whatever else the numbers depend on.
        mistakes: the worst ones.
    """
    card = model if isinstance(model, Card) else None
    return Result(
        model=model if isinstance(model, str) else model.name,
        model_sha256=sha256,
        recipe="" if card is None else card.recipe,
        seed=None if card is None else card.seed,
        trained_at="" if card is None else card.commit,
        dataset=dataset,
        split=split,
        data_fingerprint=data,
        labels=tuple(map(str, labels)),
        scores=tuple(scores),
        mistakes=tuple(mistakes),
        settings=dict(settings or {}),
        commit=git_commit(),
        version=version(),
        machine=machine(),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        command=command,
        predictions=tuple(map(int, predictions)) if len(predictions) <= MOST_PREDICTIONS else (),
    )


def predictions_of(task: Task, answers: Answers) -> list[int]:
    """The answer to every picture of the split as a class of the task, counted or not.

    Returns:
        (N,), -1 where no face was found.
    """
    everybody = replace(task, counts=np.ones(len(answers), np.bool_), votes=None)
    return [int(one) for one in judge(everybody, answers).predicted]


def worst_mistakes(
    task: Task, answers: Answers, names: Sequence[str], most: int = WORST
) -> tuple[Mistake, ...]:
    """The wrong answers with the highest confidence; none where this is not known.

    Args:
        task: which pictures count, and what is true.
        answers: to the N pictures.
        names: of the N pictures.
        most: how many.
    """
    judged = judge(task, answers)
    if judged.confidence is None:
        return ()
    rows = np.flatnonzero(task.counts)
    wrong = np.flatnonzero(judged.answered & ~judged.correct)
    surest = wrong[np.argsort(-judged.confidence[wrong], kind="stable")][:most]
    return tuple(
        Mistake(
            name=names[rows[place]],
            truth=str(task.labels[judged.truth[place]]),
            predicted=str(task.labels[judged.predicted[place]]),
            confidence=float(judged.confidence[place]),
        )
        for place in surest
    )
