import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mien import zoo
from mien.errors import ModelError, NotFound, UnknownName


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


def test_a_model_is_a_name_or_a_file(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert zoo.model_file("mien-small") == weights
    assert zoo.model_file("mien-small.onnx") == Path("mien-small.onnx")
    Path("mien-small").write_bytes(b"somebody's")
    Path("runs").mkdir()
    # A name is the shipped model's, also where a file has it; a path is never a name.
    assert zoo.model_file("mien-small") == weights
    assert zoo.model_file(Path("mien-small")) == Path("mien-small")
    assert zoo.model_file("./mien-small") == Path("mien-small")
    with pytest.raises(UnknownName, match="did you mean mien-small"):
        zoo.model_file("mien-smal")
    for missing in ("no.onnx", "folder/model", "runs", Path("mien-smal")):
        with pytest.raises(NotFound, match=f"{missing}: there is no such model file"):
            zoo.model_file(missing)


def test_records_stand_under_their_own_names() -> None:
    assert all(name == record.name for name, record in zoo.SHIPPED.items())
    assert len({record.file for record in zoo.SHIPPED.values()}) == len(zoo.SHIPPED)
