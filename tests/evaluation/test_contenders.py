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


def test_words_that_fit_nothing_are_refused(tiny_onnx: Path) -> None:
    with pytest.raises(InputError, match="without a card, and there is none"):
        load_contenders([tiny_onnx], foreign=Foreign(labels=BASIC8))
    with pytest.raises(InputError, match="no model"):
        load_contenders([])
