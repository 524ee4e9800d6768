"""A table or figure of a paper, as changes of one recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from ...errors import InputError, UnknownName
from ..recipe import Recipe
from ..recipes import find_recipe

Scale: TypeAlias = Literal["cpu", "gpu", "paper"]
SCALES: tuple[Scale, ...] = ("cpu", "gpu", "paper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table, or one point of a figure.

    Attributes:
        name: short, for folders and commands, such as ``"affinity"``.
        label: as the paper calls it.
        settings: what it changes in the base recipe, by dotted names.
        scaled: what it changes instead of ``settings`` at some scales, where a number of the
            paper means nothing in a smaller network; only the names given here are replaced.
        recipes: recipe in the place of the table's base, by scale.
        paper: the printed accuracy in per cent by data set, such as ``{"RAF-DB": 88.95}``.
    """

    name: str
    label: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    scaled: Mapping[Scale, Mapping[str, Any]] = field(default_factory=dict)
    recipes: Mapping[Scale, str] = field(default_factory=dict)
    paper: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table or figure.

    Attributes:
        name: such as ``"dan.table1"``.
        title: what it compares.
        source: paper and number, such as ``"DAN (Wen et al. 2021), Table 1"``.
        bases: name of the recipe that rows change, by scale.
        rows: from top to bottom.
        axes: of a heat map, the two settings that rows vary: down, then across.
        damaged: on how many pictures of the reported split the answers to damaged ones are
            measured as well, see :mod:`mien.evaluation.damage`; 0 for none.
    """

    name: str
    title: str
    source: str
    bases: Mapping[Scale, str]
    rows: tuple[Row, ...]
    axes: tuple[str, str] | None = None
    damaged: int = 0

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        if len(set(names)) != len(names):
            raise InputError(f"{self.name}: two rows have one name")

    def row(self, name: str) -> Row:
        """The row called ``name``.

        Raises:
            UnknownName: if there is none.
        """
        for one in self.rows:
            if one.name == name:
                return one
        raise UnknownName(f"row of {self.name}", name, (one.name for one in self.rows))

    def base(self, row: Row, scale: Scale) -> str:
        """Name of the recipe that the row changes.

        Raises:
            InputError: if the table has none at this scale.
        """
        name = row.recipes.get(scale) or self.bases.get(scale)
        if name is None:
            raise InputError(
                f"{self.name} has no recipe at the scale {scale}; choose {', '.join(self.bases)}"
            )
        return name

    def settings(self, row: Row, scale: Scale) -> dict[str, Any]:
        """What the row changes at this scale."""
        return {**row.settings, **row.scaled.get(scale, {})}

    def recipe(self, row: Row, scale: Scale, seed: int = 0) -> Recipe:
        """The row's recipe."""
        base = find_recipe(self.base(row, scale))
        return replace(base.with_settings(self.settings(row, scale)), seed=seed)
