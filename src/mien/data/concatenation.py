"""Several data sets as one, such as Aff-Wild2 with other sets' pictures of rare classes.

Classes are mapped by name. What does not fit the common label set, or was not asked for, is
left out and counted, never turned into another class.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..expressions import LabelSet
from ..preprocess import Picture, Preprocess
from .annotations import Annotations, Sample
from .loading.pictures import Pictures, crops
from .part import AnnotatedPictures, Part, Taken


class Concatenation:
    """Several data sets as one, with one label set; used like a reader.

    The names of pictures, files and groups begin with the part's name, as in
    ``rafdb/train_00001.jpg``. A picture of a part without groups is a group of its own. Votes
    are left out, because sets do not vote on the same things; action units are -1 where a part
    has none, boxes and landmarks are NaN, attributes are empty. Where parts have different
    numbers of landmarks, the table has none, and samples have their own.

    Args:
        parts: data sets, as they are or with what is taken of them.
        labels: the common label set.

    Attributes:
        labels: the common label set.
        rows: of each part, int (K,), which of its rows are taken.
        table: the annotations of what is taken.
        left_out: by part, how many pictures of which class are not taken, because the label
            set lacks it or ``only`` does not name it; ``"no class"`` for those without.

    Raises:
        LabelMismatch: if ``only`` names an expression that the label set or the part lacks.
        UnknownName: if it names no expression.
        DataError: if two parts have one name, have different action units, nothing is left of
            a part, or a part has no expressions.
    """

    def __init__(self, parts: Sequence[AnnotatedPictures | Part], labels: LabelSet) -> None:
        self.parts = tuple(one if isinstance(one, Part) else Part(one) for one in parts)
        self.labels = labels
        _check(self.parts)
        taken = [Taken(part, labels) for part in self.parts]
        self.table = _joined(taken)
        self.left_out = {one.part.prefix: one.left_out for one in taken}
        self.rows = [one.rows for one in taken]
        self._ends = np.cumsum([len(rows) for rows in self.rows])

    @property
    def name(self) -> str:
        """The parts' names, as in ``affwild2+rafdb``."""
        return "+".join(part.prefix for part in self.parts)

    @property
    def title(self) -> str:
        """The data sets' titles, as in ``Aff-Wild2 + RAF-DB``."""
        return " + ".join(dict.fromkeys(part.data.title for part in self.parts))

    @property
    def split(self) -> str:
        """The parts' splits, as in ``train``, or ``train+val`` where they differ."""
        return "+".join(dict.fromkeys(part.data.split for part in self.parts))

    @property
    def units(self) -> tuple[int, ...]:
        """Action units of the table's columns."""
        return next((part.data.units for part in self.parts if part.data.units), ())

    @property
    def side(self) -> int | None:
        """Width and height of every picture, where all parts have the same."""
        sides = {part.data.side for part in self.parts}
        return sides.pop() if len(sides) == 1 else None

    @property
    def prepared(self) -> bool:
        """Whether the faces of all parts are cut out and aligned."""
        return all(part.data.prepared for part in self.parts)

    @property
    def names(self) -> Sequence[str]:
        """The identities of the pictures."""
        return self.table.names

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the numbers of the classes stand for."""
        return tuple(map(str, self.labels))

    def __len__(self) -> int:
        return len(self.table)

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB.

        Raises:
            DataError: if it is missing or does not decode.
        """
        part, row = self._place(index)
        return self.parts[part].data.picture(row)

    def __getitem__(self, index: int) -> Sample:
        """A picture with its annotations."""
        table = self.table
        part, row = self._place(index)
        label = -1 if table.classes is None else int(table.classes[index])
        return replace(
            self.parts[part].data[row],
            name=table.names[index],
            label=None if label == -1 else label,
            votes=None,
            action_units=None if table.action_units is None else table.action_units[index],
            group=None if table.groups is None else table.groups[index],
        )

    def classes_in(self, labels: LabelSet) -> NDArray[np.int64]:
        """Class of every picture as positions in another label set; -1 for none."""
        classes = self.table.classes
        if classes is None:
            raise DataError(f"{self.title} has no expressions")
        places = [labels.index(one) if one in labels else -1 for one in self.labels]
        # The last entry is for -1.
        return np.array([*places, -1], np.int64)[classes]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the parts' fingerprints, and names and classes of what is taken."""
        lines = [*(part.data.fingerprint for part in self.parts), str(self.labels), *self.names]
        digest = hashlib.sha256("\n".join(lines).encode())
        digest.update(self.classes_in(self.labels).astype("<i8").tobytes())
        return digest.hexdigest()

    def crops(self, preprocess: Preprocess) -> Pictures:
        """Faces as a model sees them: of parts that have boxes cut by these, of others whole."""
        return _OneAfterTheOther(self, preprocess)

    def _place(self, index: int) -> tuple[int, int]:
        """Which part, and which row of it."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"picture {index} of {len(self)}")
        index %= len(self)
        part = int(np.searchsorted(self._ends, index, side="right"))
        before = int(self._ends[part - 1]) if part else 0
        return part, int(self.rows[part][index - before])


class _OneAfterTheOther:
    """The faces of all parts."""

    def __init__(self, whole: Concatenation, preprocess: Preprocess) -> None:
        self._whole = whole
        self._parts = [crops(part.data, preprocess) for part in whole.parts]

    def __len__(self) -> int:
        return len(self._whole)

    @property
    def names(self) -> Sequence[str]:
        return self._whole.names

    def picture(self, index: int) -> Picture:
        part, row = self._whole._place(index)
        return self._parts[part].picture(row)


def _check(parts: Sequence[Part]) -> None:
    if not parts:
        raise DataError("a concatenation needs at least one data set")
    prefixes = Counter(part.prefix for part in parts)
    for prefix, number in prefixes.items():
        if number > 1:
            raise DataError(f"{number} parts are called {prefix}; give Part(…, name=…) to each")
    units = {part.data.units: part for part in parts if part.data.units}
    if len(units) > 1:
        one, other = list(units.values())[:2]
        raise DataError(f"{one.prefix} and {other.prefix} have different action units")


def _joined(taken: Sequence[Taken]) -> Annotations:
    tables = [one.table for one in taken]
    names = [one.named(one.table.names) for one in taken]
    groups = None
    if any(table.groups is not None for table in tables):
        groups = [
            own if one.table.groups is None else one.named(one.table.groups)
            for one, own in zip(taken, names, strict=True)
        ]
    attributes = dict.fromkeys(chain.from_iterable(table.attributes for table in tables))
    return Annotations(
        names=list(chain.from_iterable(names)),
        files=[file for one in taken for file in one.named(one.table.files)],
        classes=_stacked(tables, "classes", -1),
        action_units=_stacked(tables, "action_units", -1),
        boxes=_stacked(tables, "boxes", np.nan),
        landmarks=_stacked(tables, "landmarks", np.nan),
        groups=None if groups is None else list(chain.from_iterable(groups)),
        attributes={
            name: [value for t in tables for value in t.attributes.get(name, [""] * len(t))]
            for name in attributes
        },
    )


def _stacked(tables: Sequence[Annotations], column: str, nothing: float) -> Any:
    """One column of all tables; ``None`` if no table has it, or their shapes differ."""
    values = [getattr(table, column) for table in tables]
    kinds = {(one.shape[1:], one.dtype) for one in values if one is not None}
    if len(kinds) != 1:
        return None
    (shape, kind) = kinds.pop()
    return np.concatenate(
        [
            np.full((len(table), *shape), nothing, kind) if one is None else one
            for table, one in zip(tables, values, strict=True)
        ]
    )
