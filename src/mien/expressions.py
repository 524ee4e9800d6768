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

_SHOWN = 3


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

    def require_expressions(self, source: str) -> None:
        """Refuse to go on if the classes are no expressions; these are.

        Args:
            source: the model's file, for the message.

        Raises:
            LabelMismatch: if they are :class:`OtherClasses`.
        """


class OtherClasses(LabelSet):
    """An ordered tuple of distinct classes that are no expressions, such as CIFAR-10's.

    What a network learns before it learns expressions. Nothing maps such classes onto
    expressions or onto other ones, and what answers expressions refuses them.

    Args:
        names: such as ``("airplane", "automobile", ...)``; none of the eight expressions.

    Raises:
        LabelMismatch: if there is no name, one comes twice, is empty or is an expression.
    """

    __slots__ = ()

    def __init__(self, names: Iterable[str]) -> None:
        # The field keeps its name, so that all that works with labels works with these.
        object.__setattr__(self, "expressions", tuple(names))
        self.__post_init__()
        for name in self.expressions:
            if not isinstance(name, str) or not name.strip():
                raise LabelMismatch(f"{name!r} is no name of a class")
            if name in set(Expression):
                raise LabelMismatch(f"{name} is an expression; it cannot be among other classes")

    @classmethod
    def of(cls, names: Iterable[str]) -> OtherClasses:
        """The same as the constructor."""
        return cls(names)

    def index(self, expression: str) -> int:
        """The class index of a name.

        Raises:
            LabelMismatch: if the set does not have it.
        """
        try:
            return list[str](self.expressions).index(expression)
        except ValueError:
            raise LabelMismatch(f"{expression!r} is not among: {self}") from None

    def require_expressions(self, source: str) -> None:
        """Refuse: see :meth:`LabelSet.require_expressions`."""
        first = ", ".join(self.expressions[:_SHOWN])
        listed = first if len(self) <= _SHOWN else f"{first} and {len(self) - _SHOWN} more"
        raise LabelMismatch(
            f"{source}: its classes ({listed}) are no expressions; use it as a start of one that "
            f"has them, with: mien train RECIPE --start {source}"
        )


BASIC8 = LabelSet(tuple(Expression))
"""Neutral, happiness, surprise, sadness, anger, disgust, fear, contempt: the order of FER+."""

BASIC7 = LabelSet(tuple(name for name in Expression if name is not Expression.CONTEMPT))
"""The eight without contempt, in the same order."""
