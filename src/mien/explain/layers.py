"""Which layer of each network Grad-CAM++ looks at: the one place that knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import TensorError
from ..models.apvit import APViT
from ..models.dan import DAN
from ..models.ir50 import IR50Classifier
from ..models.lla_net import LLANet
from ..models.msa_net import MSANet
from ..models.parts.cross_attention import CrossAttentionHead
from ..models.parts.ir50 import IR50
from ..models.resnet import ResNet
from ..models.resnet18 import ResNet18
from ..models.small import SmallResNet
from ..models.timm_backbone import TimmBackbone
from ..models.transfer import TransFER

LEAST_SIDE = 6
"""Positions that maps must have on each side to say where something is.

The papers' networks end in 7x7 or 14x14. For pictures smaller than theirs the same networks end
in 4x4 or 2x2, of which each position has seen the whole picture.
"""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer whose output shows what a network sees where.

    Attributes:
        module: the layer.
        to_maps: brings its output to maps (N, C, h, w); ``None`` where it has that shape.
    """

    module: nn.Module
    to_maps: Callable[[Tensor], Tensor] | None = None


def has_layers(network: nn.Module) -> bool:
    """Whether the layers of such a network are known."""
    return isinstance(network, tuple(_LAYERS))


def evidence_layers(network: nn.Module, images: Tensor) -> list[Layer]:
    """The last maps that all evidence of a class passes through and that still tell places apart.

    Of a network of convolutions these are the last of at least :data:`LEAST_SIDE` positions on
    each side; where none has as many, the first of all. DAN: the maps of all heads behind their
    spatial attention, if they are large enough. TransFER and APViT: the maps that the patches are
    made of. A position there still stands for its place in the picture, while the tokens behind
    each block are mixtures, and the encoder has its say through the gradient. In deletion tests on
    faces these maps did better than those of the projection or of the last block's tokens.

    Args:
        network: one that :func:`has_layers`.
        images: (N, 3, H, W), on whose size the choice depends.

    Returns:
        one layer, or several side by side.
    """
    levels = next(make(network) for kind, make in _LAYERS.items() if isinstance(network, kind))
    if len(levels) > 1:
        sides = _sides(network, [level[0].module for level in levels], images[:1])
        large = [level for level, side in zip(levels, sides, strict=True) if side >= LEAST_SIDE]
        return large[0] if large else levels[-1]
    return levels[0]


def head_layers(network: nn.Module) -> list[Layer]:
    """The maps after the spatial attention of each of DAN's heads; none in other networks.

    The released code makes the pictures of the paper's Figure 1 from them.
    """
    heads = network.heads if isinstance(network, DAN) else ()
    return [Layer(head.attended) for head in heads if isinstance(head, CrossAttentionHead)]


def _sides(network: nn.Module, modules: Sequence[nn.Module], images: Tensor) -> list[int]:
    """The shorter side of each module's maps."""
    sides: dict[nn.Module, int] = {}

    def measure(module: nn.Module, _inputs: tuple[Tensor, ...], maps: Tensor) -> None:
        sides[module] = min(maps.shape[2:])

    handles = [module.register_forward_hook(measure) for module in modules]
    try:
        with torch.no_grad():
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    return [sides[module] for module in modules]


def _stem(network: APViT) -> nn.Module:
    """The maps of the IR-50; patches straight from the picture are all that there is."""
    return network.stem if isinstance(network.stem, IR50) else network.projection


def _single(modules: Sequence[nn.Module]) -> list[list[Layer]]:
    return [[Layer(module)] for module in modules]


def _stages(backbone: Any) -> list[nn.Module]:
    """The stages of a residual network, the last first."""
    return [backbone.get_submodule(f"layer{number}") for number in (4, 3, 2, 1)]


_LAYERS: Mapping[type[nn.Module], Callable[[Any], list[list[Layer]]]] = {
    APViT: lambda network: _single([_stem(network)]),
    DAN: lambda network: [
        head_layers(network),
        *_single(network.backbone.blocks()[::-1]),
    ],
    IR50Classifier: lambda network: _single([network.stem]),
    LLANet: lambda network: _single([network.attended, *network.backbone.blocks()[-2::-1]]),
    MSANet: lambda network: _single([network.attended, *network.backbone.blocks()[::-1]]),
    ResNet: lambda network: _single(network.backbone.blocks()[::-1]),
    ResNet18: lambda network: _single(_stages(network.backbone)),
    SmallResNet: lambda network: _single(list(network.blocks)[::-1]),
    TimmBackbone: lambda network: [[_layer_of_timm(network)]],
    TransFER: lambda network: _single([network.stem]),
}
"""Layers by the kind of network, from the last level to the first."""


def _layer_of_timm(network: TimmBackbone) -> Layer:
    """The last maps; in a vision transformer what enters the last block.

    Behind that block often only the class token counts, and the others have no gradient.
    """
    prefix = getattr(network.backbone, "num_prefix_tokens", None)
    blocks = getattr(network.backbone, "blocks", None)
    if prefix is not None and blocks is not None and hasattr(blocks[-1], "norm1"):
        return Layer(blocks[-1].norm1, lambda tokens: _tokens_to_maps(tokens[:, prefix:]))
    if getattr(network.backbone, "output_fmt", "NCHW") == "NHWC":
        return Layer(network.attended, lambda maps: maps.permute(0, 3, 1, 2))
    return Layer(network.attended, lambda maps: maps if maps.ndim == 4 else _tokens_to_maps(maps))


def _tokens_to_maps(tokens: Tensor) -> Tensor:
    """Tokens (N, n, D) on a square grid to maps (N, D, h, h).

    Raises:
        TensorError: if the grid is no square.
    """
    side = math.isqrt(tokens.shape[1])
    if side * side != tokens.shape[1]:
        raise TensorError(
            f"{tokens.shape[1]} tokens of this network lie on no square grid; "
            "give it square pictures"
        )
    return tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
