"""Protocols and subsets by name: which pictures of a split count, and what their label is.

- FER+ has ``majority``, ``argmax`` and ``all``, see :mod:`mien.data.ferplus_protocols`.
- AffectNet has ``8``, all its expressions, and ``7``, without contempt.
- Every other data set with classes has ``labels``: each picture with a class counts. The classes
  of one's own pictures are the seven basic expressions, and contempt where some show it, also
  where not all of them occur: a network that takes anger for fear is wrong where no face is afraid.

The subsets are ``whole``, ``clean`` (FER+ alone: without the faces that have a copy or near
copy in Training), and the lists of :mod:`mien.evaluation.listed`. Pictures of expressions that
are ignored do not count, and the protocol's name says so.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..data.affectnet import AffectNet
from ..data.ferplus import FERPlus
from ..data.ferplus_protocols import PROTOCOLS, protocol_labels, vote_distribution
from ..data.reader import Reader
from ..errors import DataError, LabelMismatch, UnknownName
from ..expressions import BASIC7, BASIC8, Expression, LabelSet, OtherClasses

log = logging.getLogger("mien")

WHOLE, CLEAN = "whole", "clean"
LABELS = "labels"
_EIGHT, _SEVEN = "8", "7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One protocol on one subset of a split of N pictures.

    Attributes:
        protocol: such as ``"majority"``.
        subset: such as ``"whole"``, ``"clean"`` or ``"pose-30"``.
        labels: the M classes of the truth.
        truth: int64 (N,), positions in ``labels``; -1 where ``counts`` is false.
        counts: bool (N,), which pictures take part.
        votes: float64 (N, M), shares of the raters' votes with sum 1, zeros in rows without
            any; ``None`` where a set has no votes.
        clusters: int64 (N,), a number for each person or video, whose pictures are not
            independent; ``None`` where a set tells of none.
    """

    protocol: str
    subset: str
    labels: LabelSet
    truth: NDArray[np.int64]
    counts: NDArray[np.bool_]
    votes: NDArray[np.float64] | None = None
    clusters: NDArray[np.int64] | None = None

    def where(self, counts: NDArray[np.bool_], subset: str) -> Task:
        """The same of those pictures alone that ``counts`` (N,) is true of, too."""
        both = self.counts & counts
        return replace(
            self, subset=subset, counts=both, truth=np.where(both, self.truth, np.int64(-1))
        )

    def at(self, rows: NDArray[np.intp]) -> Task:
        """The task of some of the pictures alone, in the order of ``rows`` (K,)."""
        return replace(
            self,
            truth=self.truth[rows],
            counts=self.counts[rows],
            votes=None if self.votes is None else self.votes[rows],
            clusters=None if self.clusters is None else self.clusters[rows],
        )

    def without(self, dropped: Collection[str]) -> Task:
        """The same without some classes: their pictures do not count."""
        kept = tuple(one for one in self.labels if one not in dropped)
        if len(kept) == len(self.labels):
            return self
        if not kept:
            raise DataError(f"no class of {self.labels} is left to measure")
        places = np.full(len(self.labels) + 1, -1, np.int64)  # the last is for -1
        columns = [self.labels.index(one) for one in kept]
        places[columns] = np.arange(len(kept))
        truth = places[self.truth]
        votes = self.votes
        if votes is not None:
            total = votes[:, columns].sum(axis=1, keepdims=True)
            votes = np.divide(
                votes[:, columns], total, out=np.zeros((len(votes), len(kept))), where=total > 0
            )
        labels = type(self.labels).of(kept)
        return replace(
            self, labels=labels, truth=truth, counts=self.counts & (truth >= 0), votes=votes
        )


def protocols_of(reader: Reader) -> tuple[str, ...]:
    """Names of the protocols of a data set, the usual one first."""
    if isinstance(reader, FERPlus):
        return PROTOCOLS
    if isinstance(reader, AffectNet):
        return (_EIGHT, _SEVEN) if Expression.CONTEMPT in reader.labels else (_SEVEN,)
    return (LABELS,)


def labels_asked(reader: Reader) -> LabelSet:
    """The classes that an answer is one of: of one's own pictures, not those that occur alone."""
    if not reader.finds_labels:
        return reader.labels
    usual = (one for one in (BASIC7, BASIC8) if all(name in one for name in reader.labels))
    return next(usual, reader.labels)


def tasks_of(
    reader: Reader,
    *,
    protocol: str | None = None,
    subsets: Mapping[str, NDArray[np.bool_]] | None = None,
    clean: NDArray[np.bool_] | None = None,
    ignore: Collection[str] = (),
) -> tuple[Task, ...]:
    """What there is to measure on a split of N pictures.

    Args:
        reader: the split.
        protocol: the one to measure; ``None`` for all of the data set.
        subsets: named parts, bool (N,) each, to measure instead of the whole.
        clean: bool (N,), pictures without a copy in the training split, see
            :func:`mien.evaluation.clean.clean_faces`; ``None`` leaves the clean numbers out.
        ignore: expressions whose pictures do not count.

    Returns:
        For each protocol one task for each subset: the whole first, then the clean part.

    Raises:
        UnknownName: if the data set has no such protocol.
        DataError: if the data set has no classes, or no picture counts.
    """
    known = protocols_of(reader)
    if protocol is not None and protocol not in known:
        raise UnknownName(f"{reader.title} protocol", protocol, known)
    parts = dict(subsets or {WHOLE: np.ones(len(reader), np.bool_)})
    if clean is not None and not subsets:
        parts[CLEAN] = clean
    tasks = []
    for name in known if protocol is None else (protocol,):
        whole = _named(_task(reader, name), ignore)
        for subset, mask in parts.items():
            task = whole.where(mask, subset)
            if task.counts.any():
                tasks.append(task)
            elif subset != CLEAN:
                raise DataError(
                    f"{reader.root}: of the split {reader.split} no picture counts under the "
                    f"protocol {task.protocol}, subset {subset}; choose another split or protocol"
                )
    return tuple(tasks)


def answerable(
    tasks: Sequence[Task], models: Mapping[str, LabelSet], *, all_of_them: bool = False
) -> tuple[tuple[Task, ...], tuple[str, ...]]:
    """The tasks whose classes all of the models have, and what is ignored for that.

    A class that a model lacks and no picture has that counts is left out of the task. Where
    others know it, their answers become those among the other classes, and the protocol says so.

    Args:
        tasks: of one split.
        models: the classes of each model, by the name that messages call it.
        all_of_them: refuse to leave out a task.

    Returns:
        The tasks, and the classes of which the protocols say that they are ignored.

    Raises:
        LabelMismatch: naming both label sets, if no task remains, or one may not go.
    """
    fitting, refused, ignored = [], [], dict[str, None]()
    for task in tasks:
        present = {task.labels[place] for place in np.unique(task.truth[task.counts])}
        lacking = [one for one in task.labels if any(one not in own for own in models.values())]
        wanted = [one for one in lacking if one in present]
        if not wanted:
            known = [one for one in lacking if any(one in own for own in models.values())]
            fitting.append(
                _named(task.without([one for one in lacking if one not in known]), known)
            )
            ignored.update(dict.fromkeys(map(str, known)))
            continue
        refused.append(_mismatch(task, wanted, models))
    if refused and (all_of_them or not fitting):
        raise LabelMismatch(refused[0])
    for message in refused:
        log.info("left out: %s", message)
    for one in ignored:
        log.info("%s is ignored: some of the models do not know it, and no picture is of it", one)
    return tuple(fitting), tuple(ignored)


def _task(reader: Reader, protocol: str) -> Task:
    votes = None
    if isinstance(reader, FERPlus):
        labels: LabelSet = reader.labels
        truth, counts = protocol_labels(reader.votes, protocol)
        votes = vote_distribution(reader.votes)[0].astype(np.float64)
    else:
        column = reader.table.classes
        if column is None:
            raise DataError(f"{reader.title} has no expressions to measure answers by")
        labels = reader.labels
        if reader.class_names != tuple(map(str, labels)):
            labels = OtherClasses(reader.class_names)
        elif (asked := labels_asked(reader)) != labels:
            labels, column = asked, reader.classes_in(asked)
        truth, counts = column, column >= 0
    groups = reader.table.groups
    task = Task(
        protocol=protocol,
        subset=WHOLE,
        labels=labels,
        truth=np.where(counts, truth, np.int64(-1)),
        counts=counts,
        votes=votes,
        clusters=None if groups is None else np.unique(groups, return_inverse=True)[1],
    )
    return task.without([Expression.CONTEMPT]) if protocol == _SEVEN else task


def _named(task: Task, ignore: Collection[str]) -> Task:
    dropped = [one for one in task.labels if one in ignore]
    if not dropped:
        return task
    return replace(
        task.without(dropped), protocol=f"{task.protocol} without {' and '.join(dropped)}"
    )


def _mismatch(task: Task, wanted: Sequence[str], models: Mapping[str, LabelSet]) -> str:
    name = next(one for one, own in models.items() if any(lost not in own for lost in wanted))
    missing = [one for one in wanted if one not in models[name]]
    places = [task.labels.index(one) for one in missing]
    pictures = int(np.isin(task.truth[task.counts], places).sum())
    options = " ".join(f"--ignore {one}" for one in missing)
    return (
        f"{name}: [{models[name]}] lacks {', '.join(missing)} of [{task.labels}], the classes of "
        f"the protocol {task.protocol}; {pictures:,} of {int(task.counts.sum()):,} pictures are of "
        f"that, which {options} leaves out"
    )
