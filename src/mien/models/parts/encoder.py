"""The transformer encoder of TransFER and APViT (Dosovitskiy et al. 2021).

Tensors are named as in timm's vision transformer, so that its weights load by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from timm.layers.mlp import Mlp
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor, nn

from ...errors import ModelError
from ...options import check_count
from .ranking import gather
from .self_attention import SelfAttention
from .token_pooling import TokenPooling

_EPSILON = 1e-6
_INITIAL = 0.02  # standard deviation of fresh weights, as in the ViT papers


class Encoded(NamedTuple):
    """What the encoder makes of patches on a grid of h x w.

    Attributes:
        tokens: (N, 1 + n, D), class token and the n patches that are left, normalised.
        class_attention: (N, blocks, h, w), attention of the class token to each patch, mean
            over heads; zero where the patch was gone before the block.
        kept: ascending indices (N, n) into the grid, one tensor per step that left some out.
    """

    tokens: Tensor
    class_attention: Tensor
    kept: tuple[Tensor, ...]


class Block(nn.Module):
    """Pre-norm block; what token pooling drops is gone before the second half."""

    def __init__(
        self,
        width: int,
        attention: SelfAttention,
        pooling: TokenPooling,
        mlp_ratio: float,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPSILON)
        self.attn = attention
        self.pooling = pooling
        self.norm2 = nn.LayerNorm(width, eps=_EPSILON)
        self.mlp = Mlp(width, int(width * mlp_ratio))

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Tokens (N, 1 + n, D), the class token first.

        Returns:
            the tokens that are left, attention (N, n) of the class token to the patches, and
            indices (N, m) of the kept among the n patches, ``None`` if all were.
        """
        attended, class_scores, class_weights = self.attn(self.norm1(tokens))
        tokens = tokens + attended
        kept = self.pooling(class_scores)
        if kept is not None:
            tokens = torch.cat([tokens[:, :1], gather(tokens[:, 1:], kept)], dim=1)
        return tokens + self.mlp(self.norm2(tokens)), class_weights, kept


class Encoder(nn.Module):
    """Class token, position embedding, blocks, norm.

    Args:
        width: D.
        blocks: number of blocks.
        heads: of self-attention.
        image_size: pixels of the square pictures that the position embedding is made for; it
            is resampled for others.
        stride: pixels of a picture per patch.
        mlp_ratio: width of the hidden layer over D.
        qkv_bias, attention_scale, head_drop, legacy_token_drop: see :class:`SelfAttention`.
        keep_rates: share of the patches that each block keeps; ``None`` for all in all.
        criterion: of token pooling.

    Raises:
        ModelError: if an option has a wrong value.
    """

    def __init__(
        self,
        width: int,
        blocks: int,
        heads: int,
        image_size: int,
        stride: int,
        *,
        mlp_ratio: float = 3.0,
        qkv_bias: bool = False,
        attention_scale: str = "head",
        head_drop: float = 0.0,
        legacy_token_drop: bool = False,
        keep_rates: Sequence[float] | None = None,
        criterion: str = "sum",
    ) -> None:
        super().__init__()
        check_count("blocks", blocks)
        check_count("heads", heads)
        if width % heads:
            raise ModelError(f"width {width} cannot be shared among {heads} heads")
        rates = (1.0,) * blocks if keep_rates is None else tuple(keep_rates)
        if len(rates) != blocks:
            raise ModelError(f"{len(rates)} keep rates for {blocks} blocks")
        check_count("image_size", image_size, least=stride)
        if image_size % stride:
            raise ModelError(f"image_size is {image_size}; it must be a multiple of {stride}")
        side = image_size // stride
        self.grid = (side, side)
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + side * side, width))
        self.blocks = nn.ModuleList()
        for rate in rates:
            attention = SelfAttention(
                width,
                heads,
                qkv_bias=qkv_bias,
                scale=attention_scale,
                head_drop=head_drop,
                legacy_token_drop=legacy_token_drop,
            )
            self.blocks.append(Block(width, attention, TokenPooling(rate, criterion), mlp_ratio))
        self.norm = nn.LayerNorm(width, eps=_EPSILON)
        self._initialise()

    def _initialise(self) -> None:
        nn.init.trunc_normal_(self.cls_token, std=_INITIAL)
        nn.init.trunc_normal_(self.pos_embed, std=_INITIAL)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=_INITIAL)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def positions(self, grid: tuple[int, int]) -> Tensor:
        """Position embedding (1, 1 + h w, D) of a grid (h, w), the class token's first."""
        if grid == self.grid:
            return self.pos_embed
        resampled: Tensor = resample_abs_pos_embed(
            self.pos_embed, list(grid), list(self.grid), interpolation="bilinear"
        )
        return resampled

    def forward(self, maps: Tensor, kept: Tensor | None = None) -> Encoded:
        """Encode projected maps.

        Args:
            maps: (N, D, h, w), one patch per position.
            kept: (N, k), ascending indices of the positions to encode; ``None`` for all.
        """
        number, _, *grid = maps.shape
        positions = self.positions((grid[0], grid[1]))
        # Every patch knows its place before some are left out.
        patches = maps.flatten(2).transpose(1, 2) + positions[:, 1:]
        if kept is not None:
            patches = gather(patches, kept)
        start = (self.cls_token + positions[:, :1]).expand(number, -1, -1)
        tokens = torch.cat([start, patches], dim=1)
        steps = [] if kept is None else [kept]
        attention = []
        for block in self.blocks:
            tokens, weights, chosen = block(tokens)
            attention.append(_on_grid(weights, kept, grid[0] * grid[1]))
            if chosen is not None:
                kept = chosen if kept is None else kept.gather(1, chosen)
                steps.append(kept)
        class_attention = torch.stack(attention, dim=1).reshape(number, len(attention), *grid)
        return Encoded(self.norm(tokens), class_attention, tuple(steps))


def _on_grid(weights: Tensor, kept: Tensor | None, positions: int) -> Tensor:
    """Weights (N, n) of the kept patches to (N, positions), zero elsewhere."""
    if kept is None:
        return weights
    return weights.new_zeros(weights.shape[0], positions).scatter(1, kept, weights)
