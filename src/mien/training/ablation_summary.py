"""Records of a table's runs put together: every number over the seeds of a row.

The number of a run is the accuracy of its chosen epoch on the whole split, by the protocol that
its record names. Of several seeds the mean is given with their standard deviation and a
95 % interval of the mean by Student's t, and their difference to the table's first row with a
95 % interval by Welch's t.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..drafts import output_file
from ..evaluation.damage.robustness import mean_robustness
from ..evaluation.record import Result
from .ablations.table import Row, Scale, Table
from .reporting import FRESH, LAST_EPOCH, PRECISION, headline
from .spreads import Difference, Spread

BFLOAT16 = "bfloat16"
_PRECISIONS = {"32-true": "float32", "bf16-mixed": BFLOAT16}

SUMMARY_FORMAT = 2
"""Format 1 had the accuracy of one protocol, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresSummary:
    """One protocol on one subset.

    Attributes:
        protocol: such as ``"majority"``.
        subset: such as ``"clean"``.
        images: how many pictures.
        metrics: of the chosen epoch, by name; fractions, not per cent.
    """

    protocol: str
    subset: str
    images: int
    metrics: Mapping[str, Spread]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSummary:
    """One row.

    Attributes:
        name: of the row.
        label: as the paper calls it.
        paper: its printed accuracy in per cent, by data set.
        recipe: that the row changes.
        seeds: that are finished.
        accuracies: of each of them in per cent.
        accuracy: of the chosen epoch, in per cent.
        difference: of the accuracy to the table's first row, in points; ``None`` of that row,
            and where either has fewer than two seeds.
        last_epoch: accuracy of the last epoch, in per cent.
        scores: all that is recorded of the chosen epoch, under every protocol.
        robustness: mean accuracy on damaged pictures, a fraction; ``None`` where it was not
            measured.
        minutes: of training, on average; ``None`` if not known.
        precision: that its runs were calculated in, as far as their records say; empty if none
            does.
        on_test: whether an epoch was chosen on the split that is reported.
        fresh: what the paper's run starts from, where ours begins with fresh weights.
        settings: what the row changes, by dotted names.
        command: that repeats the first run, or begins the first that is not finished.
    """

    name: str
    label: str
    paper: Mapping[str, float]
    recipe: str = ""
    seeds: tuple[int, ...] = ()
    accuracies: tuple[float, ...] = ()
    accuracy: Spread | None = None
    difference: Difference | None = None
    last_epoch: Spread | None = None
    scores: tuple[ScoresSummary, ...] = ()
    robustness: Spread | None = None
    minutes: float | None = None
    precision: str = ""
    on_test: bool = False
    fresh: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A table with our numbers.

    Attributes:
        table: its name.
        title: what it compares.
        source: paper and number.
        scale: size of the recipes.
        seeds: how many each row is to have.
        measured: on what: data set, split, protocol and number of pictures, as text; several
            where rows are of several data sets, none while nothing is finished.
        changes: what ``--set`` changes in every row's recipe, by dotted names, as text.
        smoke: whether the numbers mean nothing.
        rows: from top to bottom.
    """

    table: str
    title: str
    source: str
    scale: str
    seeds: int
    measured: tuple[str, ...]
    changes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    smoke: bool
    rows: tuple[RowSummary, ...]

    def to_json(self) -> str:
        """As text; without paths of this machine if the commands have none."""
        values = {"format": SUMMARY_FORMAT, **dataclasses.asdict(self)}
        return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


def summary(
    table: Table,
    scale: Scale,
    records: Iterable[Result],
    *,
    seeds: int = 3,
    rows: Iterable[str] = (),
    commands: Mapping[str, str] = MappingProxyType({}),
    fresh: Mapping[str, str] = MappingProxyType({}),
) -> Summary:
    """Put records together.

    Args:
        table: of a paper.
        scale: of the records.
        records: of its runs, as :mod:`mien.training.ablate` writes them; those of other tables,
            scales and rows are left out.
        seeds: how many each row is to have.
        rows: names of rows; none for all.
        commands: by row; where there is none, that of the row's first record.
        fresh: by row, what the paper's run starts from and ours does not; where there is
            nothing, what the row's records say.

    Raises:
        UnknownName: if the table lacks a row.
        DataError: if a record lacks the number that tables show.
    """
    names = {table.row(name).name for name in rows}
    chosen = [row for row in table.rows if not names or row.name in names]
    by_row: dict[str, list[Result]] = {row.name: [] for row in chosen}
    for one in records:
        place = tuple(one.settings.get(key) for key in ("table", "scale"))
        if place == (table.name, scale) and one.settings.get("row") in by_row:
            by_row[str(one.settings["row"])].append(one)
    shown = [one for found in by_row.values() for one in found]
    made = [
        _row(table, row, scale, by_row[row.name], commands.get(row.name), fresh.get(row.name))
        for row in chosen
    ]
    first = next((one.accuracies for one in made if one.name == table.rows[0].name), ())
    return Summary(
        table=table.name,
        title=table.title,
        source=table.source,
        scale=scale,
        seeds=seeds,
        measured=tuple(dict.fromkeys(map(_measured, shown))),
        changes=_changes(table, scale, shown),
        smoke=any(one.settings.get("smoke") for one in shown),
        rows=tuple(
            one
            if one.name == table.rows[0].name
            else dataclasses.replace(one, difference=Difference.of(one.accuracies, first))
            for one in made
        ),
    )


def write_summary(summary: Summary, path: Path) -> None:
    """Write it as JSON: the file is the old one or the new one, never half.

    Raises:
        OutputError: if it cannot be written.
    """
    with output_file(path, "the summary", "choose another --output") as draft:
        draft.write_text(summary.to_json(), encoding="utf-8")


def _row(
    table: Table,
    row: Row,
    scale: Scale,
    records: list[Result],
    command: str | None,
    fresh: str | None,
) -> RowSummary:
    found = sorted(records, key=lambda one: one.seed or 0)
    percent = [100 * headline(one).metrics["accuracy"].value for one in found]
    last = [100 * headline(one, last_epoch=True).metrics["accuracy"].value for one in found]
    seconds = [float(one.settings["seconds"]) for one in found if "seconds" in one.settings]
    starts = [fresh, *(str(one.settings.get(FRESH, "")) for one in found)]
    return RowSummary(
        name=row.name,
        label=row.label,
        paper=dict(row.paper),
        recipe=table.base(row, scale),
        seeds=tuple(one.seed or 0 for one in found),
        accuracies=tuple(percent),
        accuracy=Spread.of(percent),
        last_epoch=Spread.of(last),
        scores=_scores(found),
        robustness=Spread.of(mean_robustness(one.robustness) for one in found if one.robustness),
        minutes=statistics.fmean(seconds) / 60 if seconds else None,
        precision=_precision(found),
        on_test=any(one.settings.get("selection") == "test" for one in found),
        fresh=next(filter(None, starts), ""),
        settings=table.settings(row, scale),
        command=command or (found[0].command if found else ""),
    )


def _precision(records: Iterable[Result]) -> str:
    """What runs were calculated in, in words: ``"bfloat16 and float32"`` where both occur."""
    said = [str(one.settings[PRECISION]) for one in records if PRECISION in one.settings]
    names = {name for one in said for name in one.split(", ")}
    return " and ".join(sorted(_PRECISIONS.get(name, name) for name in names))


def _changes(table: Table, scale: Scale, records: Iterable[Result]) -> dict[str, str]:
    """What all records change besides what makes their rows."""
    found = []
    for one in records:
        own = table.settings(table.row(str(one.settings["row"])), scale)
        changes = json.loads(str(one.settings.get("changes", "{}")))
        found.append({key: value for key, value in changes.items() if key not in own})
    shared = set.intersection(*(set(one.items()) for one in found)) if found else set()
    return dict(sorted(shared))


def _scores(records: Sequence[Result]) -> tuple[ScoresSummary, ...]:
    """What all records of a row have, over their seeds."""
    places = [] if not records else [(one.protocol, one.subset) for one in records[0].scores]
    found = []
    for protocol, subset in places:
        if subset.endswith(LAST_EPOCH):
            continue
        of_seeds = [one.find(protocol, subset) for one in records]
        metrics = {
            name: Spread.of(one.metrics[name].value for one in of_seeds)
            for name in of_seeds[0].metrics
            if all(name in one.metrics for one in of_seeds)
        }
        found.append(
            ScoresSummary(
                protocol=protocol,
                subset=subset,
                images=of_seeds[0].images,
                metrics={name: spread for name, spread in metrics.items() if spread is not None},
            )
        )
    return tuple(found)


def _measured(result: Result) -> str:
    scores = headline(result)
    return (
        f"{result.dataset} {result.split}, protocol {scores.protocol}, {scores.images:,} pictures"
    )
