"""How a data set's classes are spread, in numbers and pictures.

Sets without expressions are described by what else they say of their pictures: action units,
or attributes such as age.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UnknownName
from .checking.completeness import class_counts
from .reader import Reader

CLASS, UNITS = "class", "action unit"
WITHOUT = "(none)"
"""How pictures are counted that have no class, and that cannot be drawn."""

_MOST_VALUES = 40  # of an attribute: what has more is no class but a number or a name


@dataclass(frozen=True, slots=True)
class Spread:
    """How many pictures of a split have each value of something.

    Attributes:
        split: its name.
        column: ``"class"``, ``"action unit"``, or the name of an attribute.
        images: number of pictures of the split.
        counts: pictures by value. Of action units, pictures in which it is active: one may
            have several.
        without: pictures without a value; of action units, without any annotation.
    """

    split: str
    column: str
    images: int
    counts: Mapping[str, int]
    without: int

    @property
    def imbalance(self) -> float | None:
        """Largest over smallest count; ``None`` if a class is empty."""
        smallest = min(self.counts.values(), default=0)
        return max(self.counts.values()) / smallest if smallest else None

    @property
    def entropy(self) -> float:
        """Of the shares, in bits."""
        total = sum(self.counts.values())
        shares = [number / total for number in self.counts.values() if number]
        return -sum(share * math.log2(share) for share in shares)

    @property
    def effective(self) -> float:
        """The number of equally frequent classes that would have this entropy."""
        return float(2**self.entropy)

    def to_dict(self) -> dict[str, Any]:
        """As values of JSON."""
        numbers = {one: getattr(self, one) for one in ("imbalance", "entropy", "effective")}
        return asdict(self) | numbers


def spreads(reader: Reader) -> list[Spread]:
    """What the annotations of a split can be counted by: classes, action units, attributes."""
    found = []
    total = len(reader)
    counts = class_counts(reader)
    if counts:
        found.append(Spread(reader.split, CLASS, total, counts, total - sum(counts.values())))
    units = reader.table.action_units
    if units is not None:
        active = {
            f"AU{one}": int(n)
            for one, n in zip(reader.units, (units == 1).sum(axis=0), strict=True)
        }
        unknown = int((units < 0).all(axis=1).sum())
        found.append(Spread(reader.split, UNITS, total, active, unknown))
    for name, values in reader.table.attributes.items():
        by_value = Counter(values)
        without = by_value.pop("", 0)
        if 0 < len(by_value) <= _MOST_VALUES:
            ordered = dict(sorted(by_value.items(), key=lambda item: _natural(item[0])))
            found.append(Spread(reader.split, name, total, ordered, without))
    return found


def chosen_spreads(readers: Sequence[Reader], column: str | None = None) -> list[Spread]:
    """What several splits can be counted by.

    Args:
        readers: the splits of one data set.
        column: count this alone; ``None`` for classes, or without any all there is.

    Raises:
        UnknownName: if there is no such column.
        DataError: if there is nothing to count.
    """
    rows = [one for reader in readers for one in spreads(reader)]
    known = list(dict.fromkeys(one.column for one in rows))
    if not known:
        raise DataError(f"{readers[0].root}: {readers[0].title} says nothing that can be counted")
    if column is None:
        return [one for one in rows if one.column == CLASS] or rows
    if column not in known:
        raise UnknownName(f"column of {readers[0].title}", column, known)
    return [one for one in rows if one.column == column]


def members(reader: Reader, column: str) -> dict[str, NDArray[np.intp]]:
    """Rows of the pictures that each value of a column has.

    Raises:
        UnknownName: if the data set has no such column.
    """
    table = reader.table
    if column == CLASS and table.classes is not None:
        return {
            name: np.flatnonzero(table.classes == place)
            for place, name in enumerate(reader.class_names)
        }
    if column == UNITS and table.action_units is not None:
        return {
            f"AU{unit}": np.flatnonzero(table.action_units[:, place] == 1)
            for place, unit in enumerate(reader.units)
        }
    if column not in table.attributes:
        raise UnknownName(
            f"column of {reader.title}", column, [one.column for one in spreads(reader)]
        )
    values = np.array(table.attributes[column], dtype=object)
    return {
        value: np.flatnonzero(values == value)
        for value in sorted(set(values.tolist()) - {""}, key=_natural)
    }


def format_spreads(rows: Sequence[Spread]) -> str:
    """One table for each column: values in rows, splits in columns, numbers and shares."""
    columns = dict.fromkeys(one.column for one in rows)
    return "\n\n".join(
        _table(column, [one for one in rows if one.column == column]) for column in columns
    )


def _table(column: str, rows: Sequence[Spread]) -> str:
    values = dict.fromkeys(chain.from_iterable(one.counts for one in rows))
    lines = [[column, *chain.from_iterable((one.split, "%") for one in rows)]]
    for value in values:
        numbers = [(one.counts.get(value, 0), one) for one in rows]
        lines.append([value, *chain.from_iterable(_share(n, one) for n, one in numbers)])
    if any(one.without for one in rows):
        lines.append([WITHOUT, *chain.from_iterable((f"{one.without:,}", "") for one in rows)])
    lines.append(["pictures", *chain.from_iterable((f"{one.images:,}", "") for one in rows)])
    ratios = ["-" if one.imbalance is None else f"{one.imbalance:,.1f}" for one in rows]
    lines.append(["largest / smallest", *chain.from_iterable((one, "") for one in ratios)])
    effective = [f"{one.effective:.1f} of {len(one.counts)}" for one in rows]
    lines.append(["effective number", *chain.from_iterable((one, "") for one in effective)])
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(_row(cells, widths) for cells in lines)


def _share(number: int, spread: Spread) -> tuple[str, str]:
    total = spread.images if spread.column == UNITS else sum(spread.counts.values())
    return f"{number:,}", f"{100 * number / total:.1f}" if total else ""


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join([first, *rest]).rstrip()


def _natural(value: str) -> tuple[float, str]:
    """Order of ``3-9`` before ``10-19``, and of numbers before words."""
    digits = value.split("-")[0].rstrip("+")
    return (float(digits) if digits.isdecimal() else math.inf, value)
