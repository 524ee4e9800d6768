"""What is measured: models and tables, by names that differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.evaluation.classifier import load_classifier
from mien.evaluation.contenders import load_contenders
from mien.evaluation.foreign import Foreign
from mien.expressions import BASIC8


def test_models_and_tables_side_by_side(
    tiny_onnx: Path, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    rows = tmp_path / "theirs.csv"
    rows.write_text("name,predicted\na,sad\n")
    bare = make_model(tmp_path / "bare.onnx", card=None)
    said = Foreign(labels=BASIC8, mean=(0.5, 0.4, 0.3))
    loaded = load_classifier(tiny_onnx)
    found = load_contenders([tiny_onnx, rows, bare, loaded, tiny_onnx], foreign=said)
    assert [one.name for one in found] == ["tiny", "theirs", "bare", "tiny #2", "tiny #3"]
    assert [one.called for one in found][:4] == ["tiny.onnx", "theirs.csv", "bare.onnx", "tiny"]
    assert found[0].card is not None
    assert found[0].card.recipe == "none"
    assert found[1].card is None
    assert found[0].settings == {}
    assert found[1].settings == {"predictions": "theirs.csv"}
    assert found[2].settings == {
        "labels": str(BASIC8),
        "size": 48,
        "colour": "rgb",
        "mean": "0.5, 0.4, 0.3",
        "std": "0.5, 0.5, 0.5",
        "answers": "logits",
    }
    assert found[0].network("--views flip").card.name == "tiny"
    with pytest.raises(InputError, match=r"theirs\.csv: --views flip needs the model itself"):
        found[1].network("--views flip")


def test_files_of_one_name_are_called_by_what_differs_in_their_paths(
    tiny_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tiny_onnx.read_bytes()
    files = [
        tmp_path / place for place in ("seed-0/model.onnx", "seed-1/model.onnx", "old.v1.onnx")
    ]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    loaded = load_classifier(tiny_onnx)

    def names(*models) -> list[str]:
        return [one.name for one in load_contenders(models)]

    assert names(*files) == ["seed-0/model", "seed-1/model", "old.v1"]
    assert names(*files[:2]) == ["seed-0/model", "seed-1/model"]
    assert names(files[0], loaded) == ["model", "tiny"]
    assert names(files[2]) == ["tiny"]
    assert names(files[2], files[2]) == ["old.v1", "old.v1 #2"]

    def several_drives(_: object) -> str:
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr("os.path.commonpath", several_drives)
    one, two = names(*files[:2])
    assert one.endswith("/seed-0/model")
    assert two.endswith("/seed-1/model")


def test_words_that_fit_nothing_are_refused(tiny_onnx: Path) -> None:
    with pytest.raises(InputError, match="without a card, and there is none"):
        load_contenders([tiny_onnx], foreign=Foreign(labels=BASIC8))
    with pytest.raises(InputError, match="no model"):
        load_contenders([])
