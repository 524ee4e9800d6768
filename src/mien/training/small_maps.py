"""Convolutions on small maps as matrix products, for training on a CPU in bfloat16.

The processor's matrix unit needs long rows. oneDNN feeds it one row of a map at a time, so on
the 2x2 to 8x8 maps at the end of a ResNet that sees 64 pixels, where most parameters are, it
reaches about a hundredth of what a plain matrix product reaches. Written as one product over
all positions of all pictures, the same convolution trains ResNet-18 at 64 pixels half as fast
again and more (``benchmarks/small_maps.py``).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

_LARGEST = 64
"""Positions of a map up to which the product is faster."""


class SmallMapConvolution(nn.Conv2d):
    """A convolution that is a matrix product while it trains on small maps in bfloat16."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (N, C, h, w) to (N, D, h', w')."""
        if (
            self.training
            and maps.shape[2] * maps.shape[3] <= _LARGEST
            and maps.device.type == "cpu"
            and torch.is_autocast_enabled("cpu")
        ):
            kind = torch.get_autocast_dtype("cpu")
            bias = None if self.bias is None else self.bias.to(kind)
            padding = (int(self.padding[0]), int(self.padding[1]))
            stride = (self.stride[0], self.stride[1])
            return convolve(maps.to(kind), self.weight.to(kind), bias, stride, padding)
        return super().forward(maps)


def convolve(
    maps: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
) -> Tensor:
    """What ``torch.nn.functional.conv2d`` computes, as one matrix product.

    Args:
        maps: (N, C, h, w), best with channels last in memory.
        weight: (D, C, rows, columns).
        bias: (D,).
        stride: down, across.
        padding: with zeros; above and below, left and right.
    """
    rows, columns = weight.shape[2:]
    down, across = padding
    padded = functional.pad(maps.permute(0, 2, 3, 1), (0, 0, across, across, down, down))
    height = (padded.shape[1] - rows) // stride[0] + 1
    width = (padded.shape[2] - columns) // stride[1] + 1
    # Each position with its whole neighbourhood in one row.
    seen = torch.cat(
        [
            padded[:, row:, column:][:, :: stride[0], :: stride[1]][:, :height, :width]
            for row, column in itertools.product(range(rows), range(columns))
        ],
        dim=3,
    )
    product = functional.linear(seen.flatten(0, 2), weight.permute(0, 2, 3, 1).flatten(1), bias)
    return product.reshape(len(maps), height, width, len(weight)).permute(0, 3, 1, 2)


def use_products(network: nn.Module) -> None:
    """Let all convolutions of a network that can be written so take the other way.

    Weights and their names stay; evaluation, other devices and other precisions too.
    """
    for module in network.modules():
        if (
            type(module) is nn.Conv2d
            and module.groups == 1
            and module.dilation == (1, 1)
            and module.padding_mode == "zeros"
            and not isinstance(module.padding, str)
        ):
            module.__class__ = SmallMapConvolution
