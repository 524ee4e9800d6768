"""Measure models on a split of a data set: what ``mien evaluate`` does.

Every model answers every picture once; the answers are then scored under each protocol and on
each subset, compared with those of the first model, and looked at by groups. Damaged pictures
are answered besides, where that is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data.reader_options import reader_named
from ..errors import DataError, InputError, UnknownName
from ..expressions import LabelSet
from ..preprocess import Picture
from .answering import Progress
from .answers import Answers
from .asking import Asking
from .classifier import Classifier
from .command import Arguments
from .comparison import compare
from .contenders import Contender, load_contenders
from .faces import Faces
from .foreign import Foreign
from .groups import group_scores
from .judging import clusters_among
from .manner import Manner
from .metadata import read_metadata
from .predictions import Predictions
from .provenance import recorded_place
from .record import Result
from .recording import predictions_of, record, worst_mistakes
from .scores import Comparison, Scores
from .scoring import score
from .shares import share_estimate
from .split import Split, open_split
from .tasks import Task, answerable, labels_asked

log = logging.getLogger("mien")

Columns = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured.

    Attributes:
        results: the record of each model, in their order.
        comparisons: of each further model with the first, under each protocol and subset.
        mistakes: where they were asked for, the faces of the mistakes that the records name, by
            the model's name and the picture's.
    """

    results: tuple[Result, ...]
    comparisons: tuple[Comparison, ...] = ()
    mistakes: Mapping[str, Mapping[str, Picture]] = field(default_factory=dict)


def evaluate(
    models: Sequence[str | Path | Classifier],
    dataset: str,
    *,
    root: Path | str,
    split: str | None = None,
    options: Mapping[str, Any] | None = None,
    protocol: str | None = None,
    subsets: Sequence[str] = (),
    lists: Path | None = None,
    ignore: Collection[str] = (),
    manner: Manner | None = None,
    metadata: Path | None = None,
    columns: Sequence[str] = (),
    foreign: Foreign | None = None,
    threads: int | None = None,
    arguments: Arguments | None = None,
    with_faces: bool = False,
    finished: Callable[[Result], None] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure models on a split of a data set.

    What can be found wrong beforehand, is: tables are read, networks asked for one face, and
    groups looked at, before the work begins.

    Args:
        models: names of shipped models, ONNX files, checkpoints, or tables of predictions.
        dataset: name of a data set with expressions.
        root: where the user's copy lies, a folder or a zip.
        split: its name; ``None`` for the test split.
        options: of the data set's reader.
        protocol: which pictures count and what their label is, see
            :mod:`mien.evaluation.tasks`; ``None`` for all that the models have the classes of.
        subsets: names or files of lists, see :mod:`mien.evaluation.listed`.
        lists: folder of the authors' lists.
        ignore: expressions whose pictures do not count.
        manner: how the models are asked.
        metadata: table of the pictures' groups, see :mod:`mien.evaluation.groups`.
        columns: of it, or of what the data set itself says, such as ``"gender"``.
        foreign: what to take ONNX files for that have no card.
        threads: for the networks.
        arguments: what else the command line was given, for the records.
        with_faces: read the faces of the worst mistakes, for a report.
        finished: called with each record as soon as there is one.
        progress: called now and then with the faces done and the faces in all.

    Raises:
        UnknownName: if a name is unknown.
        LabelMismatch: if a model lacks a class of the data set; both label sets are named.
        MienError: if a model, the data or a table cannot be read.
    """
    manner = manner or Manner()
    reader_named(dataset)  # before the models, which take longer to read
    contenders = load_contenders(models, threads=threads, foreign=foreign)
    _check(contenders, manner)
    opened = open_split(
        dataset,
        root,
        split,
        options=options,
        protocol=protocol,
        subsets=subsets,
        lists=lists,
        ignore=ignore,
    )
    labels = {one.name: _labels(one, opened) for one in contenders}
    tasks, ignored = answerable(opened.tasks, labels, all_of_them=protocol is not None)
    settings = dict(opened.settings)
    if ignored:
        before = [str(settings["ignored"])] if "ignored" in settings else []
        settings["ignored"] = ", ".join([*before, *ignored])
    opened = replace(opened, tasks=tasks, settings=settings)
    groups = _metadata(opened, metadata, columns)
    asking = Asking(contenders, opened, manner, progress)
    if groups:
        group_scores(groups, tasks[0], next(iter(asking.rehearsed.values())))
    words = [dataset, "--root", recorded_place(root), "--split", opened.reader.split]
    words += [word for one in ignored for word in ("--ignore", one)]
    said = arguments or Arguments()
    answers: list[Answers] = []
    results: list[Result] = []
    for one in contenders:
        answers.append(asking.answers(one))
        result = _result(one, opened, answers[-1], manner, said.command(one, words))
        if groups:
            found, gaps = group_scores(groups, tasks[0], answers[-1])
            result = replace(result, groups=tuple(found), gaps=tuple(gaps))
        results.append(replace(result, robustness=asking.robustness(one)))
        if finished is not None:
            finished(results[-1])
    crops = {
        one.name: _crops(result, opened, asking.faces, one) if with_faces else {}
        for one, result in zip(contenders, results, strict=True)
    }
    return Evaluation(tuple(results), _comparisons(contenders, opened, answers), crops)


def _check(contenders: Sequence[Contender], manner: Manner) -> None:
    """Refuse before the work what a table of predictions cannot do."""
    for one in contenders:
        if manner.view != "plain":
            one.network(f"--views {manner.view}")
        if manner.detector is not None:
            one.network("--end-to-end")
    tables = [one for one in contenders if isinstance(one.source, Predictions)]
    if manner.robustness is None:
        return
    for one in tables:
        if len(tables) == len(contenders):
            one.network("--robustness")
        log.info("%s: a table of predictions says nothing of damaged pictures", one.called)


def _labels(one: Contender, opened: Split) -> LabelSet:
    if isinstance(one.source, Predictions):
        return one.source.labels or labels_asked(opened.reader)
    return one.source.card.labels


def _metadata(opened: Split, file: Path | None, columns: Sequence[str]) -> Columns:
    """Columns by name, each with a value for every picture."""
    reader = opened.reader
    if file is not None:
        return read_metadata(file, reader, columns or None)
    known = reader.table.attributes
    for name in columns:
        if not known:
            raise InputError(
                f"--column {name}: {reader.title} says nothing of its pictures but their class; "
                "name a table with --groups"
            )
        if name not in known:
            raise UnknownName(f"column of {reader.title}", name, known)
    return {name: known[name] for name in columns}


def _result(
    one: Contender, opened: Split, answers: Answers, manner: Manner, command: str
) -> Result:
    first, reader = opened.tasks[0], opened.reader
    result = record(
        one.card or one.name,
        [_scored(task, answers, manner) for task in opened.tasks],
        predictions_of(first, answers),
        first.labels,
        dataset=reader.name,
        split=reader.split,
        data=reader.fingerprint,
        command=command,
        sha256=one.sha256,
        settings={**opened.settings, **one.settings, **manner.settings},
        mistakes=worst_mistakes(first, answers, reader.names),
    )
    return replace(result, model=one.name)


def _scored(task: Task, answers: Answers, manner: Manner) -> Scores:
    """All metrics, and the share of faces that were found where one may not have been."""
    scores, rows = score(task, answers), np.flatnonzero(task.counts)
    found = answers.found[rows]
    if manner.detector is None and found.all():
        return scores
    share = share_estimate(found, clusters_among(task, rows))
    return replace(scores, metrics={**scores.metrics, "found": share})


def _crops(result: Result, opened: Split, faces: Faces, one: Contender) -> dict[str, Picture]:
    rows = {name: row for row, name in enumerate(opened.reader.names)}
    crops = {}
    for name in (mistake.name for mistake in result.mistakes):
        try:
            crops[name] = faces.as_it_is(rows[name], one.preprocess)
        except DataError as error:  # of a copy whose pictures are not needed for the numbers
            log.info("%s", error)
    return crops


def _comparisons(
    contenders: Sequence[Contender], opened: Split, answers: Sequence[Answers]
) -> tuple[Comparison, ...]:
    first = contenders[0].name
    return tuple(
        compare(task, answers[0], theirs, names=(first, other.name))
        for other, theirs in zip(contenders[1:], answers[1:], strict=True)
        for task in opened.tasks
    )
