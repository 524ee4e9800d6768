import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mien import zoo
from mien.errors import ModelError, UnknownName


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of weights with one model whose record knows its SHA-256."""
    path = tmp_path / "mien-small.onnx"
    path.write_bytes(b"weights")
    record = replace(
        zoo.SHIPPED[zoo.DEFAULT], file=path.name, sha256=hashlib.sha256(b"weights").hexdigest()
    )
    monkeypatch.setattr(zoo, "_WEIGHTS", tmp_path)
    monkeypatch.setitem(zoo.SHIPPED, zoo.DEFAULT, record)
    return path


def test_the_default_is_shipped(weights: Path) -> None:
    assert zoo.shipped_model() == weights


def test_changed_weights_are_refused(weights: Path) -> None:
    weights.write_bytes(b"other weights")
    with pytest.raises(ModelError, match=r"mien-small\.onnx: the shipped model was changed"):
        zoo.shipped_model("mien-small")


def test_missing_weights_are_named(weights: Path) -> None:
    weights.unlink()
    with pytest.raises(ModelError, match=r"mien-small\.onnx: the shipped model cannot be read"):
        zoo.shipped_model("mien-small")


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownName, match="did you mean mien-small"):
        zoo.shipped_model("mien_small")


def test_records_stand_under_their_own_names() -> None:
    assert all(name == record.name for name, record in zoo.SHIPPED.items())
    assert len({record.file for record in zoo.SHIPPED.values()}) == len(zoo.SHIPPED)
