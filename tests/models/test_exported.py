"""Networks out of the ONNX files that were made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from mien.card import Card  # noqa: E402
from mien.errors import CardError, ModelError, NotFound  # noqa: E402
from mien.export import export  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.inference.session import Model, softmax  # noqa: E402
from mien.models import create_model, load_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.zoo import shipped_model  # noqa: E402

SMALL = {"stem": 8, "widths": [16, 16], "depths": [1, 1]}


def trained(path: Path, architecture: str, options: dict[str, Any], size: int = 32) -> Path:
    """A checkpoint whose weights and batch norms are as different from each other as learned."""
    torch.manual_seed(0)
    network = create_model(architecture, classes=BASIC8, **options)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
        for _ in range(3):
            network(torch.randn(8, 3, size, size))
    card = Card(
        name="mine",
        architecture=architecture,
        arguments=options,
        labels=BASIC8,
        preprocess=Preprocess(size=size, colour="grey"),
        temperature=1.3,
    )
    save_model(network.eval(), card, path)
    return path


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("small", SMALL),
        ("resnet18", {}),
        ("lla_net", {"width": 8, "depths": (1, 1)}),
        ("timm", {"backbone": "mobilenetv3_small_050"}),
    ],
)
def test_a_network_is_read_back(
    tmp_path: Path, architecture: str, options: dict[str, Any], int8: bool
) -> None:
    checkpoint = trained(tmp_path / "a.safetensors", architecture, options)
    export(checkpoint, tmp_path / "a.onnx", int8=int8)
    network, card = load_model(tmp_path / "a.onnx")
    images = torch.randn(5, 3, 32, 32)
    with torch.inference_mode():
        ours = softmax(network(images).logits.numpy() / card.temperature)
        before = load_model(checkpoint)[0](images).logits
    assert np.allclose(ours, Model(tmp_path / "a.onnx").probabilities(images.numpy()), atol=1e-5)
    assert not network.training
    if not int8:
        assert torch.allclose(network(images).logits, before, rtol=1e-4, atol=1e-3)


def test_a_shipped_network_is_loaded_by_its_name() -> None:
    network, card = load_model("mien-small")
    images = torch.randn(3, 3, card.preprocess.size, card.preprocess.size)
    with torch.inference_mode():
        ours = softmax(network(images).logits.numpy() / card.temperature)
    expected = Model(shipped_model("mien-small")).probabilities(images.numpy())
    assert np.allclose(ours, expected, atol=1e-5)
    assert card.name == "mien-small"


def test_what_the_exporter_changes_more_is_refused(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path / "a.safetensors", "apvit_small", {}, 48)
    export(checkpoint, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match=r"a\.onnx: .* cannot be taken out .*; name the check"):
        load_model(tmp_path / "a.onnx")


def test_weights_that_answer_otherwise_are_refused(tmp_path: Path) -> None:
    import onnx

    export(trained(tmp_path / "a.safetensors", "small", SMALL), tmp_path / "a.onnx")
    model = onnx.load(tmp_path / "a.onnx")
    (last,) = (node for node in model.graph.node if node.op_type == "Gemm")
    for one in last.attribute:
        if one.name == "alpha":
            one.f = 2.0
    onnx.save(model, tmp_path / "b.onnx")
    with pytest.raises(ModelError, match="as small they give other answers than the file"):
        load_model(tmp_path / "b.onnx")


def test_other_files_are_named(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    with pytest.raises(NotFound, match=r"none\.onnx: there is no such model file"):
        load_model(tmp_path / "none.onnx")
    with pytest.raises(CardError, match="has no card"):
        load_model(make_model(tmp_path / "bare.onnx", card=None))
    (tmp_path / "cut.onnx").write_bytes(shipped_model().read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"cut\.onnx: not an ONNX model"):
        load_model(tmp_path / "cut.onnx")
    with pytest.raises(ModelError, match=r"tiny\.onnx: the weights cannot be taken out"):
        load_model(make_model(tmp_path / "tiny.onnx"))
