"""The verb train from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import ferplus_copy
import pytest

pytest.importorskip("lightning")

from lightning_warnings import IGNORED

from mien.cli import main
from mien.models import load_model

pytestmark = IGNORED


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ferplus")
    splits = {
        "FER2013Train": ferplus_copy.make_faces(48),
        "FER2013Valid": ferplus_copy.make_faces(24, seed=1),
    }
    return ferplus_copy.write_folders(folder, splits)


def train(root: Path, folder: Path, *more: str) -> int:
    arguments = ["train", "ferplus.small", "--data", f"ferplus={root}", "--output", str(folder)]
    small = ["stem=8", "widths=[8,16]", "depths=[1,1]", "plain_stages=0"]
    settings = [word for one in small for word in ("--set", f"options.{one}")]
    return main([*arguments, "--smoke", *settings, "--set", "preprocess.size=16", *more])


def history(folder: Path) -> object:
    return json.loads((folder / "run.json").read_text())["history"]


def test_a_paused_run_goes_on_by_the_same_command(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    assert train(root, whole, "--set", "seed=3") == 0
    said = capsys.readouterr()
    assert said.out == f"{whole / 'model.safetensors'}\n"
    assert "mien: epoch 2 of 2: training loss " in said.err
    assert load_model(whole / "model.safetensors")[1].seed == 3

    number = 0
    while True:
        assert train(root, pieces, "--set", "seed=3", "--minutes", "1e-6") == 0
        said = capsys.readouterr()
        assert (said.out == "") == ("mien: paused; the same command goes on\n" in said.err)
        if said.out:
            break
        number += 1
    assert number == 3  # four steps, a pause behind each but the last
    assert history(pieces) == history(whole)
    files = ("model.safetensors", "last.safetensors")
    assert all((pieces / one).read_bytes() == (whole / one).read_bytes() for one in files)


def test_a_restart_forgets_what_was_there(root: Path, tmp_path: Path) -> None:
    assert train(root, tmp_path, "--set", "seed=3", "--minutes", "1e-6") == 0
    assert train(root, tmp_path, "--set", "seed=4") == 1
    assert train(root, tmp_path, "--set", "seed=4", "--set", "steps=2", "--restart") == 0
    assert load_model(tmp_path / "model.safetensors")[1].seed == 4
    assert len(list((tmp_path / "log").glob("events*"))) == 1


def test_the_set_of_a_copy_may_be_left_out_or_be_another(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "ferplus.small", "--data", "nowhere=here"]) == 2
    assert "no data set is called 'nowhere'" in capsys.readouterr().err
    for word in (str(root), f"ferplus={root}"):
        arguments = ["train", "ferplus.small", "--data", word, "--set", "batch=4096"]
        assert main([*arguments, "--output", str(tmp_path)]) == 1
        assert "is larger than the training part of" in capsys.readouterr().err
    assert main(["train", "ferplus.small", "--data", f"rafdb={tmp_path / 'none'}"]) == 1
    assert "RAF-DB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["ferplus.smal", "--data", "x"], 2, "did you mean ferplus.small"),
        (["ferplus.small", "--data", "nowhere"], 1, "nowhere: there is no FER+"),
        (["ferplus.small"], 1, "ferplus.small needs a copy of ferplus: --data ferplus=ROOT"),
        (["ferplus.small", "--packed", "no.file"], 1, "no.file"),
        (["ferplus.small", "--data", "x", "--data", "y"], 2, "a copy of ferplus already, x"),
        (["ferplus.small", "--data", "x", "--set", "epoch=1"], 2, "epochs"),
        (["ferplus.small", "--data", "x", "--set", "epochs"], 2, "KEY=VALUE"),
        (["ferplus.small", "--data", "x", "--set", "epochs=many"], 2, "needs a whole number"),
        (["ferplus.small", "--data", "x", "--minutes", "-1"], 2, "--minutes is -1"),
        (["ferplus.small", "--data", "x", "--devices", "3"], 2, "among 3 processes"),
        (["ferplus.small", "--data", "x", "--nodes", "0"], 2, "at least 1"),
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
    assert main(["train", *arguments]) == code
    said = capsys.readouterr().err.strip()
    assert said.startswith("mien: error: ")
    assert message in said
    assert "\n" not in said
