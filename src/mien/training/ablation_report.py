"""Our numbers of a table beside the paper's, as text."""

from __future__ import annotations

from ..evaluation.reports.table import markdown
from .ablation_summary import BFLOAT16, RowSummary, Summary
from .spreads import Difference, Spread

_MARK, _FRESH_MARK = "*", "†"


def format_summary(summary: Summary) -> str:
    """Markdown: the caption and the table."""
    papers = list(dict.fromkeys(name for row in summary.rows for name in row.paper))
    head = ["row", *(f"paper, {name} %" for name in papers)]
    head += ["ours %", "95 % of the mean", "to the first row", "last epoch %", "seeds"]
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
    lines = [f"Every row with {key}: {value}" for key, value in summary.changes.items()]
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
    lines += _precisions(summary)
    if summary.smoke:
        lines.append("Smoke size: these numbers say that everything runs, and nothing else")
    return lines


def _precisions(summary: Summary) -> list[str]:
    """Which rows were not trained in bfloat16 alone, one line for each precision."""
    lines = []
    for precision in sorted({row.precision for row in summary.rows} - {"", BFLOAT16}):
        names = [row.name for row in summary.rows if row.precision == precision]
        whose = "all rows" if len(names) == len(summary.rows) else ", ".join(names)
        lines.append(f"Trained in {precision}: {whose}")
    return lines


def _cells(row: RowSummary, seeds: int) -> list[str]:
    """Our number, its interval, the difference, the last epoch's, and how many seeds."""
    done = str(len(row.seeds)) if len(row.seeds) >= seeds else f"{len(row.seeds)} of {seeds}"
    if row.accuracy is None or row.last_epoch is None:
        return ["waiting", "", "", "", done]
    mark = _MARK if row.on_test else ""
    interval = ""
    if row.accuracy.low is not None and row.accuracy.high is not None:
        interval = f"{row.accuracy.low:.2f} to {row.accuracy.high:.2f}{mark}"
    numbers = [_number(row.accuracy) + mark, interval, _difference(row.difference)]
    return [*numbers, _number(row.last_epoch) + mark, done]


def _difference(found: Difference | None) -> str:
    return "" if found is None else f"{found.mean:+.2f} ({found.low:+.2f} to {found.high:+.2f})"


def _number(spread: Spread) -> str:
    more = "" if spread.deviation is None else f" ± {spread.deviation:.2f}"
    return f"{spread.mean:.2f}{more}"
