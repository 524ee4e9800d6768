"""Attentive patch pooling (APViT, section 3.2): which positions of the maps go on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...errors import TensorError
from ...options import check_choice, check_count
from .lanet import LANet
from .ranking import CRITERIA, Ratio, best, decayed, score

LEARNED = ("lanet", "conv")
METHODS = ("hard", "soft")


class PooledPatches(NamedTuple):
    """What patch pooling says of maps (N, D, h, w).

    Attributes:
        maps: (N, D, h, w), weighed by the mask where there is one.
        scores: (N, 1, h, w), importance of each position.
        kept: (N, k), ascending indices of the positions to keep; ``None`` for all.
    """

    maps: Tensor
    scores: Tensor
    kept: Tensor | None


class PatchPooling(nn.Module):
    """Scores every position and, when hard, keeps the best.

    Hard pooling by a hand-designed criterion has no parameters, and no gradient reaches the
    choice. A learned criterion learns through its mask alone, which therefore multiplies the
    maps before the choice.

    Args:
        width: D, channels of the maps. In the released code these are the projected maps;
            the paper speaks of those of the CNN.
        keep: k, positions to keep; ``None`` for all.
        criterion: ``"abs"`` (the paper's choice), ``"sum"``, ``"max"`` (Table 5, over the
            channels), or learned: ``"lanet"`` or ``"conv"``, a 1x1 convolution.
        method: ``"hard"`` keeps k positions; ``"soft"`` (Table 6) keeps all and multiplies
            them by a mask. Of hand-designed scores the paper gives no mask; here it is the
            sigmoid of the scores, standardised within each picture.
        norm, sigmoid: of the LANet. The released code has both, the paper neither.

    Raises:
        ModelError: if an option has a wrong value.
    """

    def __init__(
        self,
        width: int,
        keep: int | None = None,
        criterion: str = "abs",
        method: str = "hard",
        *,
        norm: bool = True,
        sigmoid: bool = True,
    ) -> None:
        super().__init__()
        check_choice("patch_criterion", criterion, (*CRITERIA, *LEARNED))
        check_choice("patch_pooling", method, METHODS)
        if keep is not None:
            check_count("keep_patches", keep)
        self.keep = keep
        self.criterion = criterion
        self.method = method
        self.mask: nn.Module | None = None
        if criterion == "lanet":
            self.mask = LANet(width, norm=norm, sigmoid=sigmoid)
        elif criterion == "conv":
            self.mask = nn.Sequential(nn.Conv2d(width, 1, 1), nn.Sigmoid())
        self._progress: Ratio = (1, 1)

    def set_progress(self, progress: float) -> None:
        """Let the number of training fall from all to k, linearly (Table 4)."""
        self._progress = decayed(progress).as_integer_ratio()

    def number(self, positions: int) -> int:
        """How many of ``positions`` are kept.

        Raises:
            TensorError: if there are fewer than are to be kept.
        """
        if self.keep is None:
            return positions
        if self.keep > positions:
            raise TensorError(
                f"the pictures give {positions} patches; keep_patches={self.keep} is more"
            )
        passed, whole = self._progress if self.training else (1, 1)
        return positions - (positions - self.keep) * passed // whole

    def forward(self, maps: Tensor) -> PooledPatches:
        """Maps (N, D, h, w) to weighed maps, scores and kept positions."""
        if self.mask is not None:
            scores = self.mask(maps)
            maps = maps * scores
        else:
            scores = score(maps, self.criterion).unsqueeze(1)
            if self.method == "soft":
                maps = maps * _soft_mask(scores).to(maps.dtype)
        positions = maps.shape[2] * maps.shape[3]
        number = self.number(positions)
        kept = None if number == positions else best(scores.flatten(1), number)
        return PooledPatches(maps, scores, kept)

    def extra_repr(self) -> str:
        """The options, for ``print``."""
        return f"keep={self.keep}, criterion={self.criterion}, method={self.method}"


def _soft_mask(scores: Tensor) -> Tensor:
    centred = scores - scores.mean((2, 3), keepdim=True)
    spread = centred.square().mean((2, 3), keepdim=True).add(1e-6).sqrt()
    return torch.sigmoid(centred / spread)
