import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import Array, apply, array, lively  # noqa: E402

import mien.models.dan  # noqa: E402, F401
from mien.errors import ModelError, TensorError, UnknownName  # noqa: E402
from mien.models import create_model  # noqa: E402

SMALL = {"width": 4, "depths": (1, 1, 1, 1)}


@pytest.mark.parametrize(
    ("classes", "heads", "expected"),
    [
        (7, 1, 13_316_021),
        (7, 2, 15_451_925),
        (7, 4, 19_723_733),
        (8, 4, 19_724_248),
        (7, 8, 28_267_349),
    ],
)
def test_parameters(classes: int, heads: int, expected: int) -> None:
    with torch.device("meta"):
        network = create_model("dan", classes=classes, heads=heads)
    assert sum(one.numel() for one in network.parameters()) == expected


def fused(heads: Array) -> Array:
    """Eq. 5 and its sum over heads, for (N, K, D)."""
    result = np.zeros((len(heads), heads.shape[2]))
    for sample in range(len(heads)):
        for channel in range(heads.shape[2]):
            column = heads[sample, :, channel]
            share = np.exp(column) / np.exp(column).sum()
            result[sample, channel] = np.log(share).sum() if len(column) > 1 else column[0]
    return result


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("fusion", ["log_softmax", "sum"])
@pytest.mark.parametrize("logit_norm", [True, False])
def test_fusion_and_classifier(heads: int, fusion: str, logit_norm: bool) -> None:
    options = {**SMALL, "heads": heads, "fusion": fusion, "logit_norm": logit_norm}
    network = lively(create_model("dan", classes=5, **options)).double()
    images = torch.randn(3, 3, 64, 48, dtype=torch.float64)
    output = network(images)
    maps = network.backbone(images)
    raw = [head(maps) for head in network.heads]
    vectors = np.stack([array(vector) for vector, _ in raw], axis=1)
    features = fused(vectors) if fusion == "log_softmax" else vectors.sum(axis=1)
    logits = apply(network.classifier, features)
    if logit_norm:
        logits = apply(network.norm, logits)
    assert array(output.features) == pytest.approx(features, abs=1e-9)
    assert array(output.logits) == pytest.approx(logits, abs=1e-9)
    assert array(output.heads.sum(1)) == pytest.approx(features, abs=1e-9)
    assert array(output.pooled) == pytest.approx(array(maps).mean(axis=(2, 3)))
    assert output.attention.shape == (3, heads, 2, 2)
    for number, (_, weights) in enumerate(raw):
        assert torch.equal(output.attention[:, number], weights[:, 0])


def test_log_softmax_makes_heads_compete_in_each_channel() -> None:
    network = lively(create_model("dan", classes=5, **SMALL))
    heads = network(torch.randn(2, 3, 32, 32)).heads
    assert heads.shape == (2, 4, 32)
    assert array(heads.exp().sum(1)) == pytest.approx(1, abs=1e-5)


def test_heads_are_compared_in_float32() -> None:
    network = lively(create_model("dan", classes=5, **SMALL))
    with torch.autocast("cpu", torch.bfloat16):
        output = network(torch.randn(2, 3, 32, 32))
    assert output.attention.dtype == torch.bfloat16
    assert output.heads.dtype == output.features.dtype == torch.float32


def test_heads_start_different() -> None:
    network = create_model("dan", classes=5, **SMALL)
    first, second, *_ = (head.spatial.square[0].weight for head in network.heads)
    assert not torch.equal(first, second)


def test_one_picture_cannot_be_trained_on() -> None:
    network = create_model("dan", classes=5, **SMALL)
    with pytest.raises(TensorError, match="train it on 2 pictures or more"):
        network(torch.randn(1, 3, 32, 32))
    assert network.eval()(torch.randn(1, 3, 32, 32)).logits.shape == (1, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 0}, "heads is 0; it must be at least 1"),
        ({"fusion": "mean"}, "fusion is 'mean'; choose one of log_softmax, sum"),
        ({"width": 0}, "width is 0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        create_model("dan", classes=5, **{**SMALL, **options})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean heads"):
        create_model("dan", classes=5, head=3)
