"""The annotation files of Aff-Wild2: a line of names, then a line of numbers for each frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...expressions import LabelSet

_OTHER = "other"


def classes_of(data: bytes, what: str, labels: LabelSet) -> NDArray[np.int64]:
    """Class of every frame, mapped by the names of the first line.

    Args:
        data: the file's content.
        what: the file, for messages.
        labels: what the classes are positions in.

    Returns:
        (F,); -1 for frames without a label, or whose label is ``Other``.

    Raises:
        DataError: if the file is damaged or is no annotation of expressions.
    """
    header, values = _read(data, what)
    names = [name.lower() for name in header]
    if not set(labels) <= set(names) <= {*labels, _OTHER}:
        raise DataError(
            f"{what} begins with {','.join(header)[:60]!r} where the names of {len(labels)} "
            "expressions belong"
        )
    if values.shape[1] != 1:
        raise DataError(f"{what} has {values.shape[1]} numbers for a frame where one belongs")
    _check_range(values, len(names) - 1, what)
    places = [labels.index(name) if name != _OTHER else -1 for name in names]
    # The last entry is for -1.
    return np.array([*places, -1], np.int64)[values[:, 0]]


def action_units_of(data: bytes, what: str, units: Sequence[int]) -> NDArray[np.int8]:
    """Action units of every frame, mapped by the names of the first line.

    Args:
        data: the file's content.
        what: the file, for messages.
        units: numbers of the columns wanted.

    Returns:
        (F, K); 1 for active, 0 for not, -1 for unknown.

    Raises:
        DataError: if the file is damaged or is no annotation of action units.
    """
    header, values = _read(data, what)
    numbers = [name[2:] for name in header if name.upper().startswith("AU")]
    if len(numbers) != len(header) or not all(number.isdecimal() for number in numbers):
        raise DataError(
            f"{what} begins with {','.join(header)[:60]!r} where names such as AU1,AU2 belong"
        )
    if values.shape[1] != len(header):
        raise DataError(f"{what} names {len(header)} action units and has {values.shape[1]}")
    _check_range(values, 1, what)
    columns = {int(number): column for column, number in enumerate(numbers)}
    found = np.full((len(values), len(units)), -1, np.int8)
    for place, unit in enumerate(units):
        if unit in columns:
            found[:, place] = values[:, columns[unit]]
    return found


def _read(data: bytes, what: str) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the first line, and the numbers (F, C) of the others."""
    try:
        header, *lines = data.decode("utf-8-sig").rstrip().splitlines() or [""]
    except UnicodeDecodeError as error:
        raise DataError(f"{what} is not UTF-8 text ({error})") from None
    names = [name.strip() for name in header.split(",")]
    if not lines:
        return names, np.zeros((0, 1 if not names[0].startswith("AU") else len(names)), np.int64)
    try:
        # An empty line would be passed over, and all frames after it shifted.
        if not all(map(str.strip, lines)):
            raise ValueError
        values = np.loadtxt(lines, np.int64, delimiter=",", comments=None, ndmin=2)
    except (ValueError, OverflowError):
        raise DataError(_what_is_wrong(lines, what)) from None
    return names, values


def _what_is_wrong(lines: list[str], what: str) -> str:
    columns = lines[0].count(",")
    for number, line in enumerate(lines, 2):
        try:
            [int(value) for value in line.split(",")]
        except ValueError:
            return f"{what}: line {number} is {line[:60]!r}, which is not whole numbers"
        if line.count(",") != columns:
            return f"{what}: line {number} has more or fewer numbers than those before"
    return f"{what} has a number that is too large"


def _check_range(values: NDArray[np.int64], largest: int, what: str) -> None:
    wrong = np.argwhere((values < -1) | (values > largest))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"{what}: line {row + 2} has {values[row, column]}, which is not one of -1 to {largest}"
        )
