"""Numbers as the cells of Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def spread(accuracy: dict[str, float | None] | None) -> str:
    """Per cent over several seeds: mean and standard deviation."""
    if accuracy is None:
        return "waiting"
    deviation = accuracy["deviation"]
    return f"{accuracy['mean']:.2f}" + ("" if deviation is None else f" ± {deviation:.2f}")


def difference(found: dict[str, float] | None) -> str:
    """Points, and their interval."""
    if found is None:
        return ""
    return f"{found['mean']:+.2f} ({found['low']:+.2f} to {found['high']:+.2f})"


def quantity(row: dict[str, Any], unit: str) -> str:
    """A number with its unit, and its interval where it has one."""
    if row["interval"] is None:
        return f"{significant(row['value'])} {unit}"
    digits = 1 if abs(row["value"]) >= 1 else 3
    value, low, high = (f"{one:.{digits}f}" for one in (row["value"], *row["interval"]))
    return f"{value} {unit} ({low} to {high})"


def share(estimate: dict[str, float] | None) -> str:
    """A fraction as per cent, with its interval."""
    if estimate is None:
        return ""
    value, low, high = (100 * estimate[key] for key in ("value", "low", "high"))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def significant(value: float) -> str:
    """Three digits at least, all of the whole part."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def origins(records: Mapping[str, Mapping[str, Any]], up: str) -> list[str]:
    """A line for each record, by its path in the repository; ``up`` leads there from the page."""
    return [
        f"- [`{path}`]({up}{path}), by `{one['command']}`, {one['date'][:10]}, "
        f"commit {one['commit'][:7]}"
        for path, one in records.items()
    ]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table: the first column to the left, numbers to the right."""

    def lines() -> Iterator[list[str]]:
        yield head
        yield ["---"] + ["---:"] * (len(head) - 1)
        yield from rows

    return [f"| {' | '.join(cells)} |" for cells in lines()]
