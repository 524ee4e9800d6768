import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import apply, array, lively  # noqa: E402
from torchvision.models import resnet18  # noqa: E402

import mien.models.msa_net  # noqa: E402, F401
from mien.errors import ModelError  # noqa: E402
from mien.models import create_model  # noqa: E402

SMALL = {"width": 4, "depths": (1, 1), "widths": (16, 32), "bottlenecks": (4, 8)}
BASELINE = {"kernels": (3,), "multi_scale": False, "attention": False}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 3_791_699),
        ({"pre_conv": False}, 2_090_707),
        ({"add": "before"}, 3_791_699),
        ({"bottlenecks": (128, 256)}, 10_538_195),
        ({"bottlenecks": (128, 256), "pre_conv": False}, 3_736_531),
        ({"widths": (128, 128), "bottlenecks": (64, 64), "strides": (1, 1)}, 1_644_683),
        ({"widths": (512, 512), "bottlenecks": (128, 128), "strides": (2, 1)}, 5_043_155),
        (BASELINE, 11_180_103),  # ResNet-18
        # CBAM on 512 channels: 32 hidden ones with biases, 7x7 with BatchNorm.
        ({**BASELINE, "attention": True}, 11_180_103 + 2 * 512 * 32 + 544 + 100),
    ],
)
def test_parameters(options: dict[str, object], expected: int) -> None:
    with torch.device("meta"):
        network = create_model("msa_net", classes=7, **options)
    assert sum(one.numel() for one in network.parameters()) == expected


def test_multiply_adds_of_the_default() -> None:
    """1.25 G at 224 pixels: strides are in the first k x k convolution, not the 1x1 before."""
    total = 0

    def count(module: torch.nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal total
        places = output[0, 0].numel() if output.ndim == 4 else 1
        total += module.weight.numel() * places

    network = create_model("msa_net", classes=7).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 3, 224, 224))
    assert round(total / 1e9, 2) == 1.25


def test_the_baseline_is_resnet_18() -> None:
    theirs = lively(resnet18(num_classes=5))
    ours = create_model("msa_net", classes=5, **BASELINE).eval()
    names = {"layer3.": "branches.0.blocks.0.", "layer4.": "branches.0.blocks.1."}
    weights = {}
    for name, value in theirs.state_dict().items():
        if name.startswith("fc."):
            weights[name.replace("fc.", "classifier.")] = value
        elif name[:7] in names:
            weights[names[name[:7]] + name[7:]] = value
        else:
            weights[f"backbone.{name}"] = value
    ours.load_state_dict(weights)
    images = torch.randn(2, 3, 64, 64)
    output = ours(images)
    assert torch.allclose(output.logits, theirs(images), atol=1e-5)
    assert output.attention is None


@pytest.mark.parametrize("attention", [True, False])
def test_branches_beside_each_other(attention: bool) -> None:
    options = {**SMALL, "kernels": (5, 3), "attention": attention}
    network = lively(create_model("msa_net", classes=5, **options)).double()
    images = torch.randn(2, 3, 64, 96, dtype=torch.float64)
    output = network(images)
    shared = network.backbone(images)
    maps, gates = [], []
    for branch in network.branches:
        found = branch.blocks(shared)
        if attention:
            found, weights = branch.gates(found)
            gates.append(array(weights))
        maps.append(array(found))
    features = np.concatenate(maps, axis=1).mean(axis=(2, 3))
    assert features.shape == (2, 64)
    assert array(output.features) == pytest.approx(features)
    assert array(output.logits) == pytest.approx(apply(network.classifier, features))
    if attention:
        assert output.attention.shape == (2, 2, 2, 3)
        assert array(output.attention) == pytest.approx(np.concatenate(gates, axis=1))
    else:
        assert output.attention is None


def test_each_branch_has_its_kernel() -> None:
    network = create_model("msa_net", classes=5, **SMALL)
    for branch, kernel in zip(network.branches, (7, 5, 3), strict=True):
        for block in branch.blocks:
            layers = [block.pre, *block.splits.parts]
            assert {one[0].kernel_size for one in layers} == {(kernel, kernel)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernels": ()}, "do not describe branches"),
        ({"strides": (2,)}, "do not describe branches"),
        ({"kernels": (4,)}, "kernel is 4; an even one"),
        ({"multi_scale": False}, r"multi_scale=False needs kernels of 3, such as \(3,\), not"),
        ({"splits": 3}, "has no 3 equal splits"),
        ({"add": "sideways"}, "add is 'sideways'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        create_model("msa_net", classes=5, **{**SMALL, **options})
