import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attentive_model
import numpy as np
import pytest

from mien.card import Card
from mien.errors import CardError, ModelError, NotFound
from mien.expressions import BASIC7, BASIC8
from mien.faces.session import open_session
from mien.inference.session import Model
from mien.preprocess import Preprocess

CARD = Card(
    name="warm",
    architecture="none",
    labels=BASIC8,
    preprocess=Preprocess(size=48, colour="grey"),
    temperature=2.5,
)


def test_probabilities_are_the_softmax_of_logits_over_temperature(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    weights = np.random.default_rng(1).normal(0, 2, (8, 3)).astype(np.float32)
    model = Model(make_model(tmp_path / "m.onnx", card=CARD.to_json(), weights=weights))
    inputs = np.random.default_rng(2).normal(0, 1, (70, 3, 48, 48)).astype(np.float32)
    logits = np.float64(inputs).mean(axis=(2, 3)) @ np.float64(weights).T + np.arange(8) / 10
    expected = np.exp(logits / 2.5)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(inputs), expected, atol=1e-6)
    assert model.name == "warm"


@pytest.mark.parametrize(
    ("asked", "ours", "all_cores", "taken"),
    [(None, 2, 8, 2), (None, 8, 8, 0), (3, 2, 8, 3), (None, 1, None, 0)],
)
def test_threads_are_those_that_the_process_may_have(
    asked: int | None,
    ours: int,
    all_cores: int | None,
    taken: int,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0 leaves it to onnxruntime, which counts the physical cores of the whole machine."""
    import onnxruntime

    seen = []

    def session(_: bytes, options: Any, **__: Any) -> None:
        seen.append(options.intra_op_num_threads)

    monkeypatch.setattr("mien.faces.session.cores", lambda: ours)
    monkeypatch.setattr("os.cpu_count", lambda: all_cores)
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    open_session(tiny_model.read_bytes(), "tiny", asked)
    assert seen == [taken]


def test_no_faces_give_no_rows(tiny_model: Path) -> None:
    none = np.empty((0, 3, 48, 48), np.float32)
    assert Model(tiny_model).probabilities(none).shape == (0, 8)


def test_a_model_of_one_face_at_a_time_is_fed_one_by_one(
    make_model: Callable[..., Path], tiny_model: Path, tmp_path: Path
) -> None:
    single = Model(make_model(tmp_path / "m.onnx", batch=1))
    inputs = np.random.default_rng(0).normal(0, 1, (3, 3, 48, 48)).astype(np.float32)
    expected = Model(tiny_model).probabilities(inputs)
    np.testing.assert_allclose(single.probabilities(inputs), expected, atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"hello\n" * 100, b"\x08\x09\x12"])
def test_what_is_no_onnx_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        Model(path)
    assert str(caught.value) == f"{path}: not an ONNX model, or not a whole one"


def test_a_truncated_onnx_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(tiny_model.read_bytes()[:200])
    with pytest.raises(ModelError, match=r"cut\.onnx"):
        Model(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.onnx"):
        Model(tmp_path / "gone.onnx")


def test_a_model_without_card_is_refused_with_the_remedy(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(CardError, match=r"m\.onnx: the model has no card.*mien export"):
        Model(make_model(tmp_path / "m.onnx", card=None))


def test_a_card_of_a_newer_format_is_refused(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    card = json.dumps({**json.loads(CARD.to_json()), "format": 99})
    with pytest.raises(CardError, match=r"m\.onnx: its card has format 99"):
        Model(make_model(tmp_path / "m.onnx", card=card))


def test_a_card_of_other_classes_is_refused(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_model(tmp_path / "m.onnx", card=CARD.with_(labels=BASIC7).to_json())
    with pytest.raises(ModelError, match="names 7 classes"):
        Model(path)


def test_a_card_of_another_size_is_refused(make_model: Callable[..., Path], tmp_path: Path) -> None:
    card = CARD.with_(preprocess=Preprocess(size=64)).to_json()
    with pytest.raises(ModelError, match=r"one input of shape \(N, 3, 64, 64\)"):
        Model(make_model(tmp_path / "m.onnx", card=card))


def test_numbers_that_are_not_finite_are_refused(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    weights = np.full((8, 3), np.nan, np.float32)
    model = Model(make_model(tmp_path / "m.onnx", weights=weights))
    with pytest.raises(ModelError, match="not finite"):
        model.probabilities(np.zeros((1, 3, 48, 48), np.float32))


# --- attention -------------------------------------------------------------------------------


def spied(model: Model) -> list[list[str]]:
    """Lists which outputs are asked of onnxruntime."""
    asked: list[list[str]] = []
    session = model._session

    class Spy:
        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> object:
            asked.append(list(names))
            return session.run(names, inputs)

    model._session = Spy()
    return asked


@pytest.mark.parametrize("batch", ["N", 1])
def test_attention_comes_beside_the_same_probabilities(batch: object, tmp_path: Path) -> None:
    model = Model(attentive_model.write(tmp_path / "m.onnx", batch=batch))
    inputs = np.random.default_rng(0).normal(0, 1, (70, 3, 48, 48)).astype(np.float32)
    answers, maps = model.probabilities_and_attention(inputs)
    np.testing.assert_array_equal(answers, model.probabilities(inputs))
    np.testing.assert_allclose(maps, attentive_model.maps_of(inputs), atol=1e-6)
    assert maps.dtype == np.float32
    assert model.has_attention


def test_attention_is_computed_only_when_asked_for(tmp_path: Path) -> None:
    model = Model(attentive_model.write(tmp_path / "m.onnx"))
    asked = spied(model)
    inputs = np.zeros((65, 3, 48, 48), np.float32)
    model.probabilities(inputs)
    assert asked == [["logits"]] * 2
    model.probabilities_and_attention(inputs)
    assert asked[2:] == [["logits", "attention"]] * 2


def test_no_faces_have_no_attention(tmp_path: Path) -> None:
    model = Model(attentive_model.write(tmp_path / "m.onnx"))
    answers, maps = model.probabilities_and_attention(np.empty((0, 3, 48, 48), np.float32))
    assert answers.shape == (0, 8)
    assert len(maps) == 0


def test_a_model_without_attention_says_what_has_it_and_how(tiny_model: Path) -> None:
    model = Model(tiny_model)
    assert not model.has_attention
    asked = spied(model)
    with pytest.raises(ModelError) as caught:
        model.probabilities_and_attention(np.zeros((1, 3, 48, 48), np.float32))
    message = str(caught.value)
    assert message.startswith(f"{tiny_model}: the model gives no attention")
    assert "apvit, dan, lla_net, msa_net and transfer" in message
    assert message.endswith("mien export CHECKPOINT -o model.onnx")
    assert "\n" not in message
    assert asked == []


def test_attention_without_places_is_refused_only_where_it_is_used(tmp_path: Path) -> None:
    model = Model(attentive_model.write(tmp_path / "m.onnx", flat=True))
    inputs = np.zeros((2, 3, 48, 48), np.float32)
    assert model.probabilities(inputs).shape == (2, 8)
    with pytest.raises(ModelError, match=r"attention has shape .*3\], not \(N, maps, h, w\)"):
        model.probabilities_and_attention(inputs)


def test_attention_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    model = Model(attentive_model.write(tmp_path / "m.onnx"))
    inputs = np.zeros((2, 3, 48, 48), np.float32)
    session = model._session

    class Broken:
        def run(self, names: list[str], values: dict[str, np.ndarray]) -> list[np.ndarray]:
            logits, maps = session.run(names, values)
            maps[1, 0, 2, 3] = np.inf
            return [logits, maps]

    model._session = Broken()
    with pytest.raises(ModelError, match="not finite"):
        model.probabilities_and_attention(inputs)
