"""From a run of training to a prediction: evaluate, export, and the result in use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import ferplus_copy
import pytest

pytest.importorskip("lightning")

from lightning_warnings import IGNORED

from mien.cli import SOME_FAILED, WRONG_USAGE, main
from mien.expressions import BASIC8
from mien.models import VARIANTS, load_model, save_model

pytestmark = IGNORED


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ferplus_copy.write_folders(
        tmp_path_factory.mktemp("ferplus"),
        {
            "FER2013Train": ferplus_copy.make_faces(160),
            "FER2013Valid": ferplus_copy.make_faces(24, seed=1),
        },
    )


@pytest.fixture(scope="module")
def checkpoint(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    arguments = ["train", "ferplus.small", "--data", str(root), "--output", str(folder), "--smoke"]
    assert main([*arguments, "--set", "epochs=1", "--set", "seed=3"]) == 0
    return folder / "model.safetensors"


def test_from_training_to_a_prediction(
    root: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.json"
    arguments = ["evaluate", str(checkpoint), "ferplus", "--root", str(root)]
    assert main([*arguments, "--output", str(record), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(record.read_text())
    assert printed["seed"] == 3
    assert {(one["protocol"], one["subset"]) for one in printed["scores"]} == {
        (protocol, subset)
        for protocol in ("majority", "argmax", "all")
        for subset in ("whole", "clean")
    }

    model = tmp_path / "my.onnx"
    arguments = ["export", str(checkpoint), "-o", str(model), "--faces", str(root)]
    assert main([*arguments, "--name", "mine", "--results", str(record)]) == 0
    assert "differ from PyTorch by" in capsys.readouterr().out

    face = next((root / "FER2013Valid").glob("*.png"))
    arguments = ["predict", str(face), "--model", str(model), "--detector", "none"]
    assert main([*arguments, "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["model"] == "mine"
    assert sum(row[str(name)] for name in BASIC8) == pytest.approx(1, abs=1e-5)


def test_a_card_takes_numbers_of_its_own_alone_and_each_once(
    root: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.json"
    arguments = ["evaluate", str(checkpoint), "ferplus", "--root", str(root)]
    assert main([*arguments, "--protocol", "majority", "--output", str(record)]) == 0
    export = ["export", str(checkpoint), "-o", str(tmp_path / "my.onnx"), "--results", str(record)]
    capsys.readouterr()
    assert main([*export, "--results", str(record)]) == WRONG_USAGE
    assert "is told by another --results already" in capsys.readouterr().err
    other = json.loads(record.read_text())
    record.write_text(json.dumps({**other, "seed": 4}))
    assert main(export) == WRONG_USAGE
    assert "is of another model, " in (said := capsys.readouterr().err)
    assert "the seed of its training is 4, that of" in said
    untold = tmp_path / "untold.safetensors"
    network, card = load_model(checkpoint)
    save_model(network, replace(card, recipe="", seed=None, commit=""), untold)
    record.write_text(json.dumps({**other, "recipe": "", "seed": None, "trained_at": ""}))
    assert main([*export[:1], str(untold), *export[2:]]) == WRONG_USAGE
    assert "its card tells of no training" in capsys.readouterr().err
    untold.unlink()
    assert list(tmp_path.iterdir()) == [record]


@pytest.mark.parametrize("output", ["best.safetensors", "best.SAFETENSORS"])
def test_an_export_replaces_no_checkpoint(
    output: str, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / output).write_bytes(b"weights")
    assert main(["export", str(checkpoint), "-o", str(tmp_path / output)]) == WRONG_USAGE
    assert "would be an ONNX model, and .safetensors files are none" in capsys.readouterr().err
    assert (tmp_path / output).read_bytes() == b"weights"
    assert main(["export", str(checkpoint), "-o", str(tmp_path)]) == SOME_FAILED
    assert f"{tmp_path}: cannot be written (Is a directory)" in capsys.readouterr().err


def test_faces_pasted_into_scenes_are_measured(
    root: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "my.onnx"
    assert main(["export", str(checkpoint), "-o", str(model)]) == 0
    capsys.readouterr()
    arguments = ["evaluate", str(model), "ferplus", "--root", str(root), "--scenes", "--json"]
    assert main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["settings"]["detector"] == "mtcnn"
    # Blocks of grey are no faces, and what was not found counts as wrong.
    assert result["scores"][0]["metrics"]["accuracy"]["value"] <= 0.1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["export", "no.safetensors", "-o", "x.onnx"], 1, "no.safetensors"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    said = capsys.readouterr().err.strip()
    assert said.startswith("mien: error: ")
    assert message in said
    assert "\n" not in said


def test_costs_stand_beside_the_papers_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("deit-tiny, unpooled", "deit-tiny (196, 0.8)", "small")
    monkeypatch.setattr("mien.models.variants.VARIANTS", {one: VARIANTS[one] for one in names})
    assert main(["models", "--cost", "--json"]) == 0
    whole, pruned, small = map(json.loads, capsys.readouterr().out.splitlines())
    assert pruned["paper"] == {
        "value": 0.96,
        "digits": 2,
        "unit": "G",
        "source": "APViT, Table 14",
        "baseline": None,
    }
    assert pruned["difference"] == pytest.approx(pruned["fvcore"] / 1e9 - 0.96)
    # Table 14's reduction of 23.68 % is that of the rounded figures.
    assert 1 - pruned["fvcore"] / whole["fvcore"] == pytest.approx(0.2372, abs=5e-5)
    assert (small["paper"], small["parameters"]) == (None, 2_803_992)
    assert main(["models", "--cost"]) == 0
    table = capsys.readouterr().out
    assert "APViT, Table 14" in table
    assert "2,803,992" in table


@pytest.mark.parametrize(
    "command",
    [
        "export FILE -o FILE",
        "export other --faces FILE -o FILE",
        "import-checkpoint FILE --model dan -o FILE",
        "average other FILE -o FILE",
        "average other other --data ferplus=FILE -o FILE",
        "evaluate mien-small ferplus --root FILE --output FILE",
        "evaluate mien-small ferplus --root FILE --report FILE",
        "evaluate FILE ferplus --root other --output FILE",
        "data check ferplus --root FILE --output FILE",
    ],
)
def test_no_verb_writes_over_what_it_reads(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.zip"
    file.write_text("precious")
    assert main(command.replace("FILE", str(file)).split()) == 2
    assert "is read here, and would be lost; write to another file" in capsys.readouterr().err
    assert file.read_text() == "precious"
