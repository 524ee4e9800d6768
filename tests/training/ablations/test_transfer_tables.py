"""TransFER's tables against the paper's text."""

import pytest
import torch

pytest.importorskip("lightning")

from pooled_recipes import check_rows

from mien.models import create_model
from mien.training.ablations import transfer as tables
from mien.training.ablations.table import Table
from mien.training.recipes import RECIPES, transfer

KNOWN = {**RECIPES, **{one.name: one for one in transfer.ALL}}
TABLES = {one.name: one for one in tables.ALL}
RAF, AFFECT = "RAF-DB", "AffectNet"


def _printed(name: str, dataset: str) -> list[float | None]:
    return [row.paper.get(dataset) for row in TABLES[name].rows]


@pytest.mark.parametrize("table", tables.ALL, ids=lambda one: one.name)
def test_rows_fit_their_bases(table: Table) -> None:
    check_rows(table, KNOWN)
    if table.name.endswith(".affectnet7"):
        assert table.bases == {"paper": "transfer.affectnet7"}
        return
    assert table.bases == {
        "paper": "transfer.rafdb",
        "gpu": "transfer.ferplus.gpu",
        "cpu": "transfer.ferplus.cpu",
    }


def test_all_tables_and_the_figure_are_there() -> None:
    assert list(TABLES) == [
        *("transfer.table1", "transfer.table1.affectnet7", "transfer.table2", "transfer.table3"),
        *("transfer.table4", "transfer.table4.affectnet7", "transfer.figure3"),
    ]


def test_printed_numbers_of_the_modules_and_of_what_replaces_mad() -> None:
    assert _printed("transfer.table1", RAF) == [89.93, 90.03, 90.35, 90.91]
    assert _printed("transfer.table1", AFFECT) == [65.63, 65.74, 65.94, 66.23]
    assert _printed("transfer.table1.affectnet7", AFFECT) == [65.63, 65.74, 65.94, 66.23]
    assert _printed("transfer.table1.affectnet7", RAF) == [None] * 4
    assert _printed("transfer.table2", RAF) == [84.94, 90.91, 90.32]
    assert _printed("transfer.table4", RAF) == [90.91, 90.35, 90.25, 89.99, 39.05]
    assert _printed("transfer.table4.affectnet7", AFFECT) == [66.23, 66.06, 66.03, 65.54, 65.51]


def test_printed_numbers_of_the_rates() -> None:
    found = {
        (row.settings["options.map_drop"], row.settings["options.head_drop"]): row.paper[RAF]
        for row in TABLES["transfer.table3"].rows
    }
    assert found == {
        **{(0.4, 0.3): 89.28, (0.5, 0.3): 89.24, (0.6, 0.3): 90.91},
        **{(0.7, 0.3): 89.89, (0.8, 0.3): 89.89},
        **{(0.6, 0.1): 89.80, (0.6, 0.2): 89.83, (0.6, 0.4): 89.93, (0.6, 0.5): 89.24},
    }


def test_figure_3_has_nine_points_of_which_one_is_printed() -> None:
    figure = TABLES["transfer.figure3"]
    assert [row.settings["options.branches"] for row in figure.rows] == list(range(9))
    printed = {row.name: dict(row.paper) for row in figure.rows if row.paper}
    assert printed == {"b2": {RAF: 90.91}}


@pytest.mark.parametrize(
    ("name", "full", "base"),
    [
        ("transfer.table1", "msad", transfer.RAFDB),
        ("transfer.table1.affectnet7", "msad", transfer.AFFECTNET7),
        ("transfer.table2", "stage3", transfer.RAFDB),
        ("transfer.table3", "0.6-0.3", transfer.RAFDB),
        ("transfer.table4", "mad", transfer.RAFDB),
        ("transfer.table4.affectnet7", "mad", transfer.AFFECTNET7),
        ("transfer.figure3", "b2", transfer.RAFDB),
    ],
)
def test_the_papers_own_row_is_the_recipe_itself(name: str, full: str, base: object) -> None:
    table = TABLES[name]
    row = table.row(full)
    assert table.bases["paper"] == base.name  # type: ignore[attr-defined]
    changed = base.with_settings(table.settings(row, "paper"))  # type: ignore[attr-defined]
    defaults = {"stages": 3}
    assert {**defaults, **changed.options} == {**defaults, **base.options}  # type: ignore[attr-defined]


def test_rows_of_table_1_have_what_their_names_say() -> None:
    table = TABLES["transfer.table1"]
    for row, (branches, dropping, head_drop) in zip(
        table.rows,
        [(0, "Multi", 0.0), (2, "Identity", 0.0), (2, "Multi", 0.0), (2, "Multi", 0.3)],
        strict=True,
    ):
        recipe = transfer.RAFDB.with_settings(table.settings(row, "paper")).smoke()
        network = create_model(recipe.model, classes=7, **recipe.options)
        assert len(network.branches) == branches  # type: ignore[arg-type]
        assert type(network.dropping).__name__.startswith(dropping)
        drops = [one for name, one in network.named_modules() if name.endswith("attn.head_drop")]
        rates = {one.rate for one in drops}
        assert rates == {head_drop}


@pytest.mark.parametrize(("scale", "grids"), [("paper", (28, 14, 7)), ("cpu", (12, 6, 3))])
def test_stages_of_table_2_halve_the_grid(scale: str, grids: tuple[int, ...]) -> None:
    table = TABLES["transfer.table2"]
    for row, side in zip(table.rows, grids, strict=True):
        base = KNOWN[table.base(row, scale)]  # type: ignore[arg-type]
        recipe = base.with_settings(table.settings(row, scale))  # type: ignore[arg-type]
        with torch.device("meta"):
            network = create_model(recipe.model, classes=7, **recipe.options)
        assert network.encoder.grid == (side, side)
