"""One column of a table as a table of its own.

Where a paper prints two data sets side by side, each row was trained on both, by two recipes.
"""

from __future__ import annotations

from dataclasses import replace

from .table import Table


def column(table: Table, dataset: str, name: str, recipe: str) -> Table:
    """The rows of which the paper prints a number for a data set, at the paper's scale.

    Args:
        table: to take them from.
        dataset: as the paper calls it, such as ``"AffectNet"``.
        name: of the new table, after the old one's, such as ``"affectnet7"``.
        recipe: what the rows change on this data set.
    """
    rows = tuple(
        replace(row, paper={dataset: row.paper[dataset]})
        for row in table.rows
        if dataset in row.paper
    )
    return replace(
        table,
        name=f"{table.name}.{name}",
        title=f"{table.title}, on {dataset}",
        bases={"paper": recipe},
        rows=rows,
    )
