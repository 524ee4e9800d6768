"""Multi-head self-attention, written out (TransFER Eq. 2 to 4; APViT Eq. 2)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from ...options import check_choice, check_count
from .dropping import HeadDropping, TokenDropping

SCALES = ("head", "embedding")


class Attended(NamedTuple):
    """Result of self-attention on n patch tokens after one class token.

    Attributes:
        tokens: (N, 1 + n, D).
        class_scores: (N, heads, n), products of the class token's query with the patches'
            keys, scaled, before the softmax.
        class_weights: (N, n), the class token's attention to the patches, mean over heads.
    """

    tokens: Tensor
    class_scores: Tensor
    class_weights: Tensor


class SelfAttention(nn.Module):
    """Self-attention whose scores are in sight, which the fused kernels do not show.

    ``weights`` does nothing: its output is the softmax (N, heads, 1 + n, 1 + n), a row for each
    token that looks, for explanations.

    Args:
        width: D.
        heads: number of heads; divides D.
        qkv_bias: DeiT has a bias there, the ViT of both papers has none.
        scale: ``"head"``: scores are divided by the root of D / heads, as in TransFER's Eq. 3
            and the released code of both; ``"embedding"``: by the root of D, as APViT's Eq. 2
            prints and the ImageNet weights were trained.
        head_drop: probability p2 that one head is dropped, per picture and block (TransFER,
            section 3.3).
        legacy_token_drop: drop what TransFER's released code drops instead: one token of the
            first ``heads``, in queries, keys and values.

    Raises:
        ModelError: if an option has a wrong value.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        qkv_bias: bool = False,
        scale: str = "head",
        head_drop: float = 0.0,
        legacy_token_drop: bool = False,
    ) -> None:
        super().__init__()
        check_count("heads", heads)
        check_choice("attention_scale", scale, SCALES)
        self.heads = heads
        self.scale = (width // heads if scale == "head" else width) ** -0.5
        self.qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.weights = nn.Identity()
        self.proj = nn.Linear(width, width)
        self.token_drop = TokenDropping(head_drop, heads) if legacy_token_drop else None
        self.head_drop = None if legacy_token_drop else HeadDropping(head_drop)

    def forward(self, tokens: Tensor) -> Attended:
        """Tokens (N, 1 + n, D), the class token first."""
        number, length, width = tokens.shape
        qkv = self.qkv(tokens).reshape(number, length, 3, self.heads, width // self.heads)
        if self.token_drop is not None:
            qkv = self.token_drop(qkv)
        queries, keys, values = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (queries * self.scale) @ keys.transpose(-2, -1)
        weights = self.weights(scores.softmax(-1))
        attended = weights @ values
        if self.head_drop is not None:
            attended = self.head_drop(attended)
        joined = attended.transpose(1, 2).reshape(number, length, width)
        return Attended(self.proj(joined), scores[:, :, 0, 1:], weights[:, :, 0, 1:].mean(1))
