"""The stem and stages of ResNet-18 (He et al. 2016) without its head.

Blocks are torchvision's and so are the names, ``conv1``, ``bn1``, ``layer1`` to ``layer4``, so
that weights of torchvision's ResNet-18 load as they are. Beside it: any number of stages, as
MSA-Net stops after the second, the stem of LLA-Net, another block, and another width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock  # type: ignore[import-untyped]

from ...options import check_count

RESNET18 = (2, 2, 2, 2)
"""Blocks in each stage."""


class Trunk(nn.Module):
    """A residual network up to its last maps.

    Args:
        depths: blocks in each stage. Each stage but the first halves the maps and doubles
            the channels.
        width: channels of the stem and the first stage.
        block: torchvision's ``BasicBlock``, or what has its first four arguments.
        stem: kernel size of the first convolution.
        stem_stride: of the first convolution.
        maxpool: whether 3x3 max-pooling with stride 2 follows it.

    Raises:
        ModelError: if width, a depth or the number of stages is below 1.
    """

    def __init__(
        self,
        depths: Sequence[int] = RESNET18,
        width: int = 64,
        *,
        block: Callable[..., nn.Module] = BasicBlock,
        stem: int = 7,
        stem_stride: int = 2,
        maxpool: bool = True,
    ) -> None:
        super().__init__()
        check_count("width", width)
        check_count("number of stages", len(depths))
        self.conv1 = nn.Conv2d(3, width, stem, stem_stride, stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if maxpool else nn.Identity()
        self.outputs = width
        self.stages = tuple(f"layer{number}" for number in range(1, len(depths) + 1))
        for number, (name, depth) in enumerate(zip(self.stages, depths, strict=True)):
            inputs, self.outputs = self.outputs, width << number
            stride = 1 if number == 0 else 2
            self.add_module(name, residual_stage(inputs, self.outputs, depth, stride, block))
        initialise(self)

    def stem(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, width, H / 4, W / 4), or as strides and max-pooling say."""
        maps: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to maps (N, outputs, h, w); ResNet-18: (N, 512, H / 32, W / 32)."""
        maps = self.stem(images)
        for name in self.stages:
            maps = self.get_submodule(name)(maps)
        return maps

    def blocks(self) -> list[nn.Module]:
        """All blocks of all stages, in order."""
        return [block for name in self.stages for block in self.get_submodule(name).children()]


def residual_stage(
    inputs: int, outputs: int, depth: int, stride: int, block: Callable[..., nn.Module] = BasicBlock
) -> nn.Sequential:
    """``depth`` blocks; the first has the stride, and a projection where its shape changes.

    Raises:
        ModelError: if ``depth`` is below 1.
    """
    check_count("depth of a stage", depth)
    projection = None
    if stride != 1 or inputs != outputs:
        projection = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )
    rest = [block(outputs, outputs) for _ in range(depth - 1)]
    return nn.Sequential(block(inputs, outputs, stride, projection), *rest)


def initialise(module: nn.Module) -> None:
    """Kaiming's normal values, as torchvision's ResNet, for convolutions before a BatchNorm.

    They are the ones without bias; others, such as those that make a mask, keep PyTorch's.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and part.bias is None:
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
