"""Tables of results."""

from __future__ import annotations

from dataclasses import replace

import report_records

from mien.evaluation.bootstrap import Estimate
from mien.evaluation.metrics import ClassScores
from mien.evaluation.record import Result
from mien.evaluation.reports.table import (
    format_classes,
    format_comparisons,
    format_confusion,
    format_groups,
    format_robustness,
    format_table,
    markdown,
    probability,
)
from mien.evaluation.scores import Scores

WHOLE = Scores(
    protocol="majority",
    subset="whole",
    images=3191,
    metrics={
        "accuracy": Estimate(0.9012, 0.8901, 0.9123),
        "negative_log_likelihood": Estimate(0.4321, 0.4, 0.46),
    },
    classes={
        "neutral": ClassScores(0.5, 1.0, 2 / 3, 1000),
        "anger": ClassScores(1.0, 0.5, 2 / 3, 2),
    },
    confusion=((1000, 0), (1, 1)),
)
SCENES = Scores(
    protocol="majority",
    subset="scenes",
    images=100,
    metrics={"loss": Estimate(0.021, 0.001, 0.041), "found": Estimate(0.95, 0.93, 0.97)},
)
RESULT = Result(
    model="small",
    dataset="ferplus",
    split="public-test",
    data_fingerprint="",
    labels=("neutral", "anger"),
    scores=(WHOLE, SCENES),
)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows(table: str) -> list[list[str]]:
    lines = table.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert set(lines[1]) == set("|- :")
    return [cells(line) for line in (lines[0], *lines[2:])]


def test_one_result_has_a_column_for_each_protocol_and_subset() -> None:
    assert rows(format_table([RESULT])) == [
        ["small on ferplus public-test", "majority", "majority, scenes"],
        ["faces", "3,191", "100"],
        ["accuracy %", "90.1 (89.0 to 91.2)", ""],
        ["found %", "", "95.0 (93.0 to 97.0)"],
        ["loss in points", "", "2.1 (0.1 to 4.1)"],
        ["NLL", "0.432 (0.400 to 0.460)", ""],
    ]


def test_several_results_stand_side_by_side() -> None:
    other = replace(RESULT, model="large", scores=(replace(WHOLE, images=3000),))
    assert rows(format_table([RESULT, other])) == [
        ["protocol, ferplus public-test", "metric", "small", "large"],
        ["majority", "faces", "3,191", "3,000"],
        ["", "accuracy %", *["90.1 (89.0 to 91.2)"] * 2],
        ["", "NLL", *["0.432 (0.400 to 0.460)"] * 2],
        ["majority, scenes", "faces", "100", ""],
        ["", "found %", "95.0 (93.0 to 97.0)", ""],
        ["", "loss in points", "2.1 (0.1 to 4.1)", ""],
    ]
    head, *_ = rows(format_table([RESULT, replace(other, split="train")]))
    assert head[2:] == ["small on ferplus public-test", "large on ferplus train"]


def test_classes_and_confusion() -> None:
    assert cells(format_classes(WHOLE).splitlines()[3]) == ["anger", "2", "100.0", "50.0", "66.7"]
    lines = format_confusion(WHOLE).splitlines()
    assert cells(lines[0]) == ["true \\ predicted", "neutral", "anger"]
    assert cells(lines[2]) == ["neutral", "1,000", "0"]


def test_missed_faces_have_a_column_in_the_confusion_matrix() -> None:
    missed = replace(WHOLE, confusion=((999, 0, 1), (1, 1, 0)))
    lines = format_confusion(missed).splitlines()
    assert cells(lines[0]) == ["true \\ predicted", "neutral", "anger", "no answer"]
    assert cells(lines[2]) == ["neutral", "999", "0", "1"]


def test_comparisons_say_which_is_right_more_often() -> None:
    one = report_records.comparison()
    equal = report_records.comparison(p_value=0.05)
    certain = replace(one, p_value=1e-9, only_first=99, difference=Estimate(-0.05, -0.06, -0.04))
    _, *lines = rows(format_comparisons([one, equal, certain]))
    assert lines[0] == [
        *["majority", "small", "large", "1,120", "20", "48"],
        *["+2.5 (+1.1 to +3.9)", "0.012", "large is right more often"],
    ]
    assert lines[1][-2:] == ["0.050", "no difference shown"]
    assert lines[2][-3:] == ["-5.0 (-6.0 to -4.0)", "< 0.001", "small is right more often"]


def test_groups_that_are_too_small_are_marked() -> None:
    first = report_records.result()
    other = replace(first, model="large", groups=first.groups[:1], gaps=())
    head, *lines = rows(format_groups([first, other]))
    assert head[:2] == ["column, majority", "group"]
    assert head[2:] == ["faces", "small, accuracy %", "large, accuracy %"]
    assert lines[0] == ["age", "3-9", "400", "80.0 (78.0 to 82.0)", "80.0 (78.0 to 82.0)"]
    assert lines[2] == ["age", "over 70", "12", "50.0 (20.0 to 80.0) (too few to judge)", ""]
    assert lines[3] == [
        *["age", "largest gap, in points", "", "10-19 over 3-9: 10.0 (5.0 to 15.0)", ""]
    ]


def test_groups_tell_of_how_many_persons_they_are() -> None:
    first = report_records.result()
    of_few = replace(first.groups[0], clusters=3)
    head, *lines = rows(format_groups([replace(first, groups=(of_few, *first.groups[1:]))]))
    assert head[2] == "faces, of persons, videos or photos"
    assert [line[2] for line in lines[:2]] == ["400, of 3", f"{first.groups[1].images}"]


def test_robustness_of_one_model_by_strength() -> None:
    head, *lines = rows(format_robustness([report_records.result()]))
    assert head[0] == "small, accuracy %, majority"
    assert head[1:] == [*(f"strength {one}" for one in range(6)), "mean above 0"]
    assert lines[1] == ["mouth covered", "86.6", "84.6", "82.6", "80.6", "78.6", "76.6", "80.6"]
    # The tenth kind loses 10 points a strength; the mean kind 5.5.
    assert lines[-1] == ["mean of all", "86.6", "81.1", "75.6", "70.1", "64.6", "59.1", "70.1"]


def test_robustness_of_several_models_side_by_side() -> None:
    results = [
        report_records.result(),
        report_records.result("large", 0.966),
        report_records.result("unmeasured", robustness=()),
    ]
    head, *lines = rows(format_robustness(results))
    assert head == ["accuracy %, majority, mean of strengths 1 to 5", "small", "large"]
    assert lines[0] == ["as they are", "86.6 (84.6 to 88.6)", "96.6 (94.6 to 98.6)"]
    assert lines[1] == ["eyes covered", "83.6", "93.6"]
    assert lines[-1] == ["mean of all", "70.1", "80.1"]


def test_names_cannot_break_a_table() -> None:
    assert markdown(["a"], [["x|y\nz"]], left=1).splitlines()[-1] == "| x\\|y z |"


def test_p_values_say_on_which_side_of_the_level_they_are() -> None:
    values = (0.2, 0.0504, 0.05, 0.049996, 0.0494, 0.00099996, 1e-9)
    told = ["0.200", "0.050", "0.050", "< 0.05", "0.049", "< 0.001", "< 0.001"]
    assert [probability(value) for value in values] == told


def test_how_many_persons_intervals_draw_stands_below_the_faces() -> None:
    of_people = replace(RESULT, scores=(replace(WHOLE, clusters=1204), SCENES))
    table = rows(format_table([of_people]))
    assert table[1:3] == [["faces", "3,191", "100"], ["of persons, videos or photos", "1,204", ""]]
    assert "persons" not in format_table([RESULT])
