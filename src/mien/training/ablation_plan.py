"""Which runs a table is made of, and the command that repeats each."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..evaluation.provenance import recorded_place
from .ablations.table import Row, Scale, Table
from .copies import Copies
from .hardware import Hardware
from .moved import Root, moved_to_what_is_there
from .recipe import Recipe
from .recipes import find_recipe
from .sources import Source

# Who prepares the pictures, and what a smoke run looks like, change no result.
_WITHOUT_EFFECT = ("workers", "smoke_options")

# Fields that records got after runs had been made, and what such runs did: where they say that,
# the recipe is the one it was. All other fields count, or a new default would go unnoticed.
_ADDED_LATER: Mapping[tuple[str, str], Any] = {
    ("Recipe", "unlabelled"): False,
    ("Recipe", "unlabelled_per_class"): 0,
    ("Recipe", "calibrated_on"): "all",
}
_NEVER = object()

_SMOKE_DAMAGED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One row of a table with one seed.

    Attributes:
        row: of the table.
        seed: of the run.
        base: name of the recipe that the row changes.
        settings: what is changed, by dotted names; the seed is among it.
        recipe: what comes of it.
    """

    row: Row
    seed: int
    base: str
    settings: Mapping[str, Any]
    recipe: Recipe

    @property
    def name(self) -> str:
        """Of its record, such as ``affinity.seed-0``."""
        return f"{self.row.name}.seed-{self.seed}"

    @property
    def test(self) -> Source:
        """The split that the result is reported on.

        Raises:
            InputError: if the recipe has none.
        """
        if self.recipe.test is None:
            raise InputError(f"{self.base} reports on no split, so it has no place in a table")
        return self.recipe.test

    @property
    def folder(self) -> Path:
        """Of its checkpoints, within the table's."""
        return Path("runs", self.row.name, f"seed-{self.seed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run of a table.

    Attributes:
        table: the table.
        scale: the size of its recipes.
        seeds: every row is run with the seeds 0, 1, ... below this number.
        rows: names of the rows; none for all.
        settings: changes of every row's recipe, by dotted names.
        smoke: in a size that runs in seconds and whose numbers mean nothing.
        copies: of data sets, by name. Where a recipe's own is not among them, it is moved to
            the one that is.

    Raises:
        UnknownName: if there is no such row.
        InputError: if there is nothing to run, or the settings change what the rows compare.
    """

    table: Table
    scale: Scale
    seeds: int = 3
    rows: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    smoke: bool = False
    copies: Mapping[str, Root] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise InputError(f"a table needs at least one seed, not {self.seeds}")
        if "seed" in self.settings:
            raise InputError(f"{self.table.name} runs the seeds from 0; choose how many: --seeds")
        for row in self.chosen:
            for key in self.table.settings(row, self.scale):
                if key in self.settings:
                    raise InputError(f"{key} is what the rows of {self.table.name} compare")

    def whole(self, folder: Path) -> Plan:
        """The plan of all rows, and of all seeds that a folder of records has some of.

        Where the settings cannot be those of all rows, it is this one.
        """
        seeds = (one.stem.rpartition("-")[2] for one in folder.glob("*.seed-*.json"))
        most = max((int(one) + 1 for one in seeds if one.isdecimal()), default=0)
        try:
            return replace(self, rows=(), seeds=max(self.seeds, most))
        except InputError:
            return self

    @property
    def chosen(self) -> tuple[Row, ...]:
        """The rows to run, in the table's order."""
        names = {self.table.row(name).name for name in self.rows}
        return tuple(row for row in self.table.rows if not names or row.name in names)

    @property
    def starts(self) -> frozenset[object]:
        """What its rows say that they start from, as far as that is what they compare."""
        rows = (self.table.settings(row, self.scale) for row in self.chosen)
        return frozenset(one.get("starts_from") for one in rows)

    @property
    def damaged(self) -> int:
        """On how many pictures the answers to damaged ones are measured."""
        return min(self.table.damaged, _SMOKE_DAMAGED) if self.smoke else self.table.damaged

    @property
    def folder(self) -> Path:
        """Where records lie if nobody says otherwise."""
        first = self.run(self.chosen[0], 0)
        elsewhere = first.recipe.data[0].dataset
        moved = elsewhere != find_recipe(first.base).data[0].dataset
        more = [*([elsewhere] if moved else []), *(["smoke"] if self.smoke else [])]
        return Path("runs", "-".join([f"{self.table.name}.{self.scale}", *more]))

    def runs(self) -> Iterator[Run]:
        """All rows with the first seed, then with the second: early results are balanced."""
        for seed in range(self.seeds):
            for row in self.chosen:
                yield self.run(row, seed)

    def run(self, row: Row, seed: int) -> Run:
        """One of them.

        Raises:
            InputError: if the table has no recipe at this scale, or the recipe refuses a value.
            UnknownName: if the recipe lacks a setting.
        """
        base = self.table.base(row, self.scale)
        settings = {**self.table.settings(row, self.scale), **self.settings, "seed": seed}
        recipe = moved_to_what_is_there(find_recipe(base), self.copies).with_settings(settings)
        return Run(
            row=row,
            seed=seed,
            base=base,
            settings=settings,
            recipe=recipe.smoke() if self.smoke else recipe,
        )

    def command(self, run: Run, data: Iterable[str]) -> str:
        """What repeats a run: one line for a shell.

        Args:
            run: one of :meth:`runs`.
            data: arguments that say where the data is.
        """
        words = ["mien", "train", run.base]
        for key, value in run.settings.items():
            words += ["--set", f"{key}={as_text(value)}"]
        words += [*data, *(["--smoke"] if self.smoke else [])]
        # A folder of its own: the rows of a table are different runs of one recipe.
        output = self.folder.with_name(f"{self.folder.name}.{run.name}")
        return shlex.join([*words, "--output", str(output)])


def as_text(value: Any) -> str:
    """A value as ``--set`` reads it back."""
    return value if isinstance(value, str) else json.dumps(value)


def data_words(run: Run, copies: Copies, *, whole_paths: bool) -> list[str]:
    """Arguments that say where a run's data is.

    Args:
        run: of any recipe.
        copies: where it lies; what is not there gets its name in capitals.
        whole_paths: as on this machine; otherwise the last part of each path, for records.
    """

    def shown(path: Path | str) -> str:
        return str(path) if whole_paths else recorded_place(path)

    words = [] if copies.packed is None else ["--packed", shown(copies.packed)]
    sources = (*run.recipe.data, run.test)
    for name in dict.fromkeys(source.dataset for source in sources):
        place = copies.roots.get(name)
        if place is None or place != copies.packed:
            words += ["--data", f"{name}={name.upper() if place is None else shown(place)}"]
    return words


def hardware_words(hardware: Hardware) -> list[str]:
    """Arguments that say what to run on, as far as it is not what runs are on anyway."""
    values = {one.name: (getattr(hardware, one.name), one.default) for one in fields(hardware)}
    asked = {name: value for name, (value, usual) in values.items() if value != usual}
    return [word for name, value in asked.items() for word in (f"--{name}", str(value))]


def digest(recipe: Recipe, starts: Iterable[str] = ()) -> str:
    """SHA-256 of all that decides a run besides the pictures themselves.

    Args:
        recipe: the whole of it counts, defaults as well, but for what changes no result.
        starts: SHA-256 of each file that the run begins with.
    """
    values = _plain(recipe)
    for name in _WITHOUT_EFFECT:
        values.pop(name, None)
    text = json.dumps([values, *starts], sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Records, tuples and mappings as JSON has them; a setting read from text gives the same."""
    if is_dataclass(value):
        kind = type(value).__name__
        named = {one.name: getattr(value, one.name) for one in fields(value)}
        parts = {
            name: _plain(own)
            for name, own in named.items()
            if own != _ADDED_LATER.get((kind, name), _NEVER)
        }
        return {"": kind, **parts}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value
