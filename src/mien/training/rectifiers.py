"""PReLU from two ReLUs, for training on a CPU in bfloat16.

torch's own kernel goes through the channels one by one where they lie last in memory, forward
and back, and took half of the time of a small IR-50's step; ReLU goes through them in a row.
``benchmarks/training.py`` has TransFER's and APViT's rates, which begin with IR-50.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class TwoReLUs(nn.PReLU):
    """PReLU (He et al. 2015, Eq. 1) that is two ReLUs while it trains in bfloat16."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (N, C, ...) to the same shape."""
        if (
            self.training
            and maps.device.type == "cpu"
            and maps.dtype == torch.bfloat16
            and torch.is_autocast_enabled("cpu")
        ):
            return prelu(maps, self.weight.to(maps.dtype))
        return super().forward(maps)


def prelu(maps: Tensor, slopes: Tensor) -> Tensor:
    """What ``torch.nn.functional.prelu`` computes; at 0 its gradient is 0, not the slope.

    Args:
        maps: (N, C, ...).
        slopes: of what is below 0, (C,) or (1,).
    """
    slopes = slopes.view(-1, *[1] * (maps.ndim - 2))
    return functional.relu(maps) - slopes * functional.relu(-maps)


def use_two_relus(network: nn.Module) -> None:
    """Let all PReLUs of a network take the other way; weights and their names stay."""
    for module in network.modules():
        if type(module) is nn.PReLU:
            module.__class__ = TwoReLUs
