"""The cross attention head of DAN (Wen et al. 2021), section 3.2 and Figure 4.

One unit weighs positions, the next weighs channels. Both follow the released code where the
paper leaves them open: what a unit multiplies, and with what.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation  # type: ignore[import-untyped]


class SpatialAttention(nn.Module):
    """One weight, at least 0 and without upper bound, for each position.

    The paper counts four convolutions and one activation function: a 1x1 convolution halves
    the channels; 3x3, 1x3 and 3x1 convolutions look at what remains; their sum passes a ReLU
    and is summed over the channels. No convolution has an activation of its own. Each has a
    bias although a BatchNorm follows, as in the released weights.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        middle = channels // 2
        self.reduce = _convolution(channels, middle, 1)
        self.square = _convolution(middle, channels, 3)
        self.row = _convolution(middle, channels, (1, 3))
        self.column = _convolution(middle, channels, (3, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (N, C, h, w) to weights (N, 1, h, w)."""
        reduced = self.reduce(maps)
        summed: Tensor = self.square(reduced) + self.row(reduced) + self.column(reduced)
        return summed.relu().sum(1, keepdim=True)


class ChannelAttention(nn.Module):
    """One weight between 0 and 1 for each channel of a pooled vector.

    The two linear layers are the paper's mini autoencoder. Eq. 4 multiplies maps; the
    released code, and this, multiplies their averages, which gives the same vector.
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        middle = max(channels // reduction, 1)
        self.weigh = nn.Sequential(
            nn.Linear(channels, middle),
            nn.BatchNorm1d(middle),
            nn.ReLU(inplace=True),
            nn.Linear(middle, channels),
            nn.Sigmoid(),
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """Vectors (N, C) to weights (N, C)."""
        weights: Tensor = self.weigh(vectors)
        return weights


class CrossAttentionHead(nn.Module):
    """Spatial, then channel attention.

    ``attended`` does nothing: its output is the maps after spatial attention, from which the
    pictures of Figure 1 are made by Grad-CAM++.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.spatial = SpatialAttention(channels)
        self.attended = nn.Identity()
        self.channel = ChannelAttention(channels, reduction)
        _initialise(self)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, C, h, w) to a vector (N, C) and the weights of positions (N, 1, h, w)."""
        weights = self.spatial(maps)
        attended = self.attended(maps * weights)  # Eq. 3
        # The weights are sums over all channels, in the hundreds, and what counts later is how
        # heads differ: bfloat16 would round that away.
        precise = torch.promote_types(maps.dtype, torch.float32)
        pooled = attended.mean((2, 3), dtype=precise)
        return pooled * self.channel(pooled), weights  # Eq. 4


def _convolution(inputs: int, outputs: int, kernel: int | tuple[int, int]) -> nn.Module:
    layers: nn.Module = Conv2dNormActivation(
        inputs, outputs, kernel, bias=True, activation_layer=None
    )
    return layers


def _initialise(module: nn.Module) -> None:
    """As the released code: channel weights start at 1/2, with next to no difference."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out")
        elif isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.001)
        if isinstance(part, nn.Conv2d | nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
