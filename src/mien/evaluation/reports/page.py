"""One HTML file that shows what was measured: numbers, charts, and the worst mistakes.

It holds its style, charts and pictures itself and runs no script, so that it opens anywhere,
without a network. Faces of the data set are in it as soon as mistakes are: pass it on as you
may pass on the data set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...drafts import output_file
from ...errors import DataError, require
from ...preprocess import Picture
from ..record import Result
from ..scores import Comparison
from . import page_view as view
from . import task_view as tasks_view
from .charts import FEW
from .drawing import STYLE, Drawing, printable
from .metric_names import metric_name, task_title
from .robustness_view import in_words
from .table import first_task, probability, verdict

_MINUS = "\u2212"
TEMPLATE = Path(__file__).with_name("page.html.jinja")


def write_report(
    results: Sequence[Result],
    comparisons: Sequence[Comparison],
    mistakes: Mapping[str, Mapping[str, Picture]],
    path: Path,
) -> None:
    """Write the report of one or several models, in one step.

    Args:
        results: the records, in the order in which the models are shown.
        comparisons: of pairs of them.
        mistakes: name of a model to name of a picture to the picture, uint8 (H, W) or
            (H, W, 3) RGB; a mistake of a record without one is shown in words.
        path: the file; its folder is made if need be.

    Raises:
        DataError: if there is no record.
        MissingExtra: if Jinja is not installed.
        OutputError: if the file cannot be written.
    """
    text = report(results, comparisons, mistakes)
    with output_file(path, "the report", "choose another place with --report") as draft:
        draft.write_text(text, encoding="utf-8")


def report(
    results: Sequence[Result],
    comparisons: Sequence[Comparison] = (),
    mistakes: Mapping[str, Mapping[str, Picture]] | None = None,
) -> str:
    """The text of the page; see :func:`write_report`.

    Raises:
        DataError: if there is no record.
        MissingExtra: if Jinja is not installed.
    """
    if not results:
        raise DataError("a report needs the record of at least one model")
    require("jinja2", "train")
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def draw(chart: Drawing) -> Markup:
        return Markup(chart.markup())  # the drawing has escaped its words itself

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "draw": draw,
        "metric": metric_name,
        "share": lambda number: f"{100 * number:.1f}",
        "points": lambda number: f"{100 * number:+.1f}".replace("-", _MINUS),
        "count": lambda number: f"{number:,}",
        "probability": probability,
        "corruption": in_words,
        "answers": tasks_view.answers_of,
    }
    entries = tasks_view.entries_of(results)
    tasks = tasks_view.tasks_of_entries(entries)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return printable(
        template.render(
            entries=entries,
            tasks=tasks,
            metrics=tasks_view.metrics_of(tasks),
            accuracies=tasks_view.accuracy_chart(tasks),
            facts=view.facts_of(entries),
            comparisons=comparisons,
            few=FEW,
            verdict=verdict,
            task_title=task_title,
            first=first_task(results),
            groups=view.groups_of(entries),
            robustness=view.robustness_of(entries),
            mistakes=view.mistakes_of(entries, mistakes or {}),
            chart_style=Markup(STYLE.read_text(encoding="utf-8")),
        )
    )
