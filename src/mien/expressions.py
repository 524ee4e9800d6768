"""The eight expressions and the ordered label sets made of them.

A class index means nothing without its label set: AffectNet counts neutral as 0, RAF-DB
counts surprise as 1. So numbers never travel without a :class:`LabelSet`, and sets are
mapped onto each other by name, never by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import LabelMismatch


class Expression(StrEnum):
    """One of the eight expressions that the field's data sets label."""

    NEUTRAL = "neutral"
    HAPPINESS = "happiness"
    SURPRISE = "surprise"
    SADNESS = "sadness"
    ANGER = "anger"
    DISGUST = "disgust"
    FEAR = "fear"
    CONTEMPT = "contempt"


@dataclass(frozen=True, slots=True)
class LabelSet:
    """An ordered tuple of distinct expressions: what class index 0, 1, 2, ... stand for."""

    expressions: tuple[Expression, ...]

    def __post_init__(self) -> None:
        if not self.expressions:
            raise LabelMismatch("a label set needs at least one expression")
        if len(set(self.expressions)) != len(self.expressions):
            raise LabelMismatch(f"a label set names an expression twice: {self}")

    @classmethod
    def of(cls, names: Iterable[str]) -> LabelSet:
        """Build a label set from names such as ``"anger"``, in their order.

        Raises:
            LabelMismatch: if a name is not one of the eight, or comes twice.
        """
        try:
            return cls(tuple(Expression(name) for name in names))
        except ValueError as error:
            known = ", ".join(Expression)
            raise LabelMismatch(f"{error}; the expressions are {known}") from None

    def __len__(self) -> int:
        return len(self.expressions)

    def __iter__(self) -> Iterator[Expression]:
        return iter(self.expressions)

    def __getitem__(self, index: int) -> Expression:
        return self.expressions[index]

    def __contains__(self, expression: object) -> bool:
        return expression in self.expressions

    def __str__(self) -> str:
        return ", ".join(self.expressions)

    def index(self, expression: str) -> int:
        """The class index of ``expression``.

        Raises:
            LabelMismatch: if the set does not have it.
        """
        try:
            return self.expressions.index(Expression(expression))
        except ValueError:
            raise LabelMismatch(f"{expression!r} is not among: {self}") from None

    def require(self, other: LabelSet, what: str) -> None:
        """Refuse to go on unless ``other`` is this very set, in this order.

        Args:
            other: the set that ``what`` brings.
            what: who brings it, for the message, such as ``"the checkpoint"``.

        Raises:
            LabelMismatch: naming both sets.
        """
        if self.expressions != other.expressions:
            raise LabelMismatch(f"{what} has the classes [{other}], but [{self}] are expected")

    def columns_in(self, other: LabelSet) -> NDArray[np.intp]:
        """For each class of this set, its column in arrays ordered by ``other``.

        Raises:
            LabelMismatch: if ``other`` lacks a class of this set.
        """
        missing = [name for name in self if name not in other]
        if missing:
            raise LabelMismatch(f"[{other}] lacks {', '.join(missing)} of [{self}]")
        return np.array([other.index(name) for name in self], dtype=np.intp)

    def reorder(self, values: ArrayLike, source: LabelSet) -> NDArray[np.generic]:
        """Bring ``values`` (..., len(source)) into this set's order, mapped by name.

        Classes of ``source`` that this set does not have are left out; what remains is
        not renormalised.
        """
        array = np.asarray(values)
        if array.shape[-1] != len(source):
            raise LabelMismatch(f"{array.shape[-1]} columns do not fit the classes [{source}]")
        return array[..., self.columns_in(source)]


BASIC8 = LabelSet(tuple(Expression))
"""Neutral, happiness, surprise, sadness, anger, disgust, fear, contempt: the order of FER+."""

BASIC7 = LabelSet(tuple(name for name in Expression if name is not Expression.CONTEMPT))
"""The eight without contempt, in the same order."""
