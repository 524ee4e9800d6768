"""What tests share: where test data lies, if it does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mien.card import CARD_KEY, Card
from mien.expressions import BASIC8
from mien.preprocess import Preprocess

# Before anything imports torch: for tensors as small as those of tests, threads cost more time
# than they save, and sums come out the same on any number of cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real faces, photos and videos, named by MIEN_TEST_DATA.

    Without the variable the test is skipped; with it, a missing file is a failure.
    """
    folder = os.environ.get("MIEN_TEST_DATA")
    if not folder:
        pytest.skip("MIEN_TEST_DATA does not name a folder of test data")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"MIEN_TEST_DATA={folder} is not a folder")
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that stands for the user's cache."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(cache: Path) -> Iterator[None]:
    """No test may read or write the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIEN_CACHE", str(cache))
        yield


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Path]:
    """Write a small ONNX classifier of grey 48-pixel faces; see tiny_classifier below.

    Its logits are ``weights @ (mean of each channel) + bias``, so tests can compute them.
    """
    return tiny_classifier


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One such classifier with a card of the eight expressions."""
    return tiny_classifier(tmp_path_factory.mktemp("model") / "tiny.onnx")


def tiny_classifier(
    path: Path, *, card: str | None = "", weights: np.ndarray | None = None, batch: object = "N"
) -> Path:
    """The model of the fixtures; ``card`` is its JSON, ``None`` for no card at all."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    if weights is None:
        weights = np.random.default_rng(0).normal(0, 1, (8, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["features"]),
            helper.make_node("Gemm", ["features", "weights", "bias"], ["logits"], transB=1),
        ],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, 48, 48])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, len(weights)])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.arange(len(weights), dtype=np.float32) / 10, "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if card == "":
        preprocess = Preprocess(size=48, colour="grey")
        card = Card(
            name="tiny", architecture="none", labels=BASIC8, preprocess=preprocess
        ).to_json()
    if card is not None:
        helper.set_model_props(model, {CARD_KEY: card})
    onnx.save(model, path)
    return path
