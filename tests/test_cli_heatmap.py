"""``mien predict --annotate FOLDER --heatmap``."""

import json
import os
import subprocess
import sys
from pathlib import Path

import attentive_model
import cv2
import numpy as np
import pytest

from mien.cli import DONE, SOME_FAILED, WRONG_USAGE, main

HOT = 0.6 * np.array([253, 231, 37])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A face crop that is dark but for its lower left sixteenth."""
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    picture = np.zeros((240, 240, 3), np.uint8)
    picture[180:, :60] = 255
    cv2.imwrite(str(path), picture)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return attentive_model.write(tmp_path / "model.onnx")


def options(model: Path) -> list[str]:
    return ["--model", str(model), "--detector", "none", "--threads", "1"]


def test_heat_is_drawn_and_the_rows_are_the_same(photo: Path, model: Path, tmp_path: Path) -> None:
    rows = []
    for name, more in (("plain", []), ("warm", ["--heatmap"])):
        output, folder = tmp_path / f"{name}.csv", tmp_path / name
        arguments = [str(photo), "--output", str(output), "--annotate", str(folder)]
        assert main(["predict", *arguments, *options(model), *more]) == DONE
        rows.append(output.read_text())
    assert rows[0] == rows[1]
    plain, warm = (
        cv2.imread(str(tmp_path / name / "photo.png"))[..., ::-1] for name in ("plain", "warm")
    )
    # Drawn twice as large, as it is a small one.
    assert plain[416:424, 56:64].min() == 255
    np.testing.assert_allclose(warm[416:424, 56:64].mean((0, 1)), HOT + 0.4 * 255, atol=6)
    # Where nothing is bright, nothing is laid over.
    np.testing.assert_array_equal(warm[120:300, 260:400], plain[120:300, 260:400])


def test_heat_without_a_folder_for_pictures_is_wrong_usage(
    photo: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(photo), "--heatmap", *options(model)]) == WRONG_USAGE
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert captured.out == ""
    assert line.startswith("mien: error: --heatmap ")
    assert "--annotate FOLDER" in line


def test_a_model_without_attention_is_one_line_before_anything_is_written(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    arguments = ["predict", str(photo), "--annotate", str(folder), "--heatmap"]
    assert main(arguments) == SOME_FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert "mien-small.onnx: the model gives no attention" in line
    assert line.endswith("with: mien export CHECKPOINT -o model.onnx")
    assert not folder.exists()


def test_heat_needs_no_torch(photo: Path, model: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from mien.cli import main; code = main(sys.argv[1:]); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'matplotlib', 'PIL'})); "
        "sys.exit(code)"
    )
    more = ["--output", os.devnull, "--format", "csv", "--annotate", str(tmp_path), "--heatmap"]
    command = [sys.executable, "-c", code, "predict", str(photo), *more, *options(model)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_models_says_of_which_heat_can_be_drawn(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models"]) == DONE
    assert "  heat maps    no, it has no attention\n" in capsys.readouterr().out
    monkeypatch.setattr("mien.zoo.shipped_model", lambda _: model)
    assert main(["models"]) == DONE
    assert "  heat maps    yes\n" in capsys.readouterr().out
    assert main(["models", "mien-small", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["attention"] is True
