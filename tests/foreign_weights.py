"""State dicts of random values in the layouts of others, name by name as specified.

And what tests of loading ask: what changed, and whether a report accounts for everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mien.models.weights import LoadReport

Shapes = dict[str, tuple[int, ...]]
STATISTICS = ("weight", "bias", "running_mean", "running_var")


def norm(name: str, width: int) -> Shapes:
    shapes: Shapes = {f"{name}.{key}": (width,) for key in STATISTICS}
    return {**shapes, f"{name}.num_batches_tracked": ()}


def ir_unit(name: str, inputs: int, outputs: int) -> Shapes:
    """One unit of IR-50."""
    shapes: Shapes = {}
    if inputs != outputs:
        shapes |= {f"{name}.shortcut_layer.0.weight": (outputs, inputs, 1, 1)}
        shapes |= norm(f"{name}.shortcut_layer.1", outputs)
    shapes |= norm(f"{name}.res_layer.0", inputs)
    shapes |= {f"{name}.res_layer.1.weight": (outputs, inputs, 3, 3)}
    shapes |= {f"{name}.res_layer.2.weight": (outputs,)}
    shapes |= {f"{name}.res_layer.3.weight": (outputs, outputs, 3, 3)}
    return shapes | norm(f"{name}.res_layer.4", outputs)


def resnet_shapes(width: int = 64, depths: tuple[int, ...] = (2, 2, 2, 2)) -> Shapes:
    """torchvision's ResNet of basic blocks, in the released files under ``state_dict``."""
    shapes: Shapes = {"conv1.weight": (width, 3, 7, 7), **norm("bn1", width)}
    inputs = width
    for stage, depth in enumerate(depths):
        outputs = width << stage
        for unit in range(depth):
            name = f"layer{stage + 1}.{unit}"
            shapes |= {f"{name}.conv1.weight": (outputs, inputs, 3, 3)}
            shapes |= {f"{name}.conv2.weight": (outputs, outputs, 3, 3)}
            shapes |= norm(f"{name}.bn1", outputs) | norm(f"{name}.bn2", outputs)
            if inputs != outputs:
                shapes |= {f"{name}.downsample.0.weight": (outputs, inputs, 1, 1)}
                shapes |= norm(f"{name}.downsample.1", outputs)
            inputs = outputs
    return shapes | {"fc.weight": (1000, inputs), "fc.bias": (1000,)}


def ir50_shapes(units: tuple[int, ...], widths: tuple[int, ...], size: int = 112) -> Shapes:
    """face.evoLVe's: the units of all stages in one row."""
    shapes: Shapes = {
        "input_layer.0.weight": (widths[0], 3, 3, 3),
        "input_layer.2.weight": widths[:1],
    }
    shapes |= norm("input_layer.1", widths[0])
    inputs, row = widths[0], 0
    for depth, outputs in zip(units, widths, strict=True):
        for _ in range(depth):
            shapes |= ir_unit(f"body.{row}", inputs, outputs)
            inputs, row = outputs, row + 1
    flat = inputs * (size >> len(units)) ** 2
    shapes |= norm("output_layer.0", inputs) | norm("output_layer.4", 512)
    return shapes | {"output_layer.3.weight": (512, flat), "output_layer.3.bias": (512,)}


def vit_shapes(
    width: int = 768, blocks: int = 8, hidden: int = 2304, patches: int = 196, patch: int = 16
) -> Shapes:
    """timm's early ViT-small, without a bias of queries, keys and values."""
    shapes: Shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, patches + 1, width),
        "patch_embed.proj.weight": (width, 3, patch, patch),
        "patch_embed.proj.bias": (width,),
    }
    for block in range(blocks):
        layers = {
            "attn.proj": (width, width),
            "mlp.fc1": (hidden, width),
            "mlp.fc2": (width, hidden),
            "norm1": (width,),
            "norm2": (width,),
        }
        shapes[f"blocks.{block}.attn.qkv.weight"] = (3 * width, width)
        for layer, shape in layers.items():
            shapes[f"blocks.{block}.{layer}.weight"] = shape
            shapes[f"blocks.{block}.{layer}.bias"] = shape[:1]
    shapes |= {"norm.weight": (width,), "norm.bias": (width,)}
    return shapes | {"head.weight": (1000, width), "head.bias": (1000,)}


def values(shapes: Shapes) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(len(shapes))
    return {
        name: torch.randn(shape, generator=generator)
        if shape
        else torch.tensor(len(name))  # batches that a BatchNorm has counted
        for name, shape in shapes.items()
    }


def write(path: Path, tensors: Mapping[str, Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file(dict(tensors), path)
    else:
        torch.save({"state_dict": {f"module.{name}": v for name, v in tensors.items()}}, path)
    return path


def complete(report: LoadReport, network: nn.Module, tensors: Mapping[str, Tensor]) -> bool:
    """Whether each tensor of both is named once, and those of the file are all accounted for."""
    named = [*report.taken, *report.resampled, *report.missing]
    return sorted(named) == sorted(network.state_dict()) and len(tensors) == len(
        [*report.taken, *report.resampled, *report.skipped]
    )


def snapshot(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(network: nn.Module, before: Mapping[str, Tensor]) -> set[str]:
    now = network.state_dict()
    return {name for name, value in before.items() if not torch.equal(now[name], value)}
