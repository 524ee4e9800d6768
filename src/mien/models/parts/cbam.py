"""CBAM, the convolutional block attention module (Woo et al. 2018)."""

from __future__ import annotations

import torch
from timm.layers.cbam import ChannelAttn
from torch import Tensor, nn

_KERNEL = 7
_MOMENTUM = 0.01  # of the BatchNorm in the authors' code


class SpatialGate(nn.Module):
    """One weight between 0 and 1 for each position, from largest and mean channel there."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, _KERNEL, padding=_KERNEL // 2, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=_MOMENTUM)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (N, C, h, w) to weights (N, 1, h, w)."""
        seen = torch.cat([maps.amax(1, keepdim=True), maps.mean(1, keepdim=True)], 1)
        weights: Tensor = self.norm(self.convolution(seen)).sigmoid()
        return weights


class CBAM(nn.Module):
    """Channel gate, then spatial gate on what the first let through.

    MSA-Net prints both gates on the same maps, and a spatial one with C channels; its text and
    its reference say "sequentially", which is what this is.

    Args:
        channels: C.
        reduction: C over the width of the channel gate's hidden layer.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.channel = ChannelAttn(
            channels, rd_channels=max(channels // reduction, 1), mlp_bias=True
        )
        self.spatial = SpatialGate()

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, C, h, w) to weighed maps (N, C, h, w) and spatial weights (N, 1, h, w)."""
        maps = self.channel(maps)
        weights = self.spatial(maps)
        return maps * weights, weights
