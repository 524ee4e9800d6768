"""The ONNX graph against the network computed anew, with random weights.

The real weights were not at hand; no test says how well faces are found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from retinaface_weights import MEAN, Weights, forward, random_weights, shapes

from mien.errors import ModelError
from mien.faces.retinaface_graph import OUTPUTS, build
from mien.faces.session import open_session


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


def read(answers: list[NDArray[np.float32]]) -> tuple[NDArray[np.float64], ...]:
    """The graph's answers as the public network orders its own: cell by cell, then anchors."""
    parts = [
        one.astype(np.float64).reshape(len(one), 2, 15, *one.shape[2:]).transpose(0, 3, 4, 1, 2)
        for one in answers
    ]
    whole = np.concatenate([one.reshape(len(one), -1, 15) for one in parts], 1)
    return whole[..., 1:5], 1 / (1 + np.exp(-whole[..., 0])), whole[..., 5:]


@pytest.mark.parametrize("size", [(64, 96), (70, 45), (33, 31), (1, 1)])
def test_the_graph_computes_the_network(weights: Weights, size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    session = open_session(build(weights, "weights"), "retinaface", threads=1)
    boxes, scores, points = read(session.run(OUTPUTS, {"pixels": pixels}))
    images = pixels[..., ::-1].astype(np.float64) - MEAN
    expected = forward(weights, images.transpose(0, 3, 1, 2))
    assert np.std(expected[1][..., 1]) > 0.01 or size == (1, 1)
    np.testing.assert_allclose(boxes, expected[0], atol=1e-4)
    np.testing.assert_allclose(scores, expected[1][..., 1], atol=1e-4)
    np.testing.assert_allclose(points, expected[2], atol=1e-4)


def test_the_public_files_layout() -> None:
    layout = shapes()
    assert len(layout) == 300
    assert layout["body.stage1.1.3.weight"] == (16, 8, 1, 1)
    assert layout["body.stage3.1.3.weight"] == (256, 256, 1, 1)
    assert layout["LandmarkHead.2.conv1x1.weight"] == (20, 64, 1, 1)


def test_prefix_and_counters_make_no_difference(weights: Weights) -> None:
    plain = build(weights, "weights")
    prefixed = {f"module.{name}": value for name, value in weights.items()}
    assert build(prefixed, "weights") == plain
    few = {name: one for name, one in weights.items() if one.ndim}
    assert len(few) < len(weights)
    assert build(few, "weights") == plain


def test_the_note_is_kept(weights: Weights) -> None:
    model = onnx.load_from_string(build(weights, "weights", "from a file, SHA-256 12"))
    assert model.doc_string == "from a file, SHA-256 12"


def without(*names: str) -> Callable[[Weights], Weights]:
    return lambda weights: {name: one for name, one in weights.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("ssh2.conv7x7_3.0.weight"), r"; 1 missing: ssh2\.conv7x7_3\.0\.weight$"),
        (
            lambda weights: {name: one for name, one in weights.items() if "fpn" not in name},
            r"; 25 missing: fpn\.output1\.0\.weight, .*\.1\.weight, .*\.1\.bias and 22 more$",
        ),
        (
            lambda weights: {**weights, "ClassHead.0.conv1x1.bias": np.zeros(6)},
            r"; 1 of another shape: ClassHead\.0\.conv1x1\.bias \(6,\) for \(4,\)$",
        ),
        (
            lambda weights: {**without("fpn.merge1.0.weight")(weights), "attention": np.zeros(1)},
            r"; 1 missing: fpn\.merge1\.0\.weight; 1 without a place: attention$",
        ),
        (lambda _: {}, r"; 253 missing: .* and 250 more$"),
        (
            lambda weights: {**weights, "body.layer1.0.conv1.weight": np.zeros(1)},
            r"ResNet-50; give the weights with MobileNet-0\.25",
        ),
        (
            lambda weights: {name.removeprefix("body."): one for name, one in weights.items()},
            "a MobileNet alone",
        ),
        (
            lambda weights: {**weights, "fpn.merge1.1.running_var": np.full(64, -1.0)},
            r"fpn\.merge1\.1\.running_var is below zero",
        ),
    ],
)
def test_other_weights_are_refused(
    weights: Weights, change: Callable[[Weights], Weights], message: str
) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        build(change(weights), "my.pth")
    assert str(caught.value).startswith("my.pth: ")
    assert "\n" not in str(caught.value)
