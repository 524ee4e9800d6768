"""ONNX classifiers without a card: what they take and answer is what the user says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from scipy.special import softmax

from mien.errors import InputError, ModelError, NotFound
from mien.evaluation.foreign import Foreign, ForeignModel, carries_card
from mien.expressions import LabelSet

THREE = LabelSet.of(["anger", "neutral", "happiness"])
RANDOM = np.random.default_rng(4)


def write(
    path: Path,
    shape: list[object],
    *,
    classes: int = 3,
    activation: str = "",
    kind: int = TensorProto.FLOAT,
) -> tuple[Path, np.ndarray]:
    """A linear classifier of flat pictures, and its weights."""
    sizes = [side if isinstance(side, int) else 8 for side in shape[1:]]
    dtype = np.float16 if kind == TensorProto.FLOAT16 else np.float32
    weights = (RANDOM.normal(size=(int(np.prod(sizes)), classes)) * 0.1).astype(dtype)
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    if activation:
        nodes.append(helper.make_node(activation, ["logits"], ["shares"]))
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("pixels", kind, shape)],
        [
            helper.make_tensor_value_info(
                "shares" if activation else "logits", kind, [shape[0], classes]
            )
        ],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path, weights


def inputs(count: int = 5, size: int = 8) -> np.ndarray:
    grey = RANDOM.normal(size=(count, 1, size, size)).astype(np.float32)
    return np.repeat(grey, 3, axis=1)


def test_logits_of_a_model_with_three_channels(tmp_path: Path) -> None:
    path, weights = write(tmp_path / "theirs.onnx", ["N", 3, 8, 8])
    said = Foreign(labels=THREE, mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    model = ForeignModel(path, said, threads=1)
    card = model.card
    assert (card.name, card.labels, card.temperature) == ("theirs", THREE, 1.0)
    assert (card.preprocess.size, card.preprocess.colour) == (8, "rgb")
    assert (card.preprocess.mean, card.preprocess.std) == (said.mean, said.std)
    shown = inputs()
    expected = softmax(shown.reshape(5, -1) @ weights, axis=1)
    assert np.allclose(model.probabilities(shown), expected, atol=1e-5)
    assert model.probabilities(shown[:0]).shape == (0, 3)
    assert not carries_card(path)


def test_one_grey_channel_and_a_fixed_batch(tmp_path: Path) -> None:
    # As the ONNX zoo's emotion-ferplus has them: (1, 1, 64, 64).
    for batch in (1, 4):
        path, weights = write(tmp_path / f"{batch}.onnx", [batch, 1, 8, 8])
        model = ForeignModel(path, Foreign(labels=THREE), threads=1)
        assert model.card.preprocess.colour == "grey"
        shown = inputs()
        expected = softmax(shown[:, 0].reshape(5, -1) @ weights, axis=1)
        assert np.allclose(model.probabilities(shown), expected, atol=1e-5)


def test_channels_may_come_last_and_numbers_be_halves(tmp_path: Path) -> None:
    path, weights = write(tmp_path / "last.onnx", ["N", 8, 8, 3], kind=TensorProto.FLOAT16)
    model = ForeignModel(path, Foreign(labels=THREE), threads=1)
    shown = inputs() + np.arange(3, dtype=np.float32)[:, None, None] / 10
    flat = shown.transpose(0, 2, 3, 1).reshape(5, -1).astype(np.float16)
    expected = softmax(flat.astype(np.float64) @ weights.astype(np.float64), axis=1)
    assert np.allclose(model.probabilities(shown), expected, atol=5e-3)


def test_probabilities_are_taken_as_they_are(tmp_path: Path) -> None:
    path, weights = write(tmp_path / "soft.onnx", ["N", 3, 8, 8], activation="Softmax")
    shown = inputs()
    expected = softmax(shown.reshape(5, -1) @ weights, axis=1)
    model = ForeignModel(path, Foreign(labels=THREE, probabilities=True), threads=1)
    assert np.allclose(model.probabilities(shown), expected, atol=1e-6)
    with pytest.raises(ModelError, match=r"soft\.onnx: .* add up to 1.*add --probabilities"):
        ForeignModel(path, Foreign(labels=THREE), threads=1).probabilities(shown)
    path, _ = write(tmp_path / "hard.onnx", ["N", 3, 8, 8])
    with pytest.raises(ModelError, match=r"are no probabilities .*leave out --probabilities"):
        ForeignModel(path, Foreign(labels=THREE, probabilities=True)).probabilities(shown)


def test_a_free_size_is_the_users(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "free.onnx", ["N", 3, "H", "W"])
    assert ForeignModel(path, Foreign(labels=THREE, size=8)).card.preprocess.size == 8
    with pytest.raises(InputError, match="name the size with --size"):
        ForeignModel(path, Foreign(labels=THREE))


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "theirs.onnx", ["N", 3, 8, 8])
    with pytest.raises(InputError, match="8 pixels a side, --size says 9"):
        ForeignModel(path, Foreign(labels=THREE, size=9))
    four = LabelSet.of(["anger", "neutral", "happiness", "fear"])
    with pytest.raises(ModelError, match=r"does not fit the 4 classes \[anger, neutral, happi"):
        ForeignModel(path, Foreign(labels=four))
    path, _ = write(tmp_path / "grey.onnx", ["N", 1, 8, 8])
    with pytest.raises(InputError, match="has one channel; take --colour grey"):
        ForeignModel(path, Foreign(labels=THREE, colour="rgb"))
    path, _ = write(tmp_path / "wide.onnx", ["N", 3, 8, 6])
    with pytest.raises(ModelError, match="not square"):
        ForeignModel(path, Foreign(labels=THREE))
    path, _ = write(tmp_path / "many.onnx", ["N", 5, 8, 8])
    with pytest.raises(ModelError, match="5 channels"):
        ForeignModel(path, Foreign(labels=THREE))
    path, _ = write(tmp_path / "flat.onnx", ["N", 64])
    with pytest.raises(ModelError, match=r"it takes pixels .*not one batch of pictures"):
        ForeignModel(path, Foreign(labels=THREE))
    with pytest.raises(NotFound, match=r"none\.onnx"):
        ForeignModel(tmp_path / "none.onnx", Foreign(labels=THREE))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"mean": (0.5, float("nan"), 0.5)}, r"^--mean is 0\.5, nan, 0\.5; it needs finite"),
        ({"mean": (float("-inf"), 0, 0)}, r"^--mean is -inf, 0, 0; it needs finite numbers$"),
        ({"std": (0, 0.5, 0.5)}, r"^--std is 0, 0\.5, 0\.5; it needs finite numbers above 0$"),
        ({"std": (1, 1, -0.5)}, "^--std is 1, 1, -0.5; it needs"),
        ({"std": (1, float("inf"), 1)}, "^--std is 1, inf, 1; it needs"),
        ({"std": (float("nan"), 1, 1)}, "^--std is nan, 1, 1; it needs"),
        ({"size": 0}, "^--size is 0, not at least 1$"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_name_their_option(said: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Foreign(labels=THREE, **said)  # type: ignore[arg-type]
    assert Foreign(labels=THREE, mean=(-1.0, 0.0, 2.0)).mean == (-1.0, 0.0, 2.0)
