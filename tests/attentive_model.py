"""A small ONNX classifier with attention, whose maps tests can compute by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mien.card import CARD_KEY, Card
from mien.expressions import BASIC8
from mien.preprocess import Preprocess

SIDE, GRID = 48, 4


def card(**preprocess: Any) -> Card:
    """Of a model of colour faces of 48 pixels that come as values from 0 to 1."""
    settings: dict[str, Any] = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), **preprocess}
    return Card(
        name="attentive",
        architecture="none",
        labels=BASIC8,
        preprocess=Preprocess(size=SIDE, **settings),
    )


def maps_of(inputs: np.ndarray) -> np.ndarray:
    """What the model's attention is: (N, 3, 48, 48) to means of 12x12 pixels, (N, 3, 4, 4)."""
    cell = SIDE // GRID
    return inputs.reshape(len(inputs), 3, GRID, cell, GRID, cell).mean((3, 5))


def write(path: Path, *, of: Card | None = None, batch: object = "N", flat: bool = False) -> Path:
    """The model, whose logits are ``weights @ (mean of each channel)``.

    Args:
        path: where to.
        of: its card.
        batch: how many faces at once.
        flat: attention without places, (N, 3), which is not what mien means by it.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).normal(0, 5, (8, 3)).astype(np.float32)
    attention = ["attention"] if not flat else ["cells"]
    cell = [SIDE // GRID] * 2
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Gemm", ["features", "weights"], ["logits"], transB=1),
        helper.make_node("AveragePool", ["images"], attention, kernel_shape=cell, strides=cell),
    ]
    if flat:
        nodes.append(helper.make_node("Identity", ["features"], ["attention"]))
    shape = [batch, 3] if flat else [batch, 3, GRID, GRID]
    graph = helper.make_graph(
        nodes,
        "attentive",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, 8]),
            helper.make_tensor_value_info("attention", TensorProto.FLOAT, shape),
        ],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {CARD_KEY: (of or card()).to_json()})
    onnx.save(model, path)
    return path
