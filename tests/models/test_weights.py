"""Starting from weights of others: each value in its place, or nothing at all.

Files are made here name by name, from the layouts that the specification lists.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from foreign_weights import (  # noqa: E402
    Shapes,
    changed,
    complete,
    ir50_shapes,
    resnet_shapes,
    snapshot,
    values,
    vit_shapes,
    write,
)
from numpy.typing import NDArray  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from mien.errors import ModelError, NotFound  # noqa: E402
from mien.models import create_model  # noqa: E402
from mien.models.apvit import build_apvit  # noqa: E402
from mien.models.dan import build_dan  # noqa: E402
from mien.models.lla_net import build_lla_net  # noqa: E402
from mien.models.msa_net import build_msa_net  # noqa: E402
from mien.models.parts.encoder import Encoder  # noqa: E402
from mien.models.parts.ir50 import IR50  # noqa: E402
from mien.models.transfer import build_transfer  # noqa: E402
from mien.models.weight_layouts import timm_layout  # noqa: E402
from mien.models.weights import load_backbone, start_from  # noqa: E402

TINY = {"width": 4, "depths": (1, 2, 1, 1)}
TRUNKS: dict[str, Callable[[], nn.Module]] = {
    "dan": lambda: build_dan(classes=7, heads=2, **TINY),  # type: ignore[arg-type]
    "lla_net": lambda: build_lla_net(classes=7, **TINY),  # type: ignore[arg-type]
    "msa_net": lambda: build_msa_net(
        classes=7, kernels=(3,), widths=(8,), bottlenecks=(4,), strides=(2,), width=4, depths=(1, 2)
    ),
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("name", TRUNKS)
def test_resnet(name: str, suffix: str, tmp_path: Path) -> None:
    network = TRUNKS[name]()
    before = snapshot(network)
    tensors = values(resnet_shapes(4, (1, 2, 1, 1)))
    report = start_from(network, write(tmp_path / f"resnet{suffix}", tensors))
    built = {n for n in tensors if not n.startswith("fc.")}
    if name == "msa_net":
        built = {n for n in built if not n.startswith(("layer3", "layer4"))}
    assert set(report.taken) == {f"backbone.{n}" for n in built}
    assert set(report.skipped) == tensors.keys() - built
    assert complete(report, network, tensors)
    for one in built:
        assert torch.equal(network.state_dict()[f"backbone.{one}"], tensors[one])
    assert changed(network, before) == set(report.taken)
    if name == "lla_net":
        assert "backbone.layer2.1.attention.convolution.weight" in report.missing


def test_the_layout_is_that_of_torchvision(tmp_path: Path) -> None:
    network = create_model("resnet18", classes=7)
    shapes = {n: tuple(v.shape) for n, v in network.backbone.state_dict().items()}
    assert shapes == {n: s for n, s in resnet_shapes().items() if not n.startswith("fc.")}
    tensors = values(resnet_shapes())
    report = start_from(network, write(tmp_path / "resnet.pth", tensors))
    assert len(report.taken) == 120
    assert report.skipped == ("fc.weight", "fc.bias")
    assert report.missing == ("classifier.weight", "classifier.bias")
    assert torch.equal(
        network.backbone.layer4[1].bn2.running_var, tensors["layer4.1.bn2.running_var"]
    )


UNITS, WIDTHS = (2, 3, 2, 1), (4, 6, 8, 10)
HYBRID: dict[str, Any] = {
    "image_size": 32,
    "units": UNITS,
    "widths": WIDTHS,
    "width": 8,
    "blocks": 2,
    "heads": 2,
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_ir50(suffix: str, tmp_path: Path) -> None:
    network = build_transfer(classes=7, reduction=2, **HYBRID)
    before = snapshot(network)
    tensors = values(ir50_shapes(UNITS, WIDTHS, 32))
    report = start_from(network, write(tmp_path / f"ir50{suffix}", tensors))
    places = {0: "0.0", 1: "0.1", 2: "1.0", 3: "1.1", 4: "1.2", 5: "2.0", 6: "2.1"}
    expected = {n: f"stem.{n}" for n in tensors if n.startswith("input_layer.")}
    for row, place in places.items():
        for name in tensors:
            if name.startswith(f"body.{row}."):
                expected[name] = f"stem.body.{place}.{name.removeprefix(f'body.{row}.')}"
    assert set(report.taken) == set(expected.values())
    for name, place in expected.items():
        assert torch.equal(network.state_dict()[place], tensors[name])
    assert set(report.skipped) == {n for n in tensors if n.startswith(("body.7.", "output_layer."))}
    assert changed(network, before) == set(report.taken)
    assert complete(report, network, tensors)


def test_ir50_at_full_size_has_the_24_units_of_the_released_file() -> None:
    shapes = ir50_shapes((3, 4, 14, 3), (64, 128, 256, 512))
    assert max(int(name.split(".")[1]) for name in shapes if name.startswith("body.")) == 23
    starts = [
        int(name.split(".")[1]) for name in shapes if name.endswith("shortcut_layer.0.weight")
    ]
    assert starts == [3, 7, 21]
    parameters = {n: s for n, s in shapes.items() if n.endswith(("weight", "bias"))}
    body = sum(int(np.prod(s)) for n, s in parameters.items() if not n.startswith("output_layer."))
    assert body == 30_727_360
    with torch.device("meta"):
        assert len(IR50(4).state_dict()) == sum(not n.startswith("output") for n in shapes)


def vit(patches: int = 16, **changes: int) -> dict[str, Tensor]:
    return values(
        vit_shapes(**{"width": 8, "blocks": 2, "hidden": 24, "patches": patches, **changes})
    )


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_vit(suffix: str, tmp_path: Path) -> None:
    network = build_apvit(classes=7, keep_patches=None, **HYBRID)
    before = snapshot(network)
    tensors = vit(16)
    report = start_from(network, write(tmp_path / f"vit{suffix}", tensors))
    taken = {n for n in tensors if not n.startswith(("patch_embed.", "head."))}
    assert set(report.taken) == {f"encoder.{n}" for n in taken}
    assert report.resampled == ()
    assert set(report.skipped) == tensors.keys() - taken
    for name in taken:
        assert torch.equal(network.state_dict()[f"encoder.{name}"], tensors[name])
    assert changed(network, before) == set(report.taken)
    assert complete(report, network, tensors)


def test_the_early_vit_small_fits_the_encoder_of_the_papers() -> None:
    with torch.device("meta"):
        encoder = Encoder(768, 8, 8, 112, 8)
    shapes = {n: tuple(v.shape) for n, v in encoder.state_dict().items()}
    assert shapes == {
        n: s for n, s in vit_shapes().items() if not n.startswith(("patch_embed.", "head."))
    }
    assert shapes["pos_embed"] == (1, 197, 768)


def test_patches_from_the_picture_take_their_projection_along(tmp_path: Path) -> None:
    network = build_apvit(
        classes=7, stem="patch16", keep_patches=None, **{**HYBRID, "image_size": 64}
    )
    tensors = vit(16)
    report = start_from(network, write(tmp_path / "vit.pth", tensors))
    assert torch.equal(network.projection.weight, tensors["patch_embed.proj.weight"])
    assert torch.equal(network.projection.bias, tensors["patch_embed.proj.bias"])
    assert report.skipped == ("head.weight", "head.bias")
    assert report.missing == ("classifier.weight", "classifier.bias")
    assert complete(report, network, tensors)


def triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0, 1 - np.abs(x))


def cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel at a = -1/2."""
    x = np.abs(x)
    return np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, 0) + np.where(
        (x >= 1) & (x < 2), -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0
    )


def resize(
    before: int, after: int, kernel: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Matrix (after, before) of a resize whose kernel widens where it shrinks."""
    scale = before / after
    centres = (np.arange(after) + 0.5) * scale
    weights = kernel((np.arange(before) + 0.5 - centres[:, None]) / max(scale, 1))
    return weights / weights.sum(1, keepdims=True)


def resized(
    positions: Tensor, side: int, kernel: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Position embedding (1, 1 + n, D) on side x side; the class token's stays."""
    array = positions.double().numpy()[0]
    before = round((len(array) - 1) ** 0.5)
    matrix = resize(before, side, kernel)
    grid = array[1:].reshape(before, before, -1)
    patches = np.einsum("yi,xj,ijd->yxd", matrix, matrix, grid).reshape(side * side, -1)
    return np.concatenate([array[:1], patches])[None]


@pytest.mark.parametrize("patches", [4, 9, 49, 196])
def test_positions_are_resampled(patches: int, tmp_path: Path) -> None:
    network = build_apvit(classes=7, keep_patches=None, **HYBRID)
    tensors = vit(patches)
    report = start_from(network, write(tmp_path / "vit.pth", tensors))
    assert report.resampled == ("encoder.pos_embed",)
    assert complete(report, network, tensors)
    expected = resized(tensors["pos_embed"], 4, triangle)
    np.testing.assert_allclose(network.encoder.pos_embed.detach().numpy(), expected, atol=1e-5)


TIMM = {"backbone": "vit_tiny_patch16_224", "depth": 2, "embed_dim": 8, "num_heads": 2}


def test_timm(tmp_path: Path) -> None:
    donor = create_model("timm", classes=11, img_size=64, **TIMM).backbone
    tensors = {name: torch.randn(value.shape) for name, value in donor.state_dict().items()}
    network = create_model("timm", classes=7, img_size=96, **TIMM)
    report = start_from(network, write(tmp_path / "vit.safetensors", tensors))
    assert report.resampled == ("backbone.pos_embed",)
    assert set(report.skipped) == {"head.weight", "head.bias"}
    assert report.missing == ("backbone.head.weight", "backbone.head.bias")
    assert complete(report, network, tensors)
    expected = resized(tensors["pos_embed"], 6, cubic)
    np.testing.assert_allclose(network.backbone.pos_embed.detach().numpy(), expected, atol=1e-5)
    for name in report.taken:
        assert torch.equal(network.state_dict()[name], tensors[name.removeprefix("backbone.")])


def test_a_classifier_of_others_is_never_taken(tmp_path: Path) -> None:
    network = create_model("timm", classes=7, img_size=32, **TIMM)
    tensors = values({n: tuple(v.shape) for n, v in network.backbone.state_dict().items()})
    before = snapshot(network)
    start_from(network, write(tmp_path / "vit.pth", tensors))
    assert not any("head." in name for name in changed(network, before))


def test_one_part_by_itself(tmp_path: Path) -> None:
    part = IR50(2, UNITS, WIDTHS)
    tensors = values(ir50_shapes(UNITS, WIDTHS, 32))
    report = load_backbone(part, write(tmp_path / "ir50.pth", tensors))
    assert complete(report, part, tensors)
    assert report.missing == ()
    assert torch.equal(part.body[1][0].res_layer[1].weight, tensors["body.2.res_layer.1.weight"])
    backbone = create_model("timm", classes=7, img_size=32, **TIMM).backbone
    tensors = {name: torch.randn(value.shape) for name, value in backbone.state_dict().items()}
    path = write(tmp_path / "vit.pth", tensors)
    assert load_backbone(backbone, path, timm_layout(backbone)).missing == (
        "head.weight",
        "head.bias",
    )
    with pytest.raises(ModelError, match="holds a vision transformer of timm, not a IR50"):
        load_backbone(part, path)


def test_weights_older_than_counters_are_whole(tmp_path: Path) -> None:
    network = TRUNKS["dan"]()
    tensors = values(resnet_shapes(4, (1, 2, 1, 1)))
    tensors = {n: v for n, v in tensors.items() if not n.endswith("num_batches_tracked")}
    report = start_from(network, write(tmp_path / "resnet.pth", tensors))
    assert "backbone.bn1.num_batches_tracked" in report.missing
    assert complete(report, network, tensors)


def without(name: str) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    return lambda tensors: {n: v for n, v in tensors.items() if n != name}


def with_(**more: Tensor) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    named = {name.replace("__", "."): value for name, value in more.items()}
    return lambda tensors: {**tensors, **named}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("layer4.0.bn2.running_var"), r"1 missing: layer4\.0\.bn2\.running_var$"),
        (with_(layer4__3__conv1__weight=torch.ones(1)), r"1 without a place: layer4\.3"),
        (
            with_(conv1__weight=torch.ones(4, 3, 3, 3)),
            r"conv1\.weight \(4, 3, 3, 3\) for \(4, 3, 7",
        ),
        (with_(bn1__bias=torch.ones(4, dtype=torch.int64)), r"1 of another shape: bn1\.bias"),
        (
            lambda tensors: {n: v for n, v in tensors.items() if "layer3" not in n},
            r"15 missing: .*,",
        ),
    ],
)
def test_half_a_backbone_is_refused_and_nothing_changes(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], reason: str, tmp_path: Path
) -> None:
    network = TRUNKS["dan"]()
    before = snapshot(network)
    path = write(tmp_path / "resnet.pth", change(values(resnet_shapes(4, (1, 2, 1, 1)))))
    with pytest.raises(ModelError, match=reason) as refusal:
        start_from(network, path)
    assert "\n" not in str(refusal.value)
    assert changed(network, before) == set()


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        (ir50_shapes((2, 4, 2, 1), WIDTHS, 32), r"13 without a place: body\.5\.res_layer\.0\."),
        (ir50_shapes((2, 2, 2, 1), WIDTHS, 32), r"missing: body\.1\.2\."),
        (vit_shapes(8, 3, 24, 16), r"11 without a place: blocks\.2\.attn\.qkv\.weight"),
        (vit_shapes(8, 1, 24, 16), r"11 missing: blocks\.1\.norm1\.weight"),
        (vit_shapes(8, 2, 32, 16), r"of another shape: blocks\.0\.mlp\.fc1\.weight \(32, 8\)"),
        (vit_shapes(8, 2, 24, 17), r"pos_embed \(1, 18, 8\) for \(1, 17, 8\)"),
        (vit_shapes(6, 2, 24, 4), r"pos_embed \(1, 5, 6\) for \(1, 17, 8\)"),
        (resnet_shapes(4), "holds a ResNet of torchvision; TransFER has no part like that"),
        ({"stem.weight": (1,), "head.bias": (2,)}, r"no layout .* begins with stem\.weight, head"),
        (
            {"cat_head0.sa.conv1x1.0.weight": (1,)},
            "dan's authors.*mien import-checkpoint --model dan",
        ),
        ({"extractor.input_layer.0.weight": (1,)}, "mien import-checkpoint --model apvit"),
    ],
)
def test_files_for_other_networks(shapes: Shapes, reason: str, tmp_path: Path) -> None:
    network = build_transfer(classes=7, reduction=2, **HYBRID)
    before = snapshot(network)
    with pytest.raises(ModelError, match=reason):
        start_from(network, write(tmp_path / "file.pth", values(shapes)))
    assert changed(network, before) == set()


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        start_from(TRUNKS["dan"](), tmp_path / "missing.pth")


def test_the_report_in_words(tmp_path: Path) -> None:
    network = TRUNKS["dan"]()
    tensors = values(resnet_shapes(4, (1, 2, 1, 1)))
    report = start_from(network, write(tmp_path / "resnet.pth", tensors))
    text = str(report)
    assert text.startswith(f"{tmp_path / 'resnet.pth'} (ResNet of torchvision): ")
    assert f"{len(report.taken)} tensors taken, 0 resampled, 2 skipped (fc), " in text
    assert text.endswith(f"{len(report.missing)} missing (classifier, heads, norm)")
    lines = report.lines()
    assert len(lines) == len(network.state_dict()) + 2
    assert "skipped: fc.weight" in lines
    assert "taken: backbone.conv1.weight" in lines
