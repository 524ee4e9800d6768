"""The verb evaluate: what it prints and writes, on small copies made here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import ferplus_copy
import pytest
import rafdb_copy

pytest.importorskip("sklearn")

from mien.cli import main
from mien.expressions import BASIC7, BASIC8

LABELS = ",".join(BASIC8)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PublicTest of 24 faces, of which each expression has some."""
    return ferplus_copy.write_folders(
        tmp_path_factory.mktemp("ferplus") / "copy",
        {
            "FER2013Train": ferplus_copy.make_faces(8),
            "FER2013Valid": ferplus_copy.make_faces(24, seed=1),
        },
    )


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a run that goes well writes to standard output."""
    code = main(["evaluate", *map(str, arguments)])
    caught = capsys.readouterr()
    assert code == 0, caught.err
    return caught.out


def test_one_model_as_a_table_and_as_a_record(
    root: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = printed(capsys, tiny_model, "ferplus", "--root", root)
    assert all(one in table for one in ("majority, clean", "argmax", "accuracy %"))
    file = tmp_path / "record.json"
    told = printed(
        capsys,
        *(tiny_model, "ferplus", "--root", root, "--protocol", "all", "--views", "ten-crop"),
        *("--json", "--output", file),
    )
    record = json.loads(told)
    assert record == json.loads(file.read_text())
    assert (record["model"], record["split"]) == ("tiny", "public-test")
    assert record["settings"] == {"views": "ten-crop"}
    assert record["command"] == (
        "mien evaluate tiny.onnx ferplus --root copy --split public-test --protocol all "
        "--views ten-crop"
    )
    assert [one["subset"] for one in record["scores"]] == ["whole", "clean"]


def test_several_models_side_by_side(
    root: Path, tiny_model: Path, make_model: Callable[..., Path], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bare = make_model(tmp_path / "bare.onnx", card=None)
    folder, page = tmp_path / "records", tmp_path / "report.html"
    arguments = [tiny_model, bare, "ferplus", "--root", root, "--protocol", "majority"]
    arguments += ["--labels", LABELS, "--mean", "0.5,0.4,0.3", "--colour", "grey"]
    table = printed(capsys, *arguments, "--output", folder, "--report", page)
    assert "only second right" in table
    assert page.read_text().lower().startswith("<!doctype html>")
    one, other = (
        json.loads((folder / f"{name}.ferplus.public-test.json").read_text())
        for name in ("tiny", "bare")
    )
    assert one["settings"] == {}
    # What is said of files without a card would be refused with a model that has one alone.
    assert one["command"].endswith("--split public-test --protocol majority")
    assert other["settings"]["mean"] == "0.5, 0.4, 0.3"
    assert other["command"].endswith(
        f"--protocol majority --labels {LABELS} --colour grey --mean 0.5,0.4,0.3"
    )
    (whole, _) = json.loads((folder / "comparisons.json").read_text())
    assert (whole["first"], whole["second"]) == ("tiny", "bare")
    listed = json.loads(printed(capsys, *arguments, "--json"))
    assert [record["model"] for record in listed["results"]] == ["tiny", "bare"]
    assert listed["comparisons"][0] == whole


def test_predictions_of_mien_predict_are_measured(
    root: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.csv"
    found = ["predict", str(root / "FER2013Valid"), "--detector", "none", "--output", str(rows)]
    assert main([*found, "--model", str(tiny_model)]) == 0
    theirs = json.loads(printed(capsys, rows, "ferplus", "--root", root, "--json"))
    ours = json.loads(printed(capsys, tiny_model, "ferplus", "--root", root, "--json"))
    assert theirs["predictions"] == ours["predictions"]
    for one, other in zip(theirs["scores"], ours["scores"], strict=True):
        assert one["confusion"] == other["confusion"]
        for name, number in other["metrics"].items():
            assert one["metrics"][name]["value"] == pytest.approx(number["value"], abs=1e-4)


def test_another_data_set_with_options_groups_and_robustness(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = rafdb_copy.names_of("test", 8)
    labels = {name: place % 7 + 1 for place, name in enumerate(names)}
    root = rafdb_copy.write_list(tmp_path / "rafdb", labels)
    rafdb_copy.write_pictures(root, names, "original")
    rafdb_copy.write_annotations(root, names)
    arguments = [tiny_model, "rafdb", "--root", root, "--set", "images=original"]
    table = printed(capsys, *arguments, "--column", "gender", "--robustness", "2")
    assert "female" in table
    told = printed(capsys, *arguments, "--column", "gender", "--robustness", "--json")
    record = json.loads(told)
    assert {one["images"] for one in record["robustness"]} == {8}
    assert record["command"].endswith(
        "--split test --set images=original --column gender --robustness 1000"
    )


def test_only_files_are_shortened_in_recorded_commands(
    root: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.csv"
    names = [path.name for path in sorted(root.rglob("*.png"))]
    people.write_text("\n".join(["name,first/second", *(f"{one},a" for one in names)]))
    columns = ["--groups", people, "--column", "first/second"]
    told = printed(capsys, tiny_model, "ferplus", "--root", root, *columns, "--json")
    assert json.loads(told)["command"].endswith("--groups people.csv --column first/second")


def test_a_detector_on_the_data_sets_own_pictures(
    root: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = printed(capsys, tiny_model, "ferplus", "--root", root, "--end-to-end", "--json")
    record = json.loads(told)
    assert record["settings"] == {"detector": "mtcnn"}
    # Blocks of grey are no faces, and what was not found counts as wrong.
    assert record["scores"][0]["metrics"]["accuracy"]["value"] <= 0.1
    assert record["command"].endswith("--end-to-end")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["MODEL"], 2, "give what to measure and then the data set"),
        (["MODEL", "ferpluss"], 2, "no data set is called 'ferpluss'; did you mean ferplus"),
        (["no.onnx", "ferplus"], 1, "no.onnx: there is no such model file"),
        (["no.csv", "ferplus"], 1, "no.csv: there is no table of predictions"),
        (["MODEL", "ferplus", "--protocol", "most"], 2, "no FER+ protocol is called 'most'"),
        (["MODEL", "ferplus", "--size", "4"], 2, "needs its expressions: --labels"),
        (["MODEL", "ferplus", "--labels", "anger"], 2, "without a card, and there is none"),
        (["MODEL", "ferplus", "--labels", "rage"], 2, "no expression is called 'rage'"),
        (["BARE", "ferplus"], 1, "or say here what it takes and answers with --labels"),
        (["BARE", "ferplus", "--labels", ",".join(BASIC7)], 1, "does not fit the 7 classes"),
        (["BARE", "ferplus", "--labels", LABELS, "--mean", "x"], 2, "needs one number or three"),
        (["MODEL", "ferplus", "--robustness", "1", "2"], 2, "takes one number of pictures"),
        (["MODEL", "ferplus", "--set", "protocol=all"], 2, "is chosen with --protocol"),
        (["MODEL", "ferplus", "--scenes", "--views", "flip"], 2, "not go together with --views"),
        (["MODEL", "ferplus", "--scenes", "--end-to-end"], 2, "together with --end-to-end"),
        (["MODEL", "ferplus", "--column", "age"], 2, "FER+ says nothing of its pictures"),
        (["MODEL", "ferplus", "--split", "private-test"], 1, "private-test is not in this copy"),
        (["MODEL", "MODEL", "ferplus", "--output", "FILE"], 1, "go to a folder"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str],
    code: int,
    message: str,
    root: Path,
    tiny_model: Path,
    make_model: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    bare = make_model(tmp_path / "bare.onnx", card=None)
    (tmp_path / "file").touch()
    places = {"MODEL": str(tiny_model), "BARE": str(bare), "FILE": str(tmp_path / "file")}
    words = [places.get(one, one) for one in arguments]
    assert main(["evaluate", *words, "--root", str(root)]) == code
    said = capsys.readouterr().err.strip()
    assert said.startswith("mien: error: ")
    assert message in said
    assert "\n" not in said


def test_it_says_now_and_then_how_far_it_is(
    root: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("mien.progress._SECONDS_BETWEEN_LINES", 0.0)
    assert main(["evaluate", str(tiny_model), "ferplus", "--root", str(root)]) == 0
    assert "mien: 24 done" in capsys.readouterr().err
