"""The patches that APViT keeps: by its own two poolings, and for any number k (Figure 7)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..models.apvit import APViT
from ..models.parts.checks import check_images
from ..models.parts.ranking import best
from ..options import check_count
from .explanation import Explanation
from .inputs import look, no_class, prepared
from .patch_grid import blocks_of, chosen, entered, grid_of
from .pixels import stencil

COUNTS = (160, 80, 40, 10)
"""Numbers of patches that settings in the paper keep of the 196 of a picture of 112 pixels."""


def leaves_out(network: nn.Module) -> bool:
    """Whether a network is an APViT that is set to leave patches out."""
    if not isinstance(network, APViT):
        return False
    rates = [block.pooling.rate for block in blocks_of(network)]
    return network.pooling.keep is not None or min(rates) < 1


def kept_patches(network: APViT, images: Tensor, _classes: Tensor) -> Explanation:
    """A map for each step that leaves patches out: 1 where a patch went on, 0 elsewhere."""
    output = look(network, images)
    height, width = grid = grid_of(output)
    steps = [chosen(kept, grid) for kept in output.kept]
    names = _steps(network, height * width)
    if not steps:  # k is all of them, or they are so few that the rate keeps all
        steps, names = [torch.ones(len(images), *grid, dtype=torch.bool)], ("all",)
    return Explanation(
        method="patches",
        maps=stencil(torch.stack(steps, 1), (images.shape[2], images.shape[3])),
        names=names,
        classes=no_class(len(images)),
        kept=entered(network, output),
    )


def patches(network: nn.Module, images: Tensor, counts: Sequence[int] = COUNTS) -> Explanation:
    """The patches that patch pooling would let on for several k, as in APViT's Figure 7.

    The scores are made before anything is left out, so that one pass answers for every k and
    whatever ``keep_patches`` the network has.

    Args:
        network: an APViT in eval mode.
        images: float (N, 3, H, W), normalised.
        counts: the numbers k.

    Returns:
        one map for each k: 1 where a patch would go on, 0 elsewhere.

    Raises:
        ModelError: if the network is none or in training mode, or has fewer than k patches.
        TensorError: if the network cannot take the pictures.
    """
    if not isinstance(network, APViT):
        raise ModelError(f"patches are kept by APViT, and this is a {type(network).__name__}")
    images = prepared(network, images)
    check_images(images, network.stride)
    with torch.no_grad():
        scores = network.pooling(network.projection(network.stem(images))).scores
    positions = scores[0].numel()
    for count in counts:
        check_count("number of patches to keep", count, most=positions)
    height, width = scores.shape[2:]
    masks = [chosen(best(scores.flatten(1), count), (height, width)) for count in counts]
    return Explanation(
        method="patches",
        maps=stencil(torch.stack(masks, 1), (images.shape[2], images.shape[3])),
        names=tuple(f"{count} patches" for count in counts),
        classes=no_class(len(images)),
    )


def _steps(network: APViT, positions: int) -> tuple[str, ...]:
    """What left patches out, in order."""
    left = network.pooling.number(positions)
    names = ["patch pooling"] if left < positions else []
    for number, block in enumerate(blocks_of(network), 1):
        before, left = left, block.pooling.number(left)
        if left < before:
            names.append(f"block {number}")
    return tuple(names)
