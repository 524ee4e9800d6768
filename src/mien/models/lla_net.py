"""LLA-Net: lossless attention in every block of ResNet-18 (arXiv 2001.11869).

The paper has no public code. What its text leaves open is decided so that ordinary weights of
ResNet-18 still fit: the first convolution keeps its 7x7 kernel and only loses its stride ("does
not change the size of the feature map"), and the max-pooling after it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock  # type: ignore[import-untyped]

from ..errors import ModelError
from ..options import check_choice, check_count, check_rate
from .output import Output
from .parts.checks import check_images
from .parts.lossless_attention import LosslessBlock
from .parts.resnet import RESNET18, Trunk
from .registry import register

_STEMS = {"7x7": 7, "3x3": 3}
_KERNELS = (3, 1)


class LLANet(nn.Module):
    """See :func:`build_lla_net`.

    ``attended`` does nothing: its output is the last maps, for Grad-CAM.
    """

    def __init__(self, classes: int, backbone: Trunk, dropout: float) -> None:
        super().__init__()
        check_count("classes", classes)
        check_rate("dropout", dropout)
        self.backbone = backbone
        self.attended = nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(backbone.outputs, classes)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and features (N, D), the average of the maps.

        ``attention`` (N, 1, h, w) is the last block's mask, averaged over its channels;
        ``None`` without the module.

        Raises:
            TensorError: on pictures of another shape or type, or not finite.
        """
        check_images(images)
        maps, mask = self._attend(images)
        features = self.attended(maps).mean((2, 3))
        logits = self.classifier(self.dropout(features))
        return Output(logits, features, None if mask is None else mask.mean(1, keepdim=True))

    def _attend(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """The last maps and the last block's mask, if the blocks have any."""
        *blocks, last = self.backbone.blocks()
        maps = self.backbone.stem(images)
        for block in blocks:
            maps = block(maps)
        return last.attend(maps) if isinstance(last, LosslessBlock) else (last(maps), None)


@register("lla_net")
def build_lla_net(
    *,
    classes: int,
    attention: bool = True,
    kernel: int = 3,
    stem: str = "7x7",
    maxpool: bool = True,
    dropout: float = 0.0,
    width: int = 64,
    depths: Sequence[int] = RESNET18,
) -> LLANet:
    """Builder of LLA-Net: 23,715,783 parameters for 7 classes.

    Args:
        classes: number of classes.
        attention: ``False`` for the plain ResNet-18 with the same stem.
        kernel: of the attention module's convolution, 3 or 1.
        stem: kernel of the first convolution, ``"7x7"`` or ``"3x3"``; its stride is 1.
        maxpool: ``False`` keeps the size up to the second stage, at four times the cost.
        dropout: rate before the classifier.
        width: channels of the first stage; D is eight times it.
        depths: blocks in each stage.

    Raises:
        ModelError: if an option has a value that it cannot have.
    """
    check_choice("stem", stem, tuple(_STEMS))
    if kernel not in _KERNELS:
        raise ModelError(f"kernel is {kernel}; choose one of {_KERNELS}")
    block = partial(LosslessBlock, kernel=kernel) if attention else BasicBlock
    backbone = Trunk(
        tuple(depths), width, block=block, stem=_STEMS[stem], stem_stride=1, maxpool=maxpool
    )
    return LLANet(classes, backbone, dropout)
