"""The small network that mien ships: a residual network for faces of 48 pixels.

ImageNet's ResNet-18 shrinks its input fourfold before the first block, which leaves 12x12
positions of a 48-pixel face. Here the stem keeps the size and each of three stages halves
it: 24x24, 12x12, 6x6. Blocks are basic residual blocks (He et al. 2016) with
squeeze-and-excitation (Hu et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.ops import (  # type: ignore[import-untyped]
    Conv2dNormActivation,
    SqueezeExcitation,
)

from ..errors import ModelError
from ..options import check_count
from .output import Output
from .registry import register

_REDUCTION = 8


class Block(nn.Module):
    """Two 3x3 convolutions, with or without squeeze-and-excitation, beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, excited: bool) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            Conv2dNormActivation(inputs, outputs, 3, stride),
            Conv2dNormActivation(outputs, outputs, 3, activation_layer=None),
        )
        if excited:
            self.residual.append(SqueezeExcitation(outputs, outputs // _REDUCTION))
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = Conv2dNormActivation(inputs, outputs, 1, stride, activation_layer=None)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        activated: Tensor = self.activation(self.residual(maps) + self.shortcut(maps))
        return activated


class SmallResNet(nn.Module):
    """Stem at full size, then stages that halve it, global average, linear classifier."""

    def __init__(
        self,
        classes: int,
        stem: int,
        widths: Sequence[int],
        depths: Sequence[int],
        plain_stages: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if len(widths) != len(depths) or min(depths) < 1:
            raise ModelError(f"widths {widths} and depths {depths} do not describe stages")
        check_count("plain_stages", plain_stages, 0, len(widths))
        self.stem = Conv2dNormActivation(3, stem, 3)
        blocks: list[nn.Module] = []
        inputs = stem
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for number in range(depth):
                stride = 2 if number == 0 else 1
                blocks.append(Block(inputs, width, stride, stage >= plain_stages))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(inputs, classes)
        _initialise(self)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and features (N, widths[-1])."""
        features = self.pool(self.blocks(self.stem(images))).flatten(1)
        return Output(self.classifier(self.dropout(features)), features)


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@register("small")
def build_small(
    *,
    classes: int,
    stem: int = 32,
    widths: Sequence[int] = (64, 128, 256),
    depths: Sequence[int] = (2, 2, 2),
    plain_stages: int = 0,
    dropout: float = 0.2,
) -> SmallResNet:
    """Builder of the shipped network: 0.31 G multiply-adds at 56 pixels, 2.8 M parameters.

    Args:
        classes: of the answer.
        stem: channels of the first convolution, at full size.
        widths: channels of each stage.
        depths: blocks of each stage.
        plain_stages: so many first stages have no squeeze-and-excitation, whose reading and
            scaling of large maps takes a sixth of the time on a CPU for few multiply-adds.
        dropout: before the classifier.
    """
    return SmallResNet(classes, stem, tuple(widths), tuple(depths), plain_stages, dropout)
