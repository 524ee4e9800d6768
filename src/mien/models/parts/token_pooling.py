"""Attentive token pooling (APViT, section 3.3): a block passes on the tokens that matter."""

from __future__ import annotations

from torch import Tensor, nn

from ...options import check_choice, check_rate
from .ranking import CRITERIA, Ratio, best, decayed, exact, score


class TokenPooling(nn.Module):
    """Keeps the share of the patch tokens that the class token attends to most.

    Args:
        rate: share r that is kept, 1 for all.
        criterion: how the heads' scores q_class . k become one: ``"sum"`` (the paper's),
            ``"abs"`` or ``"max"`` (its Table 5).

    Raises:
        ModelError: if the rate lies outside 0 to 1 or the criterion is unknown.
    """

    def __init__(self, rate: float = 1.0, criterion: str = "sum") -> None:
        super().__init__()
        check_rate("keep_rate", rate)
        check_choice("token_criterion", criterion, tuple(CRITERIA))
        self.criterion = criterion
        self.rate = rate
        self._final: Ratio = exact(rate).as_integer_ratio()
        self._training = self._final

    def set_progress(self, progress: float) -> None:
        """Let the rate of training fall from 1 to its final value, linearly (Table 4)."""
        rate = 1 - (1 - exact(self.rate)) * decayed(progress)
        self._training = rate.as_integer_ratio()

    def number(self, tokens: int) -> int:
        """How many of ``tokens`` patch tokens are kept: max(floor(r n), 1), Eq. 3.

        The count leaves the class token out; nothing else, the batch size above all, has a
        say in it. (The released code skips pruning when the two happen to be equal.)
        """
        numerator, denominator = self._training if self.training else self._final
        return max(tokens * numerator // denominator, 1)

    def forward(self, scores: Tensor) -> Tensor | None:
        """Indices of the kept patch tokens.

        Args:
            scores: (N, heads, n), scaled products of the class token's query with the
                patches' keys, before the softmax.

        Returns:
            (N, number), ascending; ``None`` if all are kept.
        """
        tokens = scores.shape[2]
        number = self.number(tokens)
        if number == tokens:
            return None
        return best(score(scores, self.criterion), number)

    def extra_repr(self) -> str:
        """The options, for ``print``."""
        return f"rate={self.rate}, criterion={self.criterion}"
