"""What one data set gives to a concatenation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, LabelMismatch
from ..expressions import LabelSet
from .annotations import Annotations, Sample
from .loading.pictures import Pictures
from .parts.expression_names import expression_named

NO_CLASS = "no class"
"""What pictures without a class are counted under."""


class AnnotatedPictures(Pictures, Protocol):
    """What a :class:`~mien.data.reader.Reader` and a :class:`Concatenation` have in common."""

    @property
    def name(self) -> str:
        """Of the data set."""

    @property
    def title(self) -> str:
        """Of the data set, as its authors call it."""

    @property
    def split(self) -> str:
        """Name of the split."""

    @property
    def labels(self) -> LabelSet:
        """What the classes of the table stand for."""

    @property
    def units(self) -> tuple[int, ...]:
        """Action units of the table's columns."""

    @property
    def side(self) -> int | None:
        """Width and height of every picture where they are fixed."""

    @property
    def prepared(self) -> bool:
        """Whether the faces are cut out and aligned."""

    @property
    def table(self) -> Annotations:
        """The annotations."""

    @property
    def fingerprint(self) -> str:
        """Which data exactly a number stands for."""

    def __getitem__(self, index: int) -> Sample:
        """A picture with its annotations."""

    def classes_in(self, labels: LabelSet) -> NDArray[np.int64]:
        """Class of every picture as positions in another label set; -1 for none."""


@dataclass(frozen=True)
class Part:
    """What one data set gives to a :class:`Concatenation`.

    Attributes:
        data: the split.
        only: expressions, by any of their names, whose pictures are taken; ``None`` for all.
        unlabelled: whether pictures without a class are taken, such as those with action units
            alone; they stay without one.
        name: put before the pictures' names; by default the data set's.
    """

    data: AnnotatedPictures
    only: Collection[str] | None = None
    unlabelled: bool = False
    name: str = ""

    @property
    def prefix(self) -> str:
        """What the names of its pictures begin with."""
        return self.name or self.data.name


class Taken:
    """What is taken of a part.

    Attributes:
        part: of which.
        rows: int (K,), in the part's table.
        table: of these rows, with the classes of the common label set.
        left_out: how many pictures of each class are not taken.
    """

    def __init__(self, part: Part, labels: LabelSet) -> None:
        self.part, data = part, part.data
        if data.table.classes is None and not part.unlabelled:
            raise DataError(
                f"{data.title} has no expressions; with unlabelled its pictures have no class"
            )
        native = classes = np.full(len(data), -1, np.int64)
        if data.table.classes is not None:
            native, classes = data.table.classes, data.classes_in(labels)
        stays = (native == -1) & part.unlabelled | np.isin(classes, _wanted(part, labels))
        self.rows: NDArray[np.intp] = np.flatnonzero(stays)
        if not len(self.rows):
            raise DataError(f"{data.title}: no picture of the split {data.split} is taken")
        names = [*map(str, data.labels), NO_CLASS]
        self.left_out = dict(Counter(names[place] for place in native[~stays].tolist()))
        self.table = replace(data.table.rows(self.rows), classes=classes[self.rows])

    def named(self, names: Sequence[str]) -> list[str]:
        """Names of the part's as names of the whole."""
        return [f"{self.part.prefix}/{name}" for name in names]


def _wanted(part: Part, labels: LabelSet) -> list[int]:
    """Which classes of the common set are taken of a part."""
    if part.only is None:
        return list(range(len(labels)))
    only = [expression_named(one) for one in part.only]
    for known, what in ((labels, "the common label set"), (part.data.labels, part.data.title)):
        lacking = [one for one in only if one not in known]
        if lacking:
            raise LabelMismatch(f"{what} [{known}] lacks {', '.join(lacking)} of only")
    return [labels.index(one) for one in only]
