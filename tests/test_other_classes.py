"""Who refuses a model whose classes are no expressions, each in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.card import Card
from mien.cli import main
from mien.errors import LabelMismatch
from mien.expressions import OtherClasses
from mien.inference.session import Model
from mien.preprocess import Preprocess

CLASSES = OtherClasses(("age 0-2", "age 3-9", "gender Female", "gender Male"))
CARD = Card(
    name="stem",
    architecture="resnet",
    arguments={"width": 4, "depths": [1, 1]},
    labels=CLASSES,
    preprocess=Preprocess(size=48, colour="grey"),
)
LINE = r"its classes \(age 0-2, age 3-9, gender Female and 1 more\) are no expressions; .*--start"


@pytest.fixture
def runtime_model(make_model: Callable[..., Path], tmp_path: Path) -> Path:
    weights = np.zeros((4, 3), np.float32)
    return make_model(tmp_path / "stem.onnx", card=CARD.to_json(), weights=weights)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    pytest.importorskip("torch")
    from mien.models import create_model, save_model

    network = create_model(CARD.architecture, classes=CLASSES, **CARD.arguments)
    save_model(network, CARD, tmp_path / "stem.safetensors")
    return tmp_path / "stem.safetensors"


def test_the_runtime(runtime_model: Path) -> None:
    with pytest.raises(LabelMismatch, match=rf"stem\.onnx: {LINE}"):
        Model(runtime_model)
    with pytest.raises(LabelMismatch, match=LINE):
        mien.Recognizer(runtime_model)


def test_export(checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    from mien.export import export

    with pytest.raises(LabelMismatch, match=rf"stem\.safetensors: {LINE}"):
        export(checkpoint, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_evaluation(checkpoint: Path, tmp_path: Path) -> None:
    from mien.evaluation.evaluate import evaluate

    with pytest.raises(LabelMismatch, match=rf"stem\.safetensors: {LINE}"):
        evaluate([checkpoint], "ferplus", root=tmp_path)


def test_commands_say_it_in_one_line(
    runtime_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(tmp_path), "--model", str(runtime_model)]) == 1
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert "are no expressions" in error
