"""Results as Markdown, for the terminal and for a README."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..models import VariantCost
from .bootstrap import Estimate
from .record import Result
from .scores import Scores

_SHARES = {
    "accuracy": "accuracy %",
    "balanced_accuracy": "balanced accuracy %",
    "macro_f1": "macro F1 %",
    "found": "found %",
    "accuracy_of_found": "accuracy of found %",
    "accuracy_direct": "accuracy direct %",
    "loss": "loss in points",
    "expected_calibration_error": "ECE %",
}
_PLAIN = {"negative_log_likelihood": "NLL"}


def format_table(results: Sequence[Result]) -> str:
    """One row for each protocol and subset, with 95 % intervals.

    Results of different kinds (split, scenes) may be mixed; a cell without a number is
    empty.

    Args:
        results: such as those read back from ``results/``.
    """
    measured = {name for result in results for one in result.scores for name in one.metrics}
    names = [name for name in (*_SHARES, *_PLAIN) if name in measured]
    head = ["model", "split", "protocol", "faces"]
    head += [(_SHARES | _PLAIN)[name] for name in names]
    rows = [
        [
            result.model,
            f"{result.dataset} {result.split}",
            one.protocol if one.subset == "whole" else f"{one.protocol}, {one.subset}",
            f"{one.images:,}",
            *(_cell(name, one.metrics.get(name)) for name in names),
        ]
        for result in results
        for one in result.scores
    ]
    return markdown(head, rows, left=3)


def format_classes(scores: Scores) -> str:
    """One row for each expression: precision, recall, F1 and number of faces."""
    rows = [
        [name, f"{one.images:,}", *(f"{100 * v:.1f}" for v in (one.precision, one.recall, one.f1))]
        for name, one in scores.classes.items()
    ]
    return markdown(["expression", "faces", "precision %", "recall %", "F1 %"], rows, left=1)


def format_confusion(scores: Scores) -> str:
    """True expressions in rows, predicted ones in columns, numbers of faces."""
    names = list(scores.classes)
    rows = [
        [name, *(f"{count:,}" for count in row)]
        for name, row in zip(names, scores.confusion, strict=True)
    ]
    return markdown(["true \\ predicted", *names], rows, left=1)


def format_costs(rows: Iterable[VariantCost]) -> str:
    """One row for each variant: its cost, and the paper's figure where there is one."""
    head = ["variant", "pixels", "parameters", "G multiply-adds", "G fvcore"]
    cells = []
    for row in rows:
        line = [row.variant.name, str(row.variant.size), f"{row.cost.parameters:,}"]
        line += [f"{row.cost.multiply_adds / 1e9:.4f}", f"{row.cost.fvcore / 1e9:.4f}"]
        printed = row.variant.printed
        if printed is None:
            line += [""] * 4
        else:
            line += [f"{printed.value:.{printed.digits}f} {printed.unit}"]
            line += [f"{row.measured:.4f}", f"{row.difference:+.4f}", printed.source]
        cells.append(line)
    return markdown([*head, "paper", "measured", "difference", "source"], cells, left=1)


def _cell(name: str, number: Estimate | None) -> str:
    if number is None:
        return ""
    if name in _PLAIN:
        return f"{number.value:.3f} ({number.low:.3f} to {number.high:.3f})"
    return f"{100 * number.value:.1f} ({100 * number.low:.1f} to {100 * number.high:.1f})"


def markdown(head: list[str], rows: list[list[str]], left: int) -> str:
    """A table with its columns in line; the first ``left`` are text, the others numbers."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: list[str]) -> str:
        padded = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * width if column < left else "-" * (width - 1) + ":"
        for column, width in enumerate(widths)
    ]
    return "\n".join([line(head), line(rule), *map(line, rows)])
