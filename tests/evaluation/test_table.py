"""Tables of results."""

from __future__ import annotations

from mien.evaluation.bootstrap import Estimate
from mien.evaluation.metrics import ClassScores
from mien.evaluation.record import Result
from mien.evaluation.scores import Scores
from mien.evaluation.table import format_classes, format_confusion, format_table

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


def test_table_has_a_row_for_each_protocol_and_subset() -> None:
    head, rule, whole, scenes = format_table([RESULT]).splitlines()
    assert cells(head) == [
        "model",
        "split",
        "protocol",
        "faces",
        "accuracy %",
        "found %",
        "loss in points",
        "NLL",
    ]
    assert set(rule) == set("|- :")
    assert cells(whole) == [
        "small",
        "ferplus public-test",
        "majority",
        "3,191",
        "90.1 (89.0 to 91.2)",
        "",
        "",
        "0.432 (0.400 to 0.460)",
    ]
    assert cells(scenes)[2:7] == [
        "majority, scenes",
        "100",
        "",
        "95.0 (93.0 to 97.0)",
        "2.1 (0.1 to 4.1)",
    ]
    assert len({len(head), len(rule), len(whole), len(scenes)}) == 1


def test_classes_and_confusion() -> None:
    assert cells(format_classes(WHOLE).splitlines()[3]) == ["anger", "2", "100.0", "50.0", "66.7"]
    lines = format_confusion(WHOLE).splitlines()
    assert cells(lines[0]) == ["true \\ predicted", "neutral", "anger"]
    assert cells(lines[2]) == ["neutral", "1,000", "0"]
