"""Patches that a network left out, on the grid that all of them came from."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..models.apvit import APViT
from ..models.output import Output
from ..models.parts.encoder import Block
from ..models.transfer import TransFER


def grid_of(output: Output) -> tuple[int, int]:
    """Rows and columns of a transformer's patches."""
    if output.class_attention is None:
        raise ValueError("only a transformer's output has patches")
    height, width = output.class_attention.shape[2:]
    return height, width


def chosen(kept: Tensor, grid: tuple[int, int]) -> Tensor:
    """Indices (N, n) into a grid (h, w) as bool (N, h, w)."""
    height, width = grid
    flat = torch.zeros(len(kept), height * width, dtype=torch.bool, device=kept.device)
    return flat.scatter(1, kept, True).reshape(-1, height, width)


def entered(network: nn.Module, output: Output) -> NDArray[np.bool_] | None:
    """The patches that patch pooling let into the encoder, bool (N, h, w); ``None`` for all."""
    if not isinstance(network, APViT) or not output.kept:
        return None
    grid = grid_of(output)
    first = output.kept[0]
    # Without patch pooling the first step is a block's.
    if first.shape[1] != network.pooling.number(grid[0] * grid[1]):
        return None
    return chosen(first, grid).cpu().numpy()


def blocks_of(network: TransFER | APViT) -> list[Block]:
    """The blocks of a network's encoder."""
    return [block for block in network.encoder.blocks if isinstance(block, Block)]
