"""Grad-CAM++ against the formula, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_grad_cam")

import cv2  # noqa: E402
from tiny_networks import TINY, TRANSFORMER  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from mien.explain.gradcam import cam  # noqa: E402
from mien.explain.layers import Layer, evidence_layers, head_layers  # noqa: E402
from mien.explain.methods import explain  # noqa: E402
from mien.models import create_model, list_models  # noqa: E402


def fresh(name: str, classes: int = 5, **options: object) -> nn.Module:
    """In float64, with a classifier that says something."""
    torch.manual_seed(3)
    network = create_model(name, classes=classes, **options).double()
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.3)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network.eval()


def pictures(number: int = 3, size: int = 24) -> Tensor:
    return torch.randn(number, 3, size, size, generator=torch.manual_seed(1)).double()


def by_hand(
    network: nn.Module, layer: nn.Module, images: Tensor, classes: list[int], kept: object = None
) -> np.ndarray:
    """The formula of Grad-CAM++ for the output of one layer: scaled, then resized, (N, H, W)."""
    seen: list[Tensor] = []

    def watch(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        seen.append(output)

    handle = layer.register_forward_hook(watch)
    logits = network(images).logits
    handle.remove()
    logits[torch.arange(len(images)), classes].sum().backward()
    activations, gradients = seen[0].detach().numpy(), seen[0].grad.numpy()
    network.zero_grad()
    if kept is not None:
        activations = activations * kept[:, None]
    maps = []
    for map_, gradient in zip(activations, gradients, strict=True):
        total = np.zeros(map_.shape[1:])
        for channel, slope in zip(map_, gradient, strict=True):
            weight = 0.0
            for g in slope.ravel():
                if g > 0:
                    weight += g / (2 + channel.sum() * g)
            total += weight * channel
        total = np.maximum(total, 0)
        total = (total - total.min()) / max(np.ptp(total), 1e-12)
        maps.append(cv2.resize(total, images.shape[:1:-1]))
    return np.stack(maps)


def scaled(maps: np.ndarray) -> np.ndarray:
    low, high = maps.min((-2, -1), keepdims=True), maps.max((-2, -1), keepdims=True)
    assert (high > low).mean() > 0.6  # few have no positive part
    return (maps - low) / np.maximum(high - low, 1e-12)


@pytest.mark.parametrize(
    "name", ["small", "lla_net", "msa_net", "resnet", "ir50_small", "transfer"]
)
def test_a_map_is_what_the_formula_gives(name: str) -> None:
    options = {"ir50_small": {}, "resnet": {"width": 16, "depths": (1, 1)}, **TINY}[name]
    network, images = fresh(name, **options), pictures()
    (layer,) = evidence_layers(network, images)

    found = explain(network, images, "gradcam++", classes=[0, 4, 2])

    assert found.maps.shape == (3, 1, 24, 24)
    assert found.names == ("evidence",)
    assert found.classes.tolist() == [0, 4, 2]
    expected = by_hand(network, layer.module, images, [0, 4, 2])
    np.testing.assert_allclose(found.maps[:, 0], scaled(expected), atol=1e-4)


def test_an_answer_a_millionth_as_strong_has_the_same_evidence() -> None:
    network, images = fresh("small", **TINY["small"]), pictures()
    with torch.no_grad():
        network.classifier.weight /= 1e6
    weak = explain(network, images, "gradcam++", classes=[0, 4, 2])
    # Its gradients are a millionth, and the formula's alpha is nearly a half.
    layer = evidence_layers(network, images)[0].module
    expected = by_hand(network, layer, images, [0, 4, 2])
    np.testing.assert_allclose(weak.maps[:, 0], scaled(expected), atol=1e-4)


def test_patches_that_are_left_out_are_zero_among_the_maps() -> None:
    network, images = fresh("apvit", **TINY["apvit"]), pictures()
    found = explain(network, images, "gradcam++", classes=[0, 4, 2])
    assert found.kept is not None
    assert found.kept.shape == (3, 6, 6)
    assert found.kept.sum((1, 2)).tolist() == [16] * 3

    expected = by_hand(network, network.stem, images, [0, 4, 2], found.kept)
    np.testing.assert_allclose(found.maps[:, 0], scaled(expected), atol=1e-4)


def test_each_of_dans_heads_has_a_map_and_together_their_mean() -> None:
    network, images = fresh("dan", **TINY["dan"]), pictures()
    heads = np.stack(
        [by_hand(network, head.attended, images, [1, 1, 3]) for head in network.heads], 1
    )
    found = explain(network, images, "gradcam++-heads", classes=[1, 1, 3])
    assert found.names == ("head 1", "head 2", "head 3")
    np.testing.assert_allclose(found.maps, scaled(heads), atol=1e-4)
    assert np.abs(found.maps[:, 0] - found.maps[:, 1]).max() > 0.1

    mean, _ = cam(network, images, torch.tensor([1, 1, 3]), head_layers(network))
    np.testing.assert_allclose(mean[:, 0], scaled(heads.mean(1)), atol=1e-4)


SMALL = {**TRANSFORMER, "width": 16, "heads": 2}
OPTIONS: dict[str, dict[str, object]] = {
    **TINY,
    "apvit_small": {**SMALL, "keep_patches": 20},
    "apvit_hybrid_tiny": {**SMALL, "keep_patches": 20},
    "apvit_deit_tiny": {"image_size": 48, "width": 16, "blocks": 2, "heads": 2},
    "ir50": {"stages": 2, "units": (1, 1), "widths": (4, 8)},
    "ir50_small": {},
    "resnet": {"width": 8, "depths": (1, 1)},
    "resnet18": {},
    "timm": {"backbone": "resnet10t"},
    "transfer_small": SMALL,
}


@pytest.mark.parametrize("name", list_models())
def test_every_network_has_a_layer(name: str) -> None:
    images = pictures(2, 48 if name == "apvit_deit_tiny" else 64 if name == "timm" else 24)
    found = explain(fresh(name, **OPTIONS[name]), images, "gradcam++")
    assert found.maps.shape == (2, 1, *images.shape[2:])
    assert found.maps.dtype == np.float32
    assert found.maps.min() == 0
    assert found.maps.max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("backbone", "options"),
    [
        ("vit_tiny_patch16_224", {"img_size": 64, "embed_dim": 32, "depth": 2, "num_heads": 2}),
        ("swin_tiny_patch4_window7_224", {"img_size": 64, "embed_dim": 16, "depths": (1, 1, 1)}),
        ("mixer_s32_224", {"img_size": 64}),
    ],
)
def test_transformers_of_timm_have_one_too(backbone: str, options: dict[str, object]) -> None:
    if "swin" in backbone:
        options = {**options, "num_heads": (1, 2, 4), "window_size": 4}
    network = fresh("timm", backbone=backbone, **options)
    size = int(str(options["img_size"]))
    found = explain(network, pictures(8, size), "gradcam++")
    assert found.maps.shape == (8, 1, size, size)
    # Maps with negative values need not have a positive sum anywhere.
    assert found.maps.max() == pytest.approx(1)


def test_any_layer_can_be_looked_at() -> None:
    network, images = fresh("msa_net", **TINY["msa_net"]), pictures()
    layer = network.backbone.layer1
    maps, kept = cam(network, images, torch.tensor([0, 1, 2]), [Layer(layer)])
    expected = by_hand(network, layer, images, [0, 1, 2])
    np.testing.assert_allclose(maps[:, 0], scaled(expected), atol=1e-4)
    assert kept is None


@pytest.mark.parametrize(
    ("name", "options", "size", "expected"),
    [
        # 7x7 is large enough, 4x4 and 3x3 are not.
        ("resnet18", {}, 224, "backbone.layer4"),
        ("resnet18", {}, 64, "backbone.layer2"),
        ("resnet", {"width": 8}, 112, "backbone.layer3.1"),
        ("small", {"widths": (8, 8, 8), "stem": 8}, 48, "blocks.5"),
        ("small", {"widths": (8, 8, 8), "stem": 8}, 24, "blocks.3"),
        ("lla_net", {"width": 8}, 112, "attended"),
        ("lla_net", {"width": 8}, 64, "backbone.layer3.1"),
        ("dan", {"width": 8, "heads": 2}, 64, "backbone.layer2.1"),
        # None has as many: the first.
        ("dan", {"width": 8, "heads": 2}, 16, "backbone.layer1.0"),
        ("msa_net", {"width": 8, "widths": (8, 8), "bottlenecks": (4, 4)}, 224, "attended"),
        ("msa_net", {"width": 8, "widths": (8, 8), "bottlenecks": (4, 4)}, 64, "backbone.layer2.1"),
        ("apvit", TINY["apvit"], 24, "stem"),
        ("transfer", TINY["transfer"], 24, "stem"),
        ("apvit_deit_tiny", {"image_size": 48}, 48, "projection"),
    ],
)
def test_the_layer_is_the_last_that_tells_places_apart(
    name: str, options: dict[str, object], size: int, expected: str
) -> None:
    network = create_model(name, classes=3, **options).eval()
    (layer,) = evidence_layers(network, torch.zeros(1, 3, size, size))
    assert layer.module is network.get_submodule(expected)


def test_the_layer_of_dan_is_that_of_all_its_heads() -> None:
    network = create_model("dan", classes=3, width=8, heads=2).eval()
    layers = evidence_layers(network, torch.zeros(1, 3, 224, 224))
    assert [layer.module for layer in layers] == [head.attended for head in network.heads]


def test_the_heads_are_dans_alone() -> None:
    assert len(head_layers(fresh("dan", **TINY["dan"]))) == 3
    assert head_layers(fresh("small", **TINY["small"])) == []
