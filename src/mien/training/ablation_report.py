"""Our numbers of a table beside the paper's.

The number of a run is the accuracy of its chosen epoch on the whole split, by the protocol that
its record names. Of several seeds the mean is given with their standard deviation and a
95 % interval of the mean by Student's t.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scipy.stats import t as student  # type: ignore[import-untyped]

from ..drafts import output_file
from ..evaluation.record import Result
from ..evaluation.reports.table import markdown
from .ablations.table import Row, Scale, Table
from .reporting import FRESH, headline

SUMMARY_FORMAT = 1
_LEVEL = 0.95
_MARK, _FRESH_MARK = "*", "†"


@dataclass(frozen=True, slots=True)
class Spread:
    """Numbers of several seeds.

    Attributes:
        mean: of them.
        deviation: their sample standard deviation; ``None`` for a single one.
        low: lower end of the 95 % interval of the mean; ``None`` for a single one.
        high: upper end.
    """

    mean: float
    deviation: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """``None`` if there is no number."""
        numbers = list(values)
        if not numbers:
            return None
        mean = statistics.fmean(numbers)
        if len(numbers) == 1:
            return cls(mean)
        deviation = statistics.stdev(numbers)
        reach = student.ppf((1 + _LEVEL) / 2, len(numbers) - 1) * deviation / len(numbers) ** 0.5
        return cls(mean, deviation, float(mean - reach), float(mean + reach))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSummary:
    """One row.

    Attributes:
        name: of the row.
        label: as the paper calls it.
        paper: its printed accuracy in per cent, by data set.
        seeds: that are finished.
        accuracies: of each of them in per cent.
        accuracy: of the chosen epoch, in per cent.
        last_epoch: accuracy of the last epoch, in per cent.
        minutes: of training, on average; ``None`` if not known.
        on_test: whether an epoch was chosen on the split that is reported.
        fresh: what the paper's run starts from, where ours begins with fresh weights.
        settings: what the row changes, by dotted names.
        command: that repeats the first run, or begins the first that is not finished.
    """

    name: str
    label: str
    paper: Mapping[str, float]
    seeds: tuple[int, ...] = ()
    accuracies: tuple[float, ...] = ()
    accuracy: Spread | None = None
    last_epoch: Spread | None = None
    minutes: float | None = None
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
        smoke: whether the numbers mean nothing.
        rows: from top to bottom.
    """

    table: str
    title: str
    source: str
    scale: str
    seeds: int
    measured: tuple[str, ...]
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
    return Summary(
        table=table.name,
        title=table.title,
        source=table.source,
        scale=scale,
        seeds=seeds,
        measured=tuple(dict.fromkeys(map(_measured, shown))),
        smoke=any(one.settings.get("smoke") for one in shown),
        rows=tuple(
            _row(row, table.settings(row, scale), by_row[row.name], commands, fresh)
            for row in chosen
        ),
    )


def format_summary(summary: Summary) -> str:
    """Markdown: the caption and the table."""
    papers = list(dict.fromkeys(name for row in summary.rows for name in row.paper))
    head = ["row", *(f"paper, {name} %" for name in papers)]
    head += ["ours %", "95 % of the mean", "last epoch %", "seeds"]
    lines = [
        [
            f"{row.label} {_FRESH_MARK}" if row.fresh else row.label,
            *(f"{row.paper[name]:.2f}" if name in row.paper else "" for name in papers),
            *_cells(row, summary.seeds),
        ]
        for row in summary.rows
    ]
    return "\n".join([*_caption(summary), "", markdown(head, lines, left=1)])


def fresh_words(start: str, row: str) -> str:
    """What to say of a row that begins with fresh weights where the paper's does not."""
    return f"from fresh weights; the table's starts from {start}: --start {row}=FILE"


def write_summary(summary: Summary, path: Path) -> None:
    """Write it as JSON: the file is the old one or the new one, never half.

    Raises:
        OutputError: if it cannot be written.
    """
    with output_file(path, "the summary", "choose another --output") as draft:
        draft.write_text(summary.to_json(), encoding="utf-8")


def _row(
    row: Row,
    settings: Mapping[str, Any],
    records: list[Result],
    commands: Mapping[str, str],
    fresh: Mapping[str, str],
) -> RowSummary:
    found = sorted(records, key=lambda one: one.seed or 0)
    percent = [100 * headline(one).metrics["accuracy"].value for one in found]
    last = [100 * headline(one, last_epoch=True).metrics["accuracy"].value for one in found]
    seconds = [float(one.settings["seconds"]) for one in found if "seconds" in one.settings]
    starts = [fresh.get(row.name, ""), *(str(one.settings.get(FRESH, "")) for one in found)]
    return RowSummary(
        name=row.name,
        label=row.label,
        paper=dict(row.paper),
        seeds=tuple(one.seed or 0 for one in found),
        accuracies=tuple(percent),
        accuracy=Spread.of(percent),
        last_epoch=Spread.of(last),
        minutes=statistics.fmean(seconds) / 60 if seconds else None,
        on_test=any(one.settings.get("selection") == "test" for one in found),
        fresh=next(filter(None, starts), ""),
        settings=dict(settings),
        command=commands.get(row.name) or (found[0].command if found else ""),
    )


def _measured(result: Result) -> str:
    scores = headline(result)
    return (
        f"{result.dataset} {result.split}, protocol {scores.protocol}, {scores.images:,} pictures"
    )


def _caption(summary: Summary) -> list[str]:
    lines = [f"{summary.source}: {summary.title}"]
    if summary.measured:
        lines.append(
            f"Scale {summary.scale}; accuracy in per cent on {'; '.join(summary.measured)}; mean "
            "of the seeds ± their standard deviation"
        )
    else:
        lines.append(f"Scale {summary.scale}; nothing is measured yet")
    return [*lines, *remarks(summary)]


def marks(row: RowSummary) -> str:
    """What stands behind the numbers of a row that :func:`remarks` say something of."""
    return _MARK * row.on_test + _FRESH_MARK * bool(row.fresh)


def remarks(summary: Summary) -> list[str]:
    """What a reader must know of the numbers, one line each."""
    lines = []
    if any(row.on_test for row in summary.rows):
        lines.append(
            f"{_MARK} the epoch was chosen on the split that is reported, as the papers do"
        )
    starts = dict.fromkeys(row.fresh for row in summary.rows if row.fresh)
    for start in starts:
        names = [row.name for row in summary.rows if row.fresh == start]
        whose = "" if len(names) == len(summary.rows) else f"{', '.join(names)}: "
        row = names[0] if len(names) == 1 else "ROW"
        lines.append(f"{_FRESH_MARK} {whose}{fresh_words(start, row)}")
    if summary.smoke:
        lines.append("Smoke size: these numbers say that everything runs, and nothing else")
    return lines


def _cells(row: RowSummary, seeds: int) -> list[str]:
    """Our number, its interval, the last epoch's, and how many seeds."""
    done = str(len(row.seeds)) if len(row.seeds) >= seeds else f"{len(row.seeds)} of {seeds}"
    if row.accuracy is None or row.last_epoch is None:
        return ["waiting", "", "", done]
    mark = _MARK if row.on_test else ""
    interval = ""
    if row.accuracy.low is not None and row.accuracy.high is not None:
        interval = f"{row.accuracy.low:.2f} to {row.accuracy.high:.2f}{mark}"
    return [_number(row.accuracy) + mark, interval, _number(row.last_epoch) + mark, done]


def _number(spread: Spread) -> str:
    more = "" if spread.deviation is None else f" ± {spread.deviation:.2f}"
    return f"{spread.mean:.2f}{more}"
