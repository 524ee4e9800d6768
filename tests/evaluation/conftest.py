"""A tiny model that is known by heart, as both kinds of file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mien.card import CARD_KEY, Card
from mien.expressions import BASIC8
from mien.preprocess import Preprocess

WEIGHTS = np.random.default_rng(8).normal(size=(3 * 16 * 16, 8)).astype(np.float32) * 0.3
TINY = Card(
    name="tiny",
    architecture="linear",
    labels=BASIC8,
    preprocess=Preprocess(size=16, colour="grey", scale=1.07, shift=(0.01, 0.0)),
    temperature=2.0,
    recipe="none",
    seed=3,
)


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logits are a linear map, :data:`WEIGHTS`, of the 16x16 input."""
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["images"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 8])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {CARD_KEY: TINY.to_json()})
    path = tmp_path_factory.mktemp("models") / "tiny.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def weights() -> np.ndarray:
    """Of the tiny model: (768, 8)."""
    return WEIGHTS


@pytest.fixture
def torchmetrics_in_float64(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """torchmetrics' functions for classification, made to compute in double precision.

    They turn everything into single precision by ``Tensor.float``, or by dividing whole
    numbers, which agrees with an exact number to about 1e-7 only. For the test, both give
    doubles.
    """
    torch = pytest.importorskip("torch")
    from torchmetrics.functional import classification

    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield classification
    torch.set_default_dtype(before)
