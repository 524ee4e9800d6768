"""Starting from checkpoints of mien: other classes, other sizes, other networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from foreign_weights import changed, complete, resnet_shapes, snapshot, values, write  # noqa: E402
from torch import Tensor  # noqa: E402

from mien.card import Card  # noqa: E402
from mien.errors import ModelError  # noqa: E402
from mien.expressions import BASIC7, BASIC8, LabelSet  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.models.msa_net import build_msa_net  # noqa: E402
from mien.models.transfer import build_transfer  # noqa: E402
from mien.models.weights import start_from  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

HYBRID: dict[str, Any] = {
    "image_size": 32,
    "units": (1, 2, 1),
    "widths": (4, 6, 8),
    "width": 8,
    "blocks": 2,
    "heads": 2,
}


TIMM = {"backbone": "vit_tiny_patch16_224", "depth": 2, "embed_dim": 8, "num_heads": 2}


def checkpoint(
    path: Path, architecture: str, labels: LabelSet = BASIC8, **options: Any
) -> dict[str, Tensor]:
    """Write a checkpoint of mien with random values and return them."""
    network = create_model(architecture, classes=labels, **options)
    generator = torch.Generator().manual_seed(5)
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.randn(value.shape, generator=generator))
    card = Card(
        name="tiny",
        architecture=architecture,
        arguments=options,
        labels=labels,
        preprocess=Preprocess(size=32),
    )
    save_model(network, card, path)
    return snapshot(network)


DAN = {"heads": 2, "width": 4, "depths": [1, 1, 1, 1]}


def test_a_checkpoint_of_other_classes(tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "dan.safetensors", "dan", **DAN)
    network = create_model("dan", classes=7, **DAN)
    before = snapshot(network)
    report = start_from(network, tmp_path / "dan.safetensors")
    # The logits' BatchNorm depends on the number of classes like the classifier itself.
    depending = {n for n in tensors if n.startswith(("classifier.", "norm."))}
    assert set(report.skipped) == set(report.missing) == depending
    assert complete(report, network, tensors)
    assert all(torch.equal(network.state_dict()[n], tensors[n]) for n in report.taken)
    assert not changed(network, before) & depending


@pytest.mark.parametrize("labels", [None, BASIC8])
def test_a_checkpoint_of_the_same_classes(labels: LabelSet | None, tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "dan.safetensors", "dan", **DAN)
    network = create_model("dan", classes=8, **DAN)
    report = start_from(network, tmp_path / "dan.safetensors", labels=labels)
    assert complete(report, network, tensors)
    assert report.missing == ()
    assert changed(network, tensors) == set()


@pytest.mark.parametrize(
    "labels", [LabelSet(tuple(reversed(BASIC8))), LabelSet.of(["fear", "neutral"])]
)
def test_classes_go_by_name(labels: LabelSet, tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "dan.safetensors", "dan", **DAN)
    network = create_model("dan", classes=labels, **DAN)
    report = start_from(network, tmp_path / "dan.safetensors", labels=labels)
    assert report.missing == report.skipped == ()
    columns = [list(BASIC8).index(one) for one in labels]
    own = network.state_dict()
    for name in tensors:
        by_class = name.startswith(("classifier.", "norm.")) and tensors[name].ndim
        assert torch.equal(own[name], tensors[name][columns] if by_class else tensors[name])


def test_a_class_that_a_checkpoint_lacks_makes_a_fresh_classifier(tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "dan.safetensors", "dan", labels=BASIC7, **DAN)
    network = create_model("dan", classes=8, **DAN)
    report = start_from(network, tmp_path / "dan.safetensors", labels=BASIC8)
    assert "classifier.weight" in report.skipped
    assert complete(report, network, tensors)


def test_a_checkpoint_of_timm(tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "vit.safetensors", "timm", img_size=32, **TIMM)
    network = create_model("timm", classes=7, img_size=64, **TIMM)
    report = start_from(network, tmp_path / "vit.safetensors")
    assert report.resampled == ("backbone.pos_embed",)
    assert set(report.skipped) == {"backbone.head.weight", "backbone.head.bias"}
    assert complete(report, network, tensors)


def test_a_checkpoint_of_another_network(tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "apvit.safetensors", "apvit", keep_patches=4, **HYBRID)
    network = build_transfer(classes=8, reduction=2, **{**HYBRID, "image_size": 48})
    report = start_from(network, tmp_path / "apvit.safetensors")
    assert report.resampled == ("encoder.pos_embed",)
    assert {name.split(".")[0] for name in report.taken} == {"stem", "projection", "encoder"}
    assert {name.split(".")[0] for name in report.missing} == {"branches", "classifier"}
    assert set(report.skipped) == {"classifier.weight", "classifier.bias"}
    assert complete(report, network, tensors)
    assert torch.equal(network.projection.weight, tensors["projection.weight"])


PLAIN = {"width": 4, "depths": [1, 2, 1, 1]}


def test_a_plain_network_starts_one_with_masks(tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "plain.safetensors", "lla_net", attention=False, **PLAIN)
    network = create_model("lla_net", classes=BASIC7, **PLAIN)
    report = start_from(network, tmp_path / "plain.safetensors", labels=BASIC7)
    assert "backbone.layer1.0.attention.convolution.weight" in report.missing
    same = [name for name in report.taken if not name.startswith("classifier.")]
    assert all(torch.equal(network.state_dict()[n], tensors[n]) for n in same)
    assert torch.equal(network.state_dict()["classifier.bias"], tensors["classifier.bias"][:7])
    assert complete(report, network, tensors)


def test_one_part_of_a_deeper_network(tmp_path: Path) -> None:
    tensors = checkpoint(tmp_path / "plain.safetensors", "lla_net", attention=False, **PLAIN)
    shape: dict[str, Any] = {"widths": (8,), "bottlenecks": (4,), "strides": (2,)}
    network = build_msa_net(classes=7, kernels=(3,), width=4, depths=(1, 2), **shape)
    report = start_from(network, tmp_path / "plain.safetensors", parts=["backbone"])
    assert {name.split(".")[0] for name in report.taken} == {"backbone"}
    assert any(name.startswith("backbone.layer4.") for name in report.skipped)
    assert all(torch.equal(network.state_dict()[n], tensors[n]) for n in report.taken)
    assert complete(report, network, tensors)


def test_more_branches_than_the_checkpoint(tmp_path: Path) -> None:
    tensors = checkpoint(
        tmp_path / "two.safetensors", "transfer", branches=2, reduction=2, **HYBRID
    )
    network = build_transfer(classes=8, branches=4, reduction=2, **HYBRID)
    before = snapshot(network)
    with pytest.raises(ModelError, match=r"missing: branches\.2\.layers\.0\.weight"):
        start_from(network, tmp_path / "two.safetensors")
    assert changed(network, before) == set()
    parts = ["stem", "projection", "encoder"]
    report = start_from(network, tmp_path / "two.safetensors", parts=parts)
    assert {name.split(".")[0] for name in report.taken} == set(parts)
    assert complete(report, network, tensors)


def test_checkpoints_that_have_nothing_to_give(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    checkpoint(path, "small", stem=4, widths=[8], depths=[1])
    network = create_model("dan", classes=7, **DAN)
    with pytest.raises(ModelError, match=r"holds small, .* not those of DAN: the first, backbone,"):
        start_from(network, path)
    with pytest.raises(ModelError, match="not in both networks: backbone, heads"):
        start_from(network, path, parts=["heads", "backbone", "classifier"])
    foreign = write(tmp_path / "resnet.pth", values(resnet_shapes(4, (1, 1, 1, 1))))
    with pytest.raises(ModelError, match="parts are chosen from checkpoints of mien"):
        start_from(network, foreign, parts=["backbone"])


def test_starting_leaves_the_random_numbers_of_a_run_alone(tmp_path: Path) -> None:
    checkpoint(tmp_path / "dan.safetensors", "dan", **DAN)
    network = create_model("dan", classes=7, **DAN)
    torch.manual_seed(3)
    start_from(network, tmp_path / "dan.safetensors")
    found = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(found, torch.rand(1))
