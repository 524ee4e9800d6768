"""What every network of mien returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Output(NamedTuple):
    """Named results of ``forward(images: float32 (N, 3, H, W))``.

    Letters: N pictures, M classes, D features, A maps, h x w positions of the grid that the
    maps lie on (row by row, so that position ``i`` is row ``i // w``, column ``i % w``).

    Attributes:
        logits: (N, M), one column per class.
        features: (N, D), what the classifier sees.
        attention: (N, A, h, w), the maps by which a network weighs positions: one per cross
            attention head of DAN, per LANet of TransFER, per branch of MSA-Net, the mask of
            LLA-Net's last block (mean over channels), the patch scores of APViT. ``None``
            where a network has none.
        class_attention: (N, blocks, h, w), attention of the class token to each patch in
            each transformer block (mean over heads), zero where a patch was pruned before.
        kept: int64 (N, n) indices of the positions that are left after each pruning step,
            ascending; patch pooling first, then one per block that prunes.
        pooled: (N, D'), average of the backbone's last maps, for losses on clusters
            (affinity, centre). ``None`` where ``features`` are meant.
        heads: (N, K, D), one vector per attention head, for the partition loss.
        action_units: (N, U), logits of the second task where a network has one.
    """

    logits: Tensor
    features: Tensor
    attention: Tensor | None = None
    class_attention: Tensor | None = None
    kept: tuple[Tensor, ...] = ()
    pooled: Tensor | None = None
    heads: Tensor | None = None
    action_units: Tensor | None = None
