"""APViT asked with other poolings than it is set to.

Neither of its poolings has parameters, so that one trained network can be asked with any
numbers. APViT's Figure 7 shows k = 160, 120 and 80 of 196 patches, and the transformer's
attention without and with pooling.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..models.apvit import APViT
from ..models.parts.token_pooling import TokenPooling

_PRINTED, _OF = (160, 120, 80), 196


def printed_counts(positions: int) -> tuple[int, ...]:
    """Figure 7's numbers of patches, as the same shares of another number of positions."""
    return tuple(max(round(positions * count / _OF), 1) for count in _PRINTED)


@contextmanager
def without_pooling(network: APViT) -> Iterator[None]:
    """Let an APViT keep all patches and tokens for a while; afterwards it is as it was."""
    pooling, blocks = network.pooling, list(network.encoder.blocks)
    before = pooling.keep, [block.pooling for block in blocks]
    try:
        pooling.keep = None
        for block in blocks:
            block.pooling = TokenPooling()
        yield
    finally:
        pooling.keep = before[0]
        for block, own in zip(blocks, before[1], strict=True):
            block.pooling = own
