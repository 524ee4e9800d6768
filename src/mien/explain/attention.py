"""The maps by which a network itself weighs positions: no gradient, and no class.

They show what a network lets through, which need not be what its answer rests on.
"""

from __future__ import annotations

from torch import Tensor, nn

from ..models.apvit import APViT
from ..models.dan import DAN
from ..models.lla_net import LLANet
from ..models.msa_net import MSANet
from ..models.output import Output
from ..models.parts.lossless_attention import LosslessBlock
from ..models.transfer import TransFER
from .explanation import Explanation
from .inputs import look, no_class
from .patch_grid import entered
from .pixels import heat


def attention_names(network: nn.Module) -> tuple[str, ...]:
    """What the maps of ``Output.attention`` are of; empty where a network has none."""
    if isinstance(network, DAN):
        return _numbered("head", len(network.heads))
    if isinstance(network, TransFER):
        return _numbered("LANet", len(network.branches))
    if isinstance(network, MSANet) and network.branches[0].gates is not None:
        return _numbered("gate", len(network.branches))
    if isinstance(network, LLANet) and isinstance(network.backbone.blocks()[-1], LosslessBlock):
        return ("mask",)
    return ("patch scores",) if isinstance(network, APViT) else ()


def block_names(network: nn.Module) -> tuple[str, ...]:
    """The blocks of a transformer; empty where a network is none."""
    if isinstance(network, TransFER | APViT):
        return _numbered("block", len(network.encoder.blocks))
    return ()


def attention(network: nn.Module, images: Tensor, _classes: Tensor) -> Explanation:
    """DAN's heads, TransFER's LANets, MSA-Net's gates, LLA-Net's mask, APViT's patch scores."""
    output = look(network, images)
    names = attention_names(network)
    return _explanation("attention", network, output, output.attention, names, images)


def class_attention(network: nn.Module, images: Tensor, _classes: Tensor) -> Explanation:
    """Attention of the class token to each patch in each block, mean over its heads."""
    output = look(network, images)
    names = block_names(network)
    return _explanation("class-attention", network, output, output.class_attention, names, images)


def _explanation(
    method: str,
    network: nn.Module,
    output: Output,
    maps: Tensor | None,
    names: tuple[str, ...],
    images: Tensor,
) -> Explanation:
    if maps is None:  # the names are there only where the maps are
        raise ValueError(f"{type(network).__name__} gave no maps for {method}")
    return Explanation(
        method=method,
        maps=heat(maps, (images.shape[2], images.shape[3])),
        names=names,
        classes=no_class(len(images)),
        kept=entered(network, output),
    )


def _numbered(thing: str, number: int) -> tuple[str, ...]:
    return tuple(f"{thing} {one}" for one in range(1, number + 1))
