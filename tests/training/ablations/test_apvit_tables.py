"""APViT's tables against the paper's text."""

from typing import Any

import pytest
import torch

pytest.importorskip("lightning")

from pooled_recipes import check_rows

from mien.models import create_model
from mien.models.variants import VARIANTS
from mien.training.ablations import apvit as tables
from mien.training.ablations.table import Row, Table
from mien.training.recipe import Recipe
from mien.training.recipes import RECIPES, apvit, transfer

OWN = {one.name: one for one in (*apvit.ALL, *transfer.ALL)}
KNOWN = {**RECIPES, **OWN}
TABLES = {one.name: one for one in tables.ALL}
RAF, FERPLUS, AFFECT = "RAF-DB", "FERPlus", "AffectNet"
KEEP, RATE = "keep_patches", "keep_rate"

PRINTED = {
    "apvit.table1": {
        RAF: [90.77, 91.26, 91.52, 90.91, 91.65, 91.98],
        AFFECT: [65.66, 65.91, 66.65, 66.34, 66.51, 66.94],
    },
    "apvit.table2": {"Aff-Wild2": [85.02, 85.70, 85.39, 86.03]},
    "apvit.table3": {RAF: [81.55, 90.84, 78.91, 91.98], AFFECT: [53.88, 65.34, 51.56, 66.91]},
    "apvit.table4": {RAF: [91.46, 91.98], FERPLUS: [90.19, 90.86], AFFECT: [66.08, 66.91]},
    "apvit.table5": {
        RAF: [91.23, 91.36, 91.72, 91.98, 91.33, 91.39],
        AFFECT: [66.28, 66.51, 66.66, 66.94, 66.34, 66.54],
    },
    "apvit.table6": {RAF: [91.07, 91.98], FERPLUS: [90.55, 90.86], AFFECT: [65.80, 66.91]},
    "apvit.table13": {RAF: [90.91, 91.98, 90.67]},
    "apvit.table14": {RAF: [90.91, 91.26, 85.72, 86.70]},
    "apvit.table15": {"CIFAR-10": [96.02, 96.23, 96.11]},
}
COLUMNS = {FERPLUS: ("ferplus", "apvit.ferplus"), AFFECT: ("affectnet7", "apvit.affectnet7")}


def _at(table: Table, row: Row, scale: Any) -> Recipe:
    return KNOWN[table.base(row, scale)].with_settings(table.settings(row, scale))


@pytest.mark.parametrize("table", tables.ALL, ids=lambda one: one.name)
def test_rows_fit_their_bases(table: Table) -> None:
    check_rows(table, KNOWN)
    for name in table.bases.values():
        assert name in KNOWN or name.endswith((".cpu", ".gpu"))


@pytest.mark.parametrize("name", PRINTED)
def test_printed_numbers(name: str) -> None:
    found = {set_: [row.paper[set_] for row in TABLES[name].rows] for set_ in PRINTED[name]}
    assert found == PRINTED[name]
    assert {set_ for row in TABLES[name].rows for set_ in row.paper} == set(PRINTED[name])


@pytest.mark.parametrize("name", PRINTED)
def test_each_other_data_set_of_a_table_has_one_of_its_own(name: str) -> None:
    own = {key: one for key, one in TABLES.items() if key.startswith(f"{name}.")}
    others = [set_ for set_ in PRINTED[name] if set_ in COLUMNS]
    assert list(own) == [f"{name}.{COLUMNS[set_][0]}" for set_ in others]
    for set_, table in zip(others, own.values(), strict=True):
        assert table.bases == {"paper": COLUMNS[set_][1]}
        assert [dict(row.paper) for row in table.rows] == [
            {set_: value} for value in PRINTED[name][set_]
        ]
        assert [row.settings for row in table.rows] == [row.settings for row in TABLES[name].rows]


def test_the_heat_map_has_25_cells_and_what_the_text_names() -> None:
    figure = TABLES["apvit.figure5"]
    assert figure.axes == ("options.keep_patches", "options.keep_rate")
    cells = {
        (row.settings[figure.axes[0]], row.settings[figure.axes[1]]): dict(row.paper)
        for row in figure.rows
    }
    assert {k for k, _ in cells} == {196, 160, 120, 80, 40}
    assert {r for _, r in cells} == {1.0, 0.9, 0.8, 0.7, 0.6}
    assert len(cells) == 25
    assert {cell: paper[AFFECT] for cell, paper in cells.items() if paper} == {
        **{(196, 1.0): 65.91, (160, 0.9): 66.94, (40, 0.6): 66.48},
        **{(196, 0.9): 66.65, (160, 1.0): 66.51},  # Table 1
    }


@pytest.mark.parametrize("name", ["apvit.table1", "apvit.table2", "apvit.table15", "apvit.figure5"])
def test_at_the_cpu_scale_k_is_the_same_share_of_the_patches(name: str) -> None:
    table = TABLES[name]
    for row in table.rows:
        paper, cpu = _at(table, row, "paper"), _at(table, row, "cpu")
        with torch.device("meta"):
            side = create_model(cpu.model, classes=8, **cpu.options).encoder.grid[0]
        assert cpu.options[KEEP] == round(paper.options[KEEP] / 196 * side**2)
        assert cpu.options[RATE] == paper.options[RATE]
        assert cpu.preprocess.size == 48


def test_the_papers_row_at_the_cpu_scale_is_the_base_itself() -> None:
    table = TABLES["apvit.table1"]
    base = KNOWN["apvit.ferplus.cpu"]
    assert _at(table, table.row("app-atp-clt"), "cpu") == base


@pytest.mark.parametrize(
    ("name", "full", "base"),
    [
        *((f"apvit.table1{one}", "app-atp-clt", one) for one in ("", ".affectnet7")),
        *((f"apvit.table3{one}", "cnn-vit", one) for one in ("", ".affectnet7")),
        *((f"apvit.table4{one}", "constant", one) for one in ("", ".ferplus", ".affectnet7")),
        *((f"apvit.table6{one}", "hard", one) for one in ("", ".ferplus", ".affectnet7")),
        ("apvit.table2", "app-atp", ".affwild2"),
        ("apvit.table13", "160-0.9", ""),
        ("apvit.table15", "120-0.9", ".cifar10"),
        ("apvit.figure5", "160-0.9", ".affectnet7"),
    ],
)
def test_the_papers_own_row_is_the_recipe_itself(name: str, full: str, base: str) -> None:
    table = TABLES[name]
    recipe = OWN[f"apvit{base or '.rafdb'}"]
    assert _at(table, table.row(full), "paper") == recipe


def test_rows_that_have_a_figure_of_cost_are_the_networks_that_have_it() -> None:
    # models/variants.py checks those networks against the printed GFLOPs.
    figures = {
        ("apvit.table13", "160-0.9"): "apvit (160, 0.9)",
        ("apvit.table13", "10-0.6"): "apvit (10, 0.6)",
        ("apvit.table2", "app"): "apvit (80, 1)",
        ("apvit.table14", "hybrid"): "hybrid-deit-tiny, unpooled",
        ("apvit.table14", "hybrid-ap"): "hybrid-deit-tiny (120, 0.9)",
        ("apvit.table14", "deit"): "deit-tiny, unpooled",
        ("apvit.table14", "deit-ap"): "deit-tiny (196, 0.8)",
    }
    for (name, row), variant in figures.items():
        recipe = _at(TABLES[name], TABLES[name].row(row), "paper")
        known = VARIANTS[variant]
        assert (recipe.model, recipe.preprocess.size) == (known.network, known.size)
        with torch.device("meta"):
            # Table 2's network has a second head.
            ours = {**recipe.options, "action_units": 0, "branch": "linear"}
            network = create_model(recipe.model, classes=7, **ours)
            counted = create_model(known.network, classes=7, **known.options)
        assert _shape(network) == _shape(counted)


def _shape(network: Any) -> tuple[object, ...]:
    tokens = [block.pooling.rate for block in network.encoder.blocks]
    return network.pooling.keep, tokens, sum(one.numel() for one in network.parameters())


def test_table_13_has_transfer_at_every_scale() -> None:
    table = TABLES["apvit.table13"]
    row = table.row("transfer")
    assert _at(table, row, "paper") == transfer.RAFDB
    for scale in ("cpu", "gpu"):
        assert _at(table, row, scale).model.startswith("transfer")


def test_table_3_says_which_weights_a_row_begins_with() -> None:
    table = TABLES["apvit.table3"]
    starts = {row.name: _at(table, row, "paper").starts_from for row in table.rows}
    assert starts["fresh"] == ""
    assert "MS-Celeb-1M" in starts["cnn"]
    assert "ImageNet" not in starts["cnn"]
    assert "ImageNet" in starts["vit"]
    assert "MS-Celeb-1M" not in starts["vit"]
    assert starts["cnn-vit"] == apvit.RAFDB.starts_from


def test_criteria_and_methods_change_the_network() -> None:
    def pooling(name: str, row: str) -> Any:
        table = TABLES[name]
        recipe = _at(table, table.row(row), "paper").smoke()
        return create_model(recipe.model, classes=7, **recipe.options)

    images = torch.randn(2, 3, 112, 112)
    kept = {}
    for row in TABLES["apvit.table5"].rows:
        torch.manual_seed(0)
        network = pooling("apvit.table5", row.name).eval()
        with torch.no_grad():
            kept[row.name] = [one.tolist() for one in network(images).kept]
    first = {name: one[0] for name, one in kept.items()}
    assert first["abs-sum"] == first["abs-abs"] == first["abs-max"]
    assert len({str(first[f"{one}-sum"]) for one in ("lanet", "max", "sum", "abs")}) == 4
    assert len({str(kept[f"abs-{one}"][1]) for one in ("sum", "abs", "max")}) == 3
    soft = pooling("apvit.table6", "soft").eval()
    with torch.no_grad():
        assert [one.shape[1] for one in soft(images).kept] == [176]  # of 196, by ATP alone
    gradual = pooling("apvit.table4", "gradual").train()
    gradual.set_progress(0.0)
    assert gradual(images).kept == ()
    gradual.set_progress(1.0)
    assert [one.shape[1] for one in gradual(images).kept] == [160, 144]
