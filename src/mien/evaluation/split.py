"""The split that models are measured on: opened, thinned to the lists asked for, with its tasks."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.catalogue import open_reader
from ..data.ferplus import FERPlus
from ..data.parts.expression_names import expression_named
from ..data.reader import Reader
from ..data.reader_options import reader_named, splits_of
from ..data.sfew import SFEW
from ..errors import DataError, InputError
from .clean import clean_faces
from .listed import keep_listed
from .tasks import Task, tasks_of

log = logging.getLogger("mien")

_USUAL = ("test", "val", "validation", "all")
_OWN = {FERPlus.name: "public-test", SFEW.name: "val"}
"""FER+ holds its last test back, and SFEW's has no labels."""
_NOTES = 5


@dataclass(frozen=True, slots=True)
class Split:
    """What is measured on.

    Attributes:
        reader: of the N pictures.
        tasks: protocols and subsets of these.
        settings: what was chosen, for the record.
    """

    reader: Reader
    tasks: tuple[Task, ...]
    settings: Mapping[str, str | int | float]


def usual_split(dataset: str, root: Path | str, options: Mapping[str, Any]) -> str:
    """The split that is measured on where none is named: the test split with labels.

    Raises:
        InputError: if the copy has none that is called so.
        UnknownName, NotFound, DataError: if there is no such data set or copy.
    """
    if dataset in _OWN:
        return _OWN[dataset]
    there = splits_of(dataset, root, options)
    for name in _USUAL:
        if name in there:
            return name
    raise InputError(f"{root}: name one of its splits with --split: {', '.join(there)}")


def open_split(
    dataset: str,
    root: Path | str,
    split: str | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    protocol: str | None = None,
    subsets: Sequence[str] = (),
    lists: Path | None = None,
    ignore: Collection[str] = (),
) -> Split:
    """Open a split for evaluation.

    Args:
        dataset: name of the data set.
        root: where the copy lies.
        split: name of the split; ``None`` for :func:`usual_split`.
        options: of the data set's reader.
        protocol: see :mod:`mien.evaluation.tasks`; ``None`` for all.
        subsets: names or files of lists, see :mod:`mien.evaluation.listed`.
        lists: folder of the authors' lists.
        ignore: expressions whose pictures do not count, by any of their names, such as
            ``happy``.

    Raises:
        UnknownName: if there is no such data set, split, protocol, subset or expression.
        MienError: if the copy or a list cannot be read, or no picture counts.
    """
    chosen = dict(options or {})
    reader_named(dataset)
    if dataset == FERPlus.name and "protocol" in chosen:
        raise InputError("--set protocol: the protocol is chosen with --protocol")
    if lists is not None and not subsets:
        raise InputError("--lists is for --subset; name one of the lists with it")
    ignored = tuple(dict.fromkeys(expression_named(name) for name in ignore))
    reader = open_reader(dataset, root, split or usual_split(dataset, root, chosen), **chosen)
    parts = keep_listed(reader, subsets, lists) if subsets else None
    if reader.class_names != tuple(map(str, reader.labels)):
        raise DataError(f"{reader.title} has no expressions to measure answers by")
    for note in reader.notes[:_NOTES]:
        log.info("%s: %s", reader.split, note)
    tasks = tasks_of(
        reader, protocol=protocol, subsets=parts, clean=clean_faces(reader), ignore=ignored
    )
    settings: dict[str, str | int | float] = {}
    if not reader.as_given or reader.absent:
        settings["copy"] = _copy(reader)
    for key, value in chosen.items():
        settings[f"option {key}"] = Path(value).name if isinstance(value, Path) else str(value)
    if subsets:
        settings["subsets"] = ", ".join(parts or {})
    if ignored:
        settings["ignored"] = ", ".join(ignored)
    return Split(reader, tasks, settings)


def _copy(reader: Reader) -> str:
    """What was made of the original's pictures, as numbers depend on it."""
    made = ["prepared", *([f"{reader.side} pixels"] if reader.side else [])]
    if reader.absent:
        pictures = "picture" if reader.absent == 1 else "pictures"
        made.append(f"without {reader.absent:,} {pictures} of the original")
    return ", ".join(made)
