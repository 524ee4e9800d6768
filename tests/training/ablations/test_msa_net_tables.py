"""MSA-Net's Table 3, of which the text has differences only."""

import pytest

pytest.importorskip("lightning")

from paper_recipes import check_rows, parameters

from mien.training.ablations import msa_net as tables
from mien.training.ablations.table import Table
from mien.training.recipes import msa_net

OWN = {one.name: one for one in msa_net.ALL}
BASE = OWN["msa_net.rafdb"]


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_rows_fit_their_bases(table: Table) -> None:
    check_rows(table, OWN)
    base = OWN[table.bases["paper"]]
    assert base.with_settings(table.row("three-branches").settings) == base


def test_only_the_whole_network_has_printed_accuracies() -> None:
    printed = [[row.paper for row in table.rows] for table in tables.ALL]
    assert all(paper == {} for *others, _ in printed for paper in others)
    assert [whole for *_, whole in printed] == [{"RAF-DB": 86.32}, {"AffectNet": 63.61}, {}, {}]


def test_printed_differences_stand_in_the_labels() -> None:
    # Section 3.3: RAF-DB, AffectNet, Pose-AffectNet of 30 and of 45 degrees.
    gains = [("+2.1", "+1.22"), ("+3.08", "+1.46"), ("+2.61", "+1.68"), ("+2.43", "+2.14")]
    for table, (multi_scale, attention) in zip(tables.ALL, gains, strict=True):
        assert table.row("multi-scale").label.endswith(f"(printed: {multi_scale})")
        assert table.row("attention").label.endswith(f"(printed: another {attention})")


def test_rows_are_the_networks_that_they_name() -> None:
    changed = {row.name: BASE.with_settings(row.settings) for row in tables.RAFDB.rows}
    counts = {name: parameters(recipe) for name, recipe in changed.items()}
    assert counts["baseline"] == 11_180_103  # ResNet-18 with seven classes
    assert counts["three-branches"] == 3_791_699
    # CBAM on 512 channels: two linear layers with biases by a reduction of 16, a 7x7 convolution
    # of two maps without bias, and a norm of one channel.
    gates = 512 * 32 + 32 + 32 * 512 + 512 + 2 * 49 + 2
    assert counts["attention"] - counts["multi-scale"] == gates
    assert counts["attention"] < counts["two-branches"] < counts["three-branches"]
    kernels = [recipe.options["kernels"] for recipe in changed.values()]
    assert kernels == [[3], [3], [3], [5, 3], [7, 5, 3]]
