from __future__ import annotations

import json
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning")

from mien.errors import DataError, UnknownName
from mien.evaluation.bootstrap import Estimate
from mien.evaluation.record import Result
from mien.evaluation.scores import RobustnessPoint, Scores
from mien.training.ablation_report import format_summary
from mien.training.ablation_summary import summary, write_summary
from mien.training.ablations import Row, Table
from mien.training.reporting import headline
from mien.training.spreads import Difference, Spread

TABLE = Table(
    name="paper.figure1",
    title="Two settings",
    source="Paper (2020), Figure 1",
    bases={"cpu": "tiny"},
    rows=tuple(
        Row(
            name=f"{down}-{across}",
            label=f"({down}, {across})",
            settings={"options.down": down, "options.across": across},
            paper={"RAF-DB": 80.0 + down} if across == 1 else {},
        )
        for down in (3, 2)
        for across in (1, 5)
    ),
    axes=("options.down", "options.across"),
)


def scores(accuracy: float, protocol: str = "majority", subset: str = "whole") -> Scores:
    estimate = {"accuracy": Estimate(accuracy, accuracy, accuracy)}
    return Scores(protocol=protocol, subset=subset, images=3137, metrics=estimate)


def record(row: str, seed: int, accuracy: float, **settings: Any) -> Result:
    return Result(
        model="tiny",
        seed=seed,
        dataset="ferplus",
        split="public-test",
        data_fingerprint="",
        labels=(),
        scores=(
            scores(0.1, "all"),
            scores(accuracy),
            scores(accuracy - 0.01, subset="whole, last epoch"),
        ),
        settings={"table": "paper.figure1", "row": row, "scale": "cpu", **settings},
        command=f"mien train tiny --set seed={seed}",
    )


RECORDS = [
    record("3-1", 2, 0.87, seconds=60.0),
    record("3-1", 0, 0.84, seconds=180.0),
    record("3-1", 1, 0.85),
    record("2-5", 0, 0.8),
]


def test_spread_by_the_tables_of_student() -> None:
    spread = Spread.of([84.0, 85.0, 87.0])
    assert spread is not None
    assert spread.mean == pytest.approx(256 / 3)
    assert spread.deviation == pytest.approx(statistics.stdev([84, 85, 87]))
    # 4.302653 is the 97.5 % quantile of Student's t with two degrees of freedom.
    reach = 4.302653 * statistics.stdev([84, 85, 87]) / 3**0.5
    assert (spread.low, spread.high) == pytest.approx((256 / 3 - reach, 256 / 3 + reach), abs=1e-4)
    assert Spread.of([84.0]) == Spread(84.0)
    assert Spread.of([]) is None


def test_difference_by_welch() -> None:
    """Against the formulas of Welch 1947, with the quantile for their degrees of freedom."""
    ours, others = [84.0, 85.0, 87.0], [80.0, 80.5, 81.0]
    found = Difference.of(ours, others)
    errors = [statistics.variance(one) / 3 for one in (ours, others)]
    freedom = sum(errors) ** 2 / sum(one**2 / 2 for one in errors)
    assert freedom == pytest.approx(2.4237, abs=1e-4)
    reach = 3.65646 * sum(errors) ** 0.5
    assert found is not None
    assert found.mean == pytest.approx(256 / 3 - 80.5)
    assert (found.low, found.high) == pytest.approx(
        (found.mean - reach, found.mean + reach), abs=1e-2
    )
    assert Difference.of([84.0], others) is None
    assert Difference.of(ours, [84.0]) is None
    assert Difference.of([84.0, 84.0], [83.0, 83.0]) == Difference(1.0, 1.0, 1.0)


def test_rows_are_set_against_the_first() -> None:
    two = [record("2-5", 1, 0.82), *RECORDS]
    first, _, _, fourth = summary(TABLE, "cpu", two).rows
    assert first.difference is None
    assert fourth.difference == Difference.of([80.0, 82.0], [84.0, 85.0, 87.0])
    assert fourth.difference.mean == pytest.approx(81 - 256 / 3)
    line = format_summary(summary(TABLE, "cpu", two)).splitlines()[-1]
    assert f"{fourth.difference.mean:+.2f} ({fourth.difference.low:+.2f} to " in line
    # Also where the first row itself is not to be shown, nothing stands in its place.
    (alone,) = summary(TABLE, "cpu", two, rows=("2-5",)).rows
    assert alone.difference is None


def test_what_rows_were_trained_in_is_told_where_it_is_not_bfloat16() -> None:
    float32, bfloat16 = {"precision": "32-true"}, {"precision": "bf16-mixed"}
    mixed = [
        record("3-1", 0, 0.84),  # of before records said so
        record("2-1", 0, 0.84, **bfloat16),
        record("2-5", 0, 0.8, **float32),
        record("2-5", 1, 0.8, **bfloat16),
        record("3-5", 0, 0.8, **float32),
    ]
    made = summary(TABLE, "cpu", mixed)
    said = {row.name: row.precision for row in made.rows}
    expected = {"3-1": "", "2-1": "bfloat16", "2-5": "bfloat16 and float32", "3-5": "float32"}
    assert said == expected
    text = format_summary(made)
    assert "\nTrained in bfloat16 and float32: 2-5\nTrained in float32: 3-5\n" in text
    # Resumed on another machine, one run has both.
    alone = [record("3-1", 0, 0.84, precision="bf16-mixed, 32-true")]
    assert summary(TABLE, "cpu", alone, rows=("3-1",)).rows[0].precision == "bfloat16 and float32"
    assert "Trained in float32: all rows" in format_summary(
        summary(TABLE, "cpu", [record("3-1", 0, 0.84, **float32)], rows=("3-1",))
    )


def test_rows_have_our_numbers_beside_the_papers() -> None:
    made = summary(TABLE, "cpu", RECORDS)
    first, second, third, fourth = made.rows
    assert first.seeds == (0, 1, 2)
    assert first.accuracies == pytest.approx((84, 85, 87))
    assert first.accuracy == Spread.of(first.accuracies)
    assert first.last_epoch is not None
    assert first.last_epoch.mean == pytest.approx(256 / 3 - 1)
    assert first.paper == {"RAF-DB": 83.0}
    assert first.minutes == pytest.approx(2.0)
    assert first.command == "mien train tiny --set seed=0"
    assert (second.accuracy, second.seeds, second.command) == (None, (), "")
    assert third.accuracy is None
    assert fourth.accuracy == Spread(80.0)
    assert made.measured == ("ferplus public-test, protocol majority, 3,137 pictures",)
    assert not made.smoke


def test_what_is_changed_in_every_row_is_said() -> None:
    both = {"starts_from": "a stem of pretrain.x", "epochs": "8"}
    changes = [
        {"options.down": "3", "options.across": "1", **both},
        {"options.down": "2", "options.across": "5", **both, "epochs": "9"},
    ]
    found = [
        record(row, 0, 0.8, changes=json.dumps(one))
        for row, one in zip(("3-1", "2-5"), changes, strict=True)
    ]
    made = summary(TABLE, "cpu", found)
    assert made.changes == {"starts_from": "a stem of pretrain.x"}
    assert "\nEvery row with starts_from: a stem of pretrain.x\n" in format_summary(made)
    # A row's own settings are none of every row's, where it is the only one.
    assert summary(TABLE, "cpu", found, rows=("3-1",)).changes == both
    assert summary(TABLE, "cpu", [*found, record("3-5", 0, 0.8)]).changes == {}


def test_all_protocols_and_robustness_are_put_together() -> None:
    curve = [
        RobustnessPoint(corruption="blur", strength=strength, images=8, accuracy=number)
        for strength, number in enumerate(map(Estimate, (0.9, 0.5, 0.1), (0,) * 3, (1,) * 3))
    ]
    first, second = record("3-1", 0, 0.84), record("3-1", 1, 0.86)
    made = summary(TABLE, "cpu", [replace(first, robustness=tuple(curve)), second]).rows[0]
    assert [(one.protocol, one.subset, one.images) for one in made.scores] == [
        ("all", "whole", 3137),
        ("majority", "whole", 3137),
    ]
    assert made.scores[0].metrics == {"accuracy": Spread.of([0.1, 0.1])}
    assert made.scores[1].metrics == {"accuracy": Spread.of([0.84, 0.86])}
    assert made.robustness == Spread(pytest.approx(0.3))  # of strengths 1 and 2, of one seed
    assert made.recipe == "tiny"
    assert summary(TABLE, "cpu", [second]).rows[0].robustness is None


def test_other_tables_scales_and_rows_are_left_out() -> None:
    others = [
        record("3-1", 0, 0.5, table="paper.table1"),
        record("3-1", 0, 0.5, scale="gpu"),
        record("3-2", 0, 0.5),
    ]
    assert all(row.accuracy is None for row in summary(TABLE, "cpu", others).rows)
    (row,) = summary(TABLE, "cpu", RECORDS, rows=("2-5",), commands={"2-5": "this"}).rows
    assert (row.name, row.command) == ("2-5", "this")
    with pytest.raises(UnknownName, match="no row of paper"):
        summary(TABLE, "cpu", RECORDS, rows=("2-6",))


def test_the_protocol_is_the_one_that_the_record_names() -> None:
    one = record("3-1", 0, 0.84, protocol="all")
    counted = replace(scores(0.9, "all"), images=3589)
    last = replace(scores(0.7, "all", "whole, last epoch"), images=3589)
    one = replace(one, scores=(*one.scores[1:], counted, last))
    made = summary(TABLE, "cpu", [one])
    assert made.rows[0].accuracy == Spread(pytest.approx(90.0))
    assert made.rows[0].last_epoch == Spread(pytest.approx(70.0))
    assert "on ferplus public-test, protocol all, 3,589 pictures;" in format_summary(made)


def test_the_number_of_a_table_is_of_one_protocol() -> None:
    assert headline(RECORDS[0]).metrics["accuracy"].value == 0.87
    assert headline(RECORDS[0], last_epoch=True).metrics["accuracy"].value == pytest.approx(0.86)
    other = Result(
        model="tiny",
        dataset="rafdb",
        split="test",
        data_fingerprint="",
        labels=(),
        scores=(scores(0.3, "labels"),),
    )
    assert headline(other).metrics["accuracy"].value == 0.3
    with pytest.raises(DataError, match="no numbers for labels whole, last epoch"):
        headline(other, last_epoch=True)


def test_the_table_reads() -> None:
    text = format_summary(summary(TABLE, "cpu", RECORDS))
    lines = text.splitlines()
    assert lines[0] == "Paper (2020), Figure 1: Two settings"
    assert "ferplus public-test, protocol majority, 3,137 pictures" in lines[1]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[3:]]
    assert cells[0][:3] == ["row", "paper, RAF-DB %", "ours %"]
    assert cells[2] == [
        "(3, 1)",
        "83.00",
        "85.33 ± 1.53",
        "81.54 to 89.13",
        "",
        "84.33 ± 1.53",
        "3",
    ]
    assert cells[3] == ["(3, 5)", "", "waiting", "", "", "", "0 of 3"]
    assert cells[5] == ["(2, 5)", "", "80.00", "", "", "79.00", "1 of 3"]
    assert "*" not in text
    assert "nothing is measured yet" in format_summary(summary(TABLE, "cpu", []))


def test_what_was_chosen_on_the_test_set_is_marked() -> None:
    chosen = record("3-1", 0, 0.84, selection="test")
    text = format_summary(summary(TABLE, "cpu", [chosen, record("2-5", 0, 0.8), RECORDS[2]]))
    assert "* the epoch was chosen on the split that is reported" in text
    row = next(line for line in text.splitlines() if "(3, 1)" in line)
    assert row.count("*") == 3
    row = next(line for line in text.splitlines() if "(2, 5)" in line)
    assert "*" not in row


def test_rows_from_fresh_weights_are_marked() -> None:
    # As the plan has it, and as a record has it.
    said = record("2-5", 0, 0.8, fresh_instead_of="a run of the other")
    made = summary(TABLE, "cpu", [RECORDS[3]], fresh={"3-1": "faces", "3-5": "faces"})
    assert [row.fresh for row in made.rows] == ["faces", "faces", "", ""]
    text = format_summary(made)
    words = "from fresh weights; the table's starts from faces: --start"
    assert f"\n† 3-1, 3-5: {words} ROW=FILE\n" in text
    assert [line for line in text.splitlines() if "(3, 1) † |" in line]
    assert not [line for line in text.splitlines() if "(2, 5) †" in line]
    made = summary(TABLE, "cpu", [said])
    assert [row.fresh for row in made.rows] == ["", "", "", "a run of the other"]
    assert "\n† 2-5: from fresh weights; the table's starts from a run of the other: --start " in (
        format_summary(made)
    )
    every = summary(TABLE, "cpu", [], fresh=dict.fromkeys(["3-1", "3-5", "2-1", "2-5"], "faces"))
    assert f"\n† {words} ROW=FILE\n" in format_summary(every)
    assert "†" not in format_summary(summary(TABLE, "cpu", RECORDS))


def test_smoke_says_so() -> None:
    assert "Smoke size" in format_summary(summary(TABLE, "cpu", [record("3-1", 0, 0.1, smoke=1)]))


def test_the_summary_as_json(tmp_path: Path) -> None:
    made = summary(TABLE, "cpu", RECORDS)
    path = tmp_path / "deep" / "summary.json"
    write_summary(made, path)
    values = json.loads(path.read_text())
    assert (values["format"], values["table"], values["scale"]) == (2, "paper.figure1", "cpu")
    first = values["rows"][0]
    assert first["accuracy"]["mean"] == pytest.approx(256 / 3)
    assert first["paper"] == {"RAF-DB": 83.0}
    assert first["settings"] == {"options.down": 3, "options.across": 1}
    assert values["rows"][1]["accuracy"] is None
