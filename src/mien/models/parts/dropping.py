"""Dropping one of several attentions as a whole, and what TransFER compares that with.

Dropout zeroes numbers independently and scales the rest up. Multi-attention dropping (MAD,
TransFER section 3.2) and multi-head self-attention dropping (MSAD, section 3.3) zero at most
one of a sample's attentions, the whole of it, and scale nothing: the branches that are left
have to find what the missing one would have seen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import DropBlock2d, drop_block2d  # type: ignore[import-untyped]

from ...errors import ModelError
from ...options import check_choice, check_count, check_rate

KINDS = ("mad", "dropout", "dropblock", "spatial_dropout", "none")
_AXIS = 1


def drop_one(attentions: Tensor, rate: float, choices: int) -> Tensor:
    """Zero one entry of axis 1 in a share of the samples.

    Args:
        attentions: (N, K, ...).
        rate: probability that a sample loses one.
        choices: which one is drawn uniformly from the first ``choices``; one that the tensor
            does not have is no loss.

    Returns:
        (N, K, ...), the other entries as they were.
    """
    samples, device = attentions.shape[0], attentions.device
    loses = torch.rand(samples, device=device) < rate
    which = torch.randint(choices, (samples,), device=device)
    places = torch.arange(attentions.shape[_AXIS], device=device)
    dropped = loses[:, None] & (places == which[:, None])
    one_each = (1,) * (attentions.ndim - dropped.ndim)
    return attentions.masked_fill(dropped.reshape(*dropped.shape, *one_each), 0)


class _DropOne(nn.Module):
    def __init__(self, rate: float) -> None:
        super().__init__()
        check_rate("rate", rate)
        self.rate = rate

    def extra_repr(self) -> str:
        """The rate, for printing."""
        return f"rate={self.rate}"

    def forward(self, attentions: Tensor) -> Tensor:
        """(N, K, ...) to the same; changed in training only."""
        if not self.training or self.rate == 0:
            return attentions
        return drop_one(attentions, self.rate, attentions.shape[_AXIS])


class MultiAttentionDropping(_DropOne):
    """MAD: maps (N, B, H, W), of which one per sample becomes zero with probability ``rate``.

    TransFER's p1: 0.6 on RAF-DB and FERPlus, 0.2 on AffectNet.
    """


class HeadDropping(_DropOne):
    """MSAD: outputs of self-attention (N, heads, tokens, head width), one head of each sample.

    It acts before the heads are joined. TransFER's p2: 0.3 on RAF-DB and FERPlus, 0.6 on
    AffectNet, in every block anew.
    """


class TokenDropping(nn.Module):
    """What the released code of TransFER does in the place of MSAD.

    It takes the axis of the tokens for that of the heads: query, key and value of one token
    become zero in all heads, the class token (number 0) or one of the first patches of the
    top row. The released weights were trained so.
    """

    def __init__(self, rate: float, heads: int) -> None:
        super().__init__()
        check_rate("rate", rate)
        check_count("heads", heads)
        self.rate = rate
        self.heads = heads

    def extra_repr(self) -> str:
        """Rate and heads, for printing."""
        return f"rate={self.rate}, heads={self.heads}"

    def forward(self, qkv: Tensor) -> Tensor:
        """(N, tokens, 3, heads, head width) to the same; changed in training only.

        With fewer tokens than heads a draw may hit none; the released code fails there.
        """
        if not self.training or self.rate == 0:
            return qkv
        return drop_one(qkv, self.rate, self.heads)


class _DropBlock(DropBlock2d):  # type: ignore[misc]
    """torchvision's, on maps smaller than the block, too: the block shrinks to fit."""

    def forward(self, maps: Tensor) -> Tensor:
        """(N, B, H, W) to the same; changed in training only."""
        size = min(self.block_size, *maps.shape[2:])
        size -= 1 - size % 2  # torchvision's blocks have a centre
        dropped: Tensor = drop_block2d(maps, self.p, size, training=self.training)
        return dropped


def make_dropping(kind: str, rate: float, block_size: int = 7) -> nn.Module:
    """What acts on the maps (N, B, H, W) of the LANets: MAD, or a row of TransFER's Table 4.

    The paper replaces MAD and keeps the rest, so all of them act on the attention maps, each
    with the scaling of its library. Best rates there (RAF-DB, AffectNet): dropout 0 and 0.1,
    DropBlock 0.3 with blocks of 7 and 9, spatial dropout 0.2.

    Args:
        kind: ``"mad"`` zeroes one whole map per sample, ``"dropout"`` each position of each
            map by itself, ``"dropblock"`` squares, ``"spatial_dropout"`` each whole map by
            itself, ``"none"`` nothing.
        rate: probability of that; with ``"none"`` it means nothing.
        block_size: edge of DropBlock's squares in positions, odd.

    Raises:
        ModelError: on another kind, a rate outside 0 to 1, or an even block size.
    """
    check_choice("dropping", kind, KINDS)
    check_rate("rate", rate)
    check_count("block_size", block_size)
    if block_size % 2 == 0:
        raise ModelError(f"block_size is {block_size}; it must be odd, so that blocks are centred")
    if kind == "mad":
        return MultiAttentionDropping(rate)
    if kind == "dropout":
        return nn.Dropout(rate)
    if kind == "dropblock":
        return _DropBlock(rate, block_size)
    if kind == "spatial_dropout":
        return nn.Dropout2d(rate)
    return nn.Identity()
