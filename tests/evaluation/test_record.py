"""Results as files: whole, stable, readable back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mien.errors import DataError, NotFound, OutputError
from mien.evaluation.bootstrap import Estimate
from mien.evaluation.metrics import ClassScores
from mien.evaluation.record import Result, read_result, write_result
from mien.evaluation.scores import Scores

WHOLE = Scores(
    protocol="majority",
    subset="whole",
    images=3,
    metrics={"accuracy": Estimate(2 / 3, 0.25, 1.0)},
    classes={"neutral": ClassScores(0.5, 1.0, 2 / 3, 1), "anger": ClassScores(1.0, 0.5, 2 / 3, 2)},
    confusion=((1, 0), (1, 1)),
)
RESULT = Result(
    model="mien-small",
    model_sha256="00ff",
    recipe="small",
    seed=1,
    trained_at="abc",
    dataset="ferplus",
    split="public-test",
    data_fingerprint="ff00",
    labels=("neutral", "anger"),
    scores=(WHOLE, replace(WHOLE, subset="clean", images=2, clusters=2)),
    settings={"note": "a [ 1, 2 ] in a text stays"},
    commit="def",
    version="0.1.0",
    machine={"processor": "Körper 7", "cores": 2},
    date="2026-01-02",
    command="mien evaluate mien-small ferplus",
    predictions=(0, 0, 1, -1),
)


def test_written_and_read_back_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "results" / "a b" / "größe.json"
    write_result(RESULT, path)
    assert read_result(path) == RESULT
    assert [one.name for one in path.parent.iterdir()] == ["größe.json"]


def test_the_same_record_is_the_same_text() -> None:
    assert RESULT.to_json() == Result.from_json(RESULT.to_json()).to_json()
    keys = list(json.loads(RESULT.to_json()))
    assert keys[:3] == ["format", "model", "model_sha256"]
    assert keys[-1] == "predictions"


def test_lists_of_numbers_stand_on_one_line() -> None:
    lines = RESULT.to_json().splitlines()
    assert any(line.strip() == '"predictions": [0, 0, 1, -1]' for line in lines)
    assert "[1, 0]," in [line.strip() for line in lines]
    assert json.loads(RESULT.to_json())["settings"] == RESULT.settings


def test_find_names_what_is_there() -> None:
    assert RESULT.find("majority", "clean").images == 2
    with pytest.raises(DataError, match="argmax whole, only for majority whole, majority clean"):
        RESULT.find("argmax")


def test_measurements_for_the_card() -> None:
    whole, clean = RESULT.measurements("results/x.json")
    assert (whole.dataset, whole.split, whole.protocol) == ("ferplus", "public-test", "majority")
    assert clean.protocol == "majority, clean"
    assert whole.images == 3
    assert whole.file == "results/x.json"
    assert dict(whole.values) == {
        "accuracy": 2 / 3,
        "accuracy_low": 0.25,
        "accuracy_high": 1.0,
    }


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "scores": [{}]}']
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"bad\.json: this is not a whole result"):
        read_result(path)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"bad\.json: this is not a result"):
        read_result(tmp_path / "bad.json")


def test_a_newer_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text('{"format": 3}')
    with pytest.raises(DataError, match=r"new\.json: this result has format 3.*--upgrade"):
        read_result(tmp_path / "new.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.json"):
        read_result(tmp_path / "none.json")


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    write_result(RESULT, path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match=r"result\.json: .*No space left"):
        write_result(replace(RESULT, model="other"), path)
    assert read_result(path) == RESULT
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_that_json_cannot_hold_are_not_written(tmp_path: Path) -> None:
    bad = replace(WHOLE, metrics={"accuracy": Estimate(float("nan"), 0, 1)})
    with pytest.raises(DataError, match="not finite"):
        write_result(replace(RESULT, scores=(bad,)), tmp_path / "x.json")
    assert not list(tmp_path.iterdir())
