"""The lossless attention module of LLA-Net (2020), section III.B.

Lossless in two ways: the mask keeps height, width and channels of what it weighs, nothing is
pooled or reduced; and it is made from the maps before the last convolution as well, as that
convolution may have dropped what tells where to look.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock  # type: ignore[import-untyped]


class LosslessAttention(nn.Module):
    """A mask of the size of the maps, each value between 0 and 1.

    Args:
        channels: C, of both inputs.
        kernel: of the convolution f, "standard" and across positions in the paper, so 3;
            1 sees channels only.
    """

    def __init__(self, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2 * channels, channels, kernel, padding=kernel // 2)

    def forward(self, previous: Tensor, current: Tensor) -> Tensor:
        """Two times (N, C, h, w) to a mask (N, C, h, w): sigma(f([previous, current]))."""
        mask: Tensor = self.convolution(torch.cat([previous, current], 1)).sigmoid()
        return mask


class LosslessBlock(BasicBlock):  # type: ignore[misc]
    """ResNet's basic block with the module before the sum with the shortcut.

    The text does not say which maps are "previous" and "current". The outputs of the block's
    two convolutions are the one pair that has the same shape in every block. The equations
    take the sigmoid before the product, Figure 2's caption after it; here as the equations:
    the other way would leave only values between 0 and 1.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        projection: nn.Module | None = None,
        *,
        kernel: int = 3,
    ) -> None:
        super().__init__(inputs, outputs, stride, projection)
        self.attention = LosslessAttention(outputs, kernel)

    def attend(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, inputs, h, w) to the block's output and mask, (N, outputs, h', w') each."""
        previous = self.relu(self.bn1(self.conv1(maps)))
        current = self.bn2(self.conv2(previous))
        mask = self.attention(previous, current)
        shortcut = maps if self.downsample is None else self.downsample(maps)
        return self.relu(current * mask + shortcut), mask

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (N, inputs, h, w) to (N, outputs, h / stride, w / stride)."""
        return self.attend(maps)[0]
