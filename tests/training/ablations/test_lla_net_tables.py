"""LLA-Net's tables: what its text names, and the one accuracy that it prints."""

import pytest

pytest.importorskip("lightning")

from paper_recipes import check_rows, parameters

from mien.errors import InputError
from mien.training.ablations import lla_net as tables
from mien.training.ablations.table import Table
from mien.training.recipes import lla_net

OWN = {one.name: one for one in lla_net.ALL}


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_rows_fit_their_bases(table: Table) -> None:
    check_rows(table, OWN)


def test_only_the_whole_has_a_printed_number() -> None:
    for table in tables.ALL:
        *others, whole = table.rows
        assert whole.paper == {"Aff-Wild2": 49.0}
        assert [row.paper for row in others] == [{}] * len(others)
        base = OWN[table.base(whole, "paper")]
        assert base.with_settings(table.settings(whole, "paper")) == OWN["lla_net.affwild2"]


def test_without_its_module_it_is_resnet18() -> None:
    base = OWN["lla_net.affwild2"]
    counts = {
        row.name: parameters(base.with_settings(row.settings)) for row in tables.ATTENTION.rows
    }
    # ResNet-18 with seven classes, and the specification's 3.2.
    assert counts == {"without": 11_180_103, "with": 23_715_783}


def test_the_steps_are_recipes_of_their_own() -> None:
    table = tables.REBALANCING
    bases = [table.base(row, "paper") for row in table.rows]
    assert bases == ["lla_net.affwild2-raw", "lla_net.affwild2-thinned", "lla_net.affwild2"]
    with pytest.raises(InputError, match=r"lla_net\.rebalancing has no recipe at the scale cpu"):
        table.base(table.rows[0], "cpu")
