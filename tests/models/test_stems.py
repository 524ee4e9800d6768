"""Networks that others start from: what they compute, and that every tensor arrives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from foreign_weights import complete  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from mien.card import Card  # noqa: E402
from mien.errors import ModelError, TensorError  # noqa: E402
from mien.expressions import BASIC8, OtherClasses  # noqa: E402
from mien.models import create_model, load_model, save_model, start_from  # noqa: E402
from mien.models.parts.ir50 import IR50  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

CLASSES = OtherClasses(("young", "old", "round"))
NARROW = {"width": 4, "depths": (1, 2, 1)}
UNITS: dict[str, Any] = {"units": (1, 2, 1), "widths": (4, 6, 8)}
VIT: dict[str, Any] = {**UNITS, "image_size": 32, "width": 8, "blocks": 2, "heads": 2}
MSA: dict[str, Any] = {"widths": (8,), "bottlenecks": (4,), "strides": (2,), "kernels": (3,)}


def checkpoint(path: Path, name: str, options: dict[str, Any]) -> dict[str, Tensor]:
    """A checkpoint of a stem with other classes and random values, which are returned."""
    network = create_model(name, classes=CLASSES, **options)
    generator = torch.Generator().manual_seed(2)
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.randn(value.shape, generator=generator))
    card = Card(
        name="stem",
        architecture=name,
        arguments=options,
        labels=CLASSES,
        preprocess=Preprocess(size=32),
    )
    save_model(network, card, path)
    found, read = load_model(path)
    assert read.labels == CLASSES
    tensors: dict[str, Tensor] = found.state_dict()
    return tensors


@pytest.mark.parametrize(
    ("stem", "options", "part", "network", "own"),
    [
        ("resnet18", {}, "backbone", "msa_net", MSA),
        ("resnet", NARROW, "backbone", "dan", NARROW),
        ("resnet", {**NARROW, "stem_stride": 1}, "backbone", "lla_net", NARROW),
        ("resnet", NARROW, "backbone", "msa_net", {**MSA, "width": 4, "depths": (1, 2)}),
        ("ir50", UNITS, "stem", "transfer", {**VIT, "reduction": 2}),
        ("ir50", UNITS, "stem", "apvit", {**VIT, "keep_patches": 4}),
    ],
)
def test_a_stem_fills_the_part_of_the_same_name(
    stem: str,
    options: dict[str, Any],
    part: str,
    network: str,
    own: dict[str, Any],
    tmp_path: Path,
) -> None:
    tensors = checkpoint(tmp_path / "stem.safetensors", stem, options)
    started = create_model(network, classes=BASIC8, **own)
    report = start_from(started, tmp_path / "stem.safetensors", labels=BASIC8)
    assert complete(report, started, tensors)
    values = started.state_dict()
    inside = {name for name in values if name.startswith(f"{part}.")}
    # All of the part but the masks of LLA-Net, and nothing beside it.
    assert {name for name in inside if ".attention." not in name} == set(report.taken)
    assert all(torch.equal(values[name], tensors[name]) for name in report.taken)
    assert report.resampled == ()
    left = {name for name in report.skipped if not name.startswith("classifier.")}
    assert all(name.startswith(("backbone.layer3.", "backbone.layer4.")) for name in left)
    assert bool(left) == (network == "msa_net")


@pytest.mark.parametrize(
    ("stem", "part", "network"),
    [
        *(("resnet18", "backbone", name) for name in ("dan", "lla_net", "msa_net", "resnet")),
        *(("ir50", "stem", name) for name in ("transfer", "apvit")),
        *(("ir50_small", "stem", name) for name in ("transfer_small", "apvit_small")),
    ],
)
def test_in_the_papers_sizes_the_names_and_shapes_are_the_same(
    stem: str, part: str, network: str
) -> None:
    with torch.device("meta"):
        theirs, ours = create_model(stem, classes=18), create_model(network, classes=8)
    offered = {name: value.shape for name, value in theirs.state_dict().items()}
    wanted = {
        name: value.shape
        for name, value in ours.state_dict().items()
        if name.startswith(f"{part}.") and ".attention." not in name
    }
    assert wanted.items() <= offered.items()
    left = {name for name in offered.keys() - wanted.keys() if name.startswith(f"{part}.")}
    assert all(name.startswith(("backbone.layer3.", "backbone.layer4.")) for name in left)
    assert bool(left) == (network == "msa_net")


def test_the_small_network_goes_on_with_other_classes(tmp_path: Path) -> None:
    options = {"stem": 4, "widths": [8, 16], "depths": [1, 1]}
    tensors = checkpoint(tmp_path / "stem.safetensors", "small", options)
    started = create_model("small", classes=BASIC8, **options)
    report = start_from(started, tmp_path / "stem.safetensors", labels=BASIC8)
    assert complete(report, started, tensors)
    assert set(report.missing) == {"classifier.weight", "classifier.bias"}


def test_a_stem_of_another_width_is_refused(tmp_path: Path) -> None:
    checkpoint(tmp_path / "stem.safetensors", "resnet", NARROW)
    with pytest.raises(ModelError, match=r"does not fill DAN .* of another shape"):
        start_from(
            create_model("dan", classes=8, **{**NARROW, "width": 8}),
            tmp_path / "stem.safetensors",
        )
    with pytest.raises(ModelError, match="holds resnet, whose layers are not those of TransFER"):
        start_from(
            create_model("transfer", classes=8, reduction=2, **VIT), tmp_path / "stem.safetensors"
        )


@torch.inference_mode()
def test_resnet_is_torchvisions() -> None:
    torch.manual_seed(0)
    theirs = create_model("resnet18", classes=3).eval()
    ours = create_model("resnet", classes=3).eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, 48, 40)
    for mine, other in zip(ours(images)[:2], theirs(images)[:2], strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


@torch.inference_mode()
def test_the_first_layers_as_asked() -> None:
    network = create_model("resnet", classes=3, stem=3, stem_stride=1, maxpool=False, **NARROW)
    assert network.backbone.conv1.weight.shape == (4, 3, 3, 3)
    assert network.backbone(torch.randn(1, 3, 32, 32)).shape == (1, 16, 8, 8)


@torch.inference_mode()
def test_ir50_is_the_stem_its_average_and_a_linear_layer() -> None:
    torch.manual_seed(0)
    network = create_model("ir50", classes=3, **UNITS).eval()
    images = torch.randn(2, 3, 32, 32)
    output = network(images)
    features = network.stem(images).flatten(2).mean(2)
    assert features.shape == (2, 8)
    assert torch.allclose(output.features, features, atol=1e-5)
    expected = features @ network.classifier.weight.T + network.classifier.bias
    assert torch.allclose(output.logits, expected, atol=1e-5)


def test_ir50s_parameters() -> None:
    with torch.device("meta"):
        network = create_model("ir50", classes=18)
        small = create_model("ir50_small", classes=18)
    assert isinstance(network.stem, IR50)
    assert parameters(network) == 17_611_968 + 18 * (256 + 1)
    assert (small.stem.stride, small.stem.width) == (4, 96)


def parameters(network: nn.Module) -> int:
    return sum(one.numel() for one in network.parameters())


@pytest.mark.parametrize(("name", "options"), [("resnet", NARROW), ("ir50", UNITS)])
def test_every_weight_learns(name: str, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = create_model(name, classes=8, **options)
    nn.functional.cross_entropy(network(torch.randn(8, 3, 32, 32))[0], torch.arange(8)).backward()
    for one, weight in network.named_parameters():
        assert weight.grad is not None, one
        assert weight.grad.abs().sum() > 0, one


@pytest.mark.parametrize(("name", "options"), [("resnet", NARROW), ("ir50", UNITS)])
def test_refusals(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="classes is 0"):
        create_model(name, classes=0, **options)
    with pytest.raises(ModelError, match="dropout is 2"):
        create_model(name, classes=2, dropout=2.0, **options)
    network = create_model(name, classes=2, **options)
    with pytest.raises(TensorError, match=r"pictures are \(N, 3, H, W\)"):
        network(torch.zeros(2, 1, 32, 32))
    with pytest.raises(TensorError, match="NaN or infinite"):
        network(torch.zeros(2, 3, 32, 32) / 0)
