"""Results as Markdown, for the terminal and for a README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from ...models import VariantCost
from ..bootstrap import Estimate
from ..damage.robustness import mean_robustness
from ..record import Result
from ..scores import Comparison, Scores
from .class_charts import NO_ANSWER
from .metric_names import in_order, metric_name, task_title
from .robustness_view import curves_of, in_words, mean_curve


def format_table(results: Sequence[Result]) -> str:
    """Every metric with its 95 % interval, models side by side.

    One result has a column for each protocol and subset and a row for each metric; several
    have a column for each result and rows for each protocol, subset and metric. A cell without
    a number is empty, so that results of different kinds (split, scenes) may be mixed.

    Args:
        results: such as those read back from ``results/``.
    """
    tasks = dict.fromkeys((one.protocol, one.subset) for result in results for one in result.scores)
    if len(results) == 1:
        result = results[0]
        head = [f"{result.model} on {result.dataset} {result.split}"]
        head += [task_title(*task) for task in tasks]
        return markdown(head, _rows([result.find(*task) for task in tasks]), left=1)
    places = [f"{one.dataset} {one.split}" for one in results]
    alike = len(set(places)) == 1
    head = [f"protocol, {places[0]}" if alike else "protocol", "metric"]
    head += [
        one.model if alike else f"{one.model} on {place}"
        for one, place in zip(results, places, strict=True)
    ]
    rows = []
    for task in tasks:
        columns = [
            next((one for one in result.scores if (one.protocol, one.subset) == task), None)
            for result in results
        ]
        names = [task_title(*task)]
        for row in _rows(columns):
            rows.append([*names, *row])
            names = [""]
    return markdown(head, rows, left=2)


def _rows(columns: Sequence[Scores | None]) -> list[list[str]]:
    """Number of faces and metrics, one row each, of the scores in the columns."""
    names = in_order(name for one in columns if one is not None for name in one.metrics)
    faces = ["faces", *("" if one is None else f"{one.images:,}" for one in columns)]
    drawn = [0 if one is None else one.clusters for one in columns]
    clusters = ["of persons, videos or photos", *(f"{one:,}" if one else "" for one in drawn)]
    return [
        faces,
        *([clusters] if any(drawn) else []),
        *(
            [
                metric_name(name).heading,
                *("" if one is None else _cell(name, one.metrics.get(name)) for one in columns),
            ]
            for name in names
        ),
    ]


def _cell(name: str, number: Estimate | None) -> str:
    if number is None:
        return ""
    metric = metric_name(name)
    return f"{metric.value(number.value)} ({metric.interval(number)})"


def format_comparisons(comparisons: Sequence[Comparison]) -> str:
    """One row for each pair of models: whether one is better, and the difference of accuracy."""
    rows = [
        [
            task_title(one.protocol, one.subset),
            one.first,
            one.second,
            f"{one.images:,}",
            f"{one.only_first:,}",
            f"{one.only_second:,}",
            f"{_points(one.difference.value)} "
            f"({_points(one.difference.low)} to {_points(one.difference.high)})",
            probability(one.p_value),
            verdict(one),
        ]
        for one in comparisons
    ]
    head = ["protocol", "first", "second", "faces", "only first right", "only second right"]
    return markdown([*head, "difference in points", "p", "in words"], rows, left=3)


def _points(number: float) -> str:
    return f"{100 * number:+.1f}"


def probability(p_value: float) -> str:
    """A p-value as papers print it."""
    for bound in (0.001, 0.05):  # rounded, a number below the level would be at it
        if p_value < bound and round(p_value, 3) >= bound:
            return f"< {bound}"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def verdict(one: Comparison, level: float = 0.05) -> str:
    """What a comparison says, in words; p-values below the level count as a difference."""
    if one.p_value >= level or one.only_first == one.only_second:
        return "no difference shown"
    better = one.first if one.only_first > one.only_second else one.second
    return f"{better} is right more often"


def format_groups(results: Sequence[Result]) -> str:
    """Accuracy of each group, one column for each model, and the largest gaps."""
    found = dict.fromkeys((one.column, one.group) for result in results for one in result.groups)
    rows = []
    for column, group in found:
        cells, faces = [], ""
        for result in results:
            same = [one for one in result.groups if (one.column, one.group) == (column, group)]
            few = "" if not same or same[0].judged else " (too few to judge)"
            cells.append(_cell("accuracy", same[0].accuracy) + few if same else "")
            if same:
                faces = f"{same[0].images:,}"
                faces += f", of {same[0].clusters:,}" if same[0].clusters else ""
        rows.append([column, group, faces, *cells])
    for column in dict.fromkeys(gap.column for result in results for gap in result.gaps):
        cells = []
        for result in results:
            gap = next((one for one in result.gaps if one.column == column), None)
            cells.append(
                ""
                if gap is None
                else f"{gap.best} over {gap.worst}: {_cell('loss', gap.difference)}"
            )
        rows.append([column, "largest gap, in points", "", *cells])
    drawn = any(one.clusters for result in results for one in result.groups)
    faces = "faces, of persons, videos or photos" if drawn else "faces"
    head = [
        f"column, {first_task(results)}",
        "group",
        faces,
        *(f"{one.model}, accuracy %" for one in results),
    ]
    return markdown(head, rows, left=2)


def first_task(results: Sequence[Result]) -> str:
    """What groups and robustness are measured under; empty where nothing is."""
    scores = [one for result in results for one in result.scores[:1]]
    return task_title(scores[0].protocol, scores[0].subset) if scores else ""


def format_robustness(results: Sequence[Result]) -> str:
    """Accuracy on damaged pictures.

    One result has a column for each strength; several have a column each, with the mean over
    the strengths above 0.
    """
    measured = [one for one in results if one.robustness]
    if len(measured) == 1:
        return _strengths(measured[0])
    curves = [curves_of(one.robustness) for one in measured]
    start = [next(iter(one.values())).get(0) for one in curves]
    rows = [["as they are", *("" if one is None else _cell("accuracy", one) for one in start)]]
    for name in dict.fromkeys(name for one in curves for name in one):
        means = [_mean_of(one.get(name, {})) for one in curves]
        rows.append([in_words(name), *means])
    rows.append(["mean of all", *(_share(mean_robustness(one.robustness)) for one in measured)])
    under = f"accuracy %, {first_task(measured)}, mean of strengths 1 to 5"
    head = [under, *(one.model for one in measured)]
    return markdown(head, rows, left=1)


def _strengths(result: Result) -> str:
    curves = curves_of(result.robustness)
    means = mean_curve(curves)
    rows = [
        [
            in_words(name),
            *(_share(curve[one].value) if one in curve else "" for one in means),
            _mean_of(curve),
        ]
        for name, curve in curves.items()
    ]
    mean = _share(mean_robustness(result.robustness))
    rows.append(["mean of all", *(_share(one.value) for one in means.values()), mean])
    under = f"{result.model}, accuracy %, {first_task([result])}"
    head = [under, *(f"strength {one}" for one in means)]
    return markdown([*head, "mean above 0"], rows, left=1)


def _mean_of(curve: Mapping[int, Estimate]) -> str:
    values = [one.value for strength, one in curve.items() if strength]
    return _share(fmean(values)) if values else ""


def _share(number: float) -> str:
    return f"{100 * number:.1f}"


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
    answers = [*names, NO_ANSWER][: len(scores.confusion[0])]
    rows = [
        [name, *(f"{count:,}" for count in row)]
        for name, row in zip(names, scores.confusion, strict=True)
    ]
    return markdown(["true \\ predicted", *answers], rows, left=1)


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


def markdown(head: list[str], rows: list[list[str]], left: int) -> str:
    """A table with its columns in line; the first ``left`` are text, the others numbers."""
    head, *rows = [[_one_line(cell) for cell in line] for line in [head, *rows]]
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


def _one_line(text: str) -> str:
    """Names come from users' files: nothing in them may end a cell or a row."""
    return " ".join(text.replace("|", "\\|").splitlines())
