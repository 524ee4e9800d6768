from __future__ import annotations

import pytest

pytest.importorskip("fvcore")

from mien.errors import UnknownName
from mien.evaluation.reports.table import format_costs
from mien.models import VARIANTS, VariantCost, variant_costs
from mien.models.variants import Printed

# Parameters of the specification, to the last digit.
PARAMETERS = {
    "dan": 19_723_733,
    "dan, 8 classes": 19_724_248,
    "dan, 1 heads": 13_316_021,
    "dan, 2 heads": 15_451_925,
    "dan, 8 heads": 28_267_349,
    "lla_net": 23_715_783,
    "apvit (160, 0.9)": 65_209_543,
    "transfer": 65_209_543 + 2 * 4_163,
    "transfer, 4 branches": 65_209_543 + 4 * 4_163,
}


@pytest.fixture(scope="module")
def rows() -> dict[str, VariantCost]:
    printed = [name for name, one in VARIANTS.items() if one.printed is not None]
    return {row.variant.name: row for row in variant_costs([*printed, *PARAMETERS])}


def test_every_printed_figure_is_reproduced_to_its_last_digit(
    rows: dict[str, VariantCost],
) -> None:
    printed = [row for row in rows.values() if row.variant.printed is not None]
    assert len(printed) == 17
    for row in printed:
        assert row.variant.printed is not None
        assert row.measured is not None
        assert row.variant.printed.agrees(row.measured), (row.variant.name, row.measured)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name: str, rows: dict[str, VariantCost]) -> None:
    assert rows[name].cost.parameters == PARAMETERS[name]


def test_multiply_adds_are_those_of_the_specification(rows: dict[str, VariantCost]) -> None:
    expected = {
        "transfer": 15.2806,
        "apvit (160, 0.9)": 12.6469,
        "apvit (10, 0.6)": 5.8768,
        "hybrid-deit-tiny, unpooled": 6.7022,
        "hybrid-deit-tiny (120, 0.9)": 6.0873,
        "deit-tiny, unpooled": 1.2535,
        "deit-tiny (196, 0.8)": 0.9562,
        "dan": 2.2247,
    }
    for name, billions in expected.items():
        assert round(rows[name].cost.multiply_adds / 1e9, 4) == billions, name


def test_a_figure_that_was_cut_off_is_told_from_a_rounded_one() -> None:
    assert Printed(61, "%", "", 0, cut=True).agrees(61.59)
    assert not Printed(61, "%", "", 0).agrees(61.59)
    assert Printed(12.67, "G", "").agrees(12.6665)
    assert not Printed(12.67, "G", "").agrees(12.6641)


def test_rows_say_what_the_paper_says(rows: dict[str, VariantCost]) -> None:
    record = rows["apvit (40, 0.6)"].record()
    assert record["paper"]["value"] == 45.12
    assert record["difference"] == pytest.approx(record["measured"] - 45.12)
    assert record["options"] == {"keep_patches": 40, "keep_rate": 0.6}
    text = format_costs([rows["apvit (160, 0.9)"], rows["dan"]])
    assert "12.67 G" in text
    assert "65,209,543" in text
    assert "19,723,733" in text


def test_an_unknown_variant_is_named() -> None:
    with pytest.raises(UnknownName, match="no variant is called 'dann'; did you mean dan"):
        list(variant_costs(["dann"]))
