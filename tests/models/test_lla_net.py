import pytest

torch = pytest.importorskip("torch")

from numpy_layers import apply, array, lively  # noqa: E402
from torchvision.models import resnet18  # noqa: E402

import mien.models.lla_net  # noqa: E402, F401
from mien.errors import ModelError  # noqa: E402
from mien.models import create_model  # noqa: E402

SMALL = {"width": 4, "depths": (1, 1, 1, 1)}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 23_715_783),
        ({"stem": "3x3"}, 23_708_103),
        ({"stem": "3x3", "maxpool": False}, 23_708_103),
        ({"kernel": 1}, 12_574_663),
        ({"attention": False}, 11_180_103),
    ],
)
def test_parameters(options: dict[str, object], expected: int) -> None:
    with torch.device("meta"):
        network = create_model("lla_net", classes=7, **options)
    assert sum(one.numel() for one in network.parameters()) == expected


def test_weights_of_an_ordinary_resnet_18_fit_by_name() -> None:
    weights = {name: one for name, one in resnet18().state_dict().items() if name[:3] != "fc."}
    network = create_model("lla_net", classes=7)
    report = network.backbone.load_state_dict(weights, strict=False)
    assert not report.unexpected_keys
    assert len(report.missing_keys) == 2 * 8  # weight and bias in each of eight blocks
    assert all(".attention.convolution." in name for name in report.missing_keys)


@pytest.mark.parametrize("attention", [True, False])
def test_last_block_pooling_and_classifier(attention: bool) -> None:
    network = lively(create_model("lla_net", classes=5, attention=attention, **SMALL)).double()
    images = torch.randn(3, 3, 48, 32, dtype=torch.float64)
    output = network(images)
    maps = network.backbone(images)  # the same blocks by the backbone's own way
    assert maps.shape == (3, 32, 3, 2)
    features = array(maps).mean(axis=(2, 3))
    assert array(output.features) == pytest.approx(features)
    assert array(output.logits) == pytest.approx(apply(network.classifier, features))
    if not attention:
        assert output.attention is None
        return
    *before, last = network.backbone.blocks()
    maps = network.backbone.stem(images)
    for block in before:
        maps = block(maps)
    mask = array(last.attend(maps)[1])
    assert array(output.attention) == pytest.approx(mask.mean(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("options", "side"),
    [({}, 7), ({"stem": "3x3"}, 7), ({"maxpool": False}, 14), ({"attention": False}, None)],
)
def test_size_of_the_last_maps_at_112(options: dict[str, object], side: int | None) -> None:
    network = create_model("lla_net", classes=2, **SMALL, **options).eval()
    attention = network(torch.zeros(1, 3, 112, 112)).attention
    assert side == (None if attention is None else attention.shape[-1])


def test_dropout_acts_before_the_classifier_in_training_only() -> None:
    network = create_model("lla_net", classes=2, dropout=1.0, **SMALL)
    torch.nn.init.normal_(network.classifier.bias)
    images = torch.randn(2, 3, 32, 32)
    assert (network(images).logits == network.classifier.bias).all()
    assert (network.eval()(images).logits != network.classifier.bias).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stem": "5x5"}, "stem is '5x5'; choose one of 7x7, 3x3"),
        ({"kernel": 2}, r"kernel is 2; choose one of \(3, 1\)"),
        ({"dropout": 1.5}, "dropout is 1.5; it must lie between 0 and 1"),
        ({"depths": (1, 0)}, "depth of a stage is 0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        create_model("lla_net", classes=5, **{**SMALL, **options})
