"""A residual network of any size: what stems of DAN, LLA-Net and MSA-Net start from.

Its part is called ``backbone``, as theirs is, and its layers are torchvision's, so that a
checkpoint of it fills any of the three that has the same ``width`` and ``depths``; MSA-Net
leaves the last stages out. The stride and the pooling of the first layers have no weights: a
stem that was trained with stride 2 fits one with stride 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..options import check_count, check_rate
from .output import Output
from .parts.checks import check_images
from .parts.resnet import RESNET18, Trunk
from .registry import register


class ResNet(nn.Module):
    """Trunk, average of the last maps, linear classifier."""

    def __init__(self, classes: int, backbone: Trunk, dropout: float) -> None:
        super().__init__()
        check_count("classes", classes)
        check_rate("dropout", dropout)
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(backbone.outputs, classes)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and features (N, D).

        Raises:
            TensorError: on pictures of another shape or type, or not finite.
        """
        check_images(images)
        features = self.backbone(images).mean((2, 3))
        return Output(self.classifier(self.dropout(features)), features)


@register("resnet")
def build_resnet(
    *,
    classes: int,
    width: int = 64,
    depths: Sequence[int] = RESNET18,
    stem: int = 7,
    stem_stride: int = 2,
    maxpool: bool = True,
    dropout: float = 0.0,
) -> ResNet:
    """Builder; the defaults are ResNet-18's.

    Args:
        classes: M.
        width: channels of the first stage; D doubles with every further one.
        depths: blocks in each stage.
        stem: kernel of the first convolution.
        stem_stride: of the first convolution.
        maxpool: whether pooling follows it.
        dropout: rate before the classifier.

    Raises:
        ModelError: if an option has a value that it cannot have.
    """
    trunk = Trunk(tuple(depths), width, stem=stem, stem_stride=stem_stride, maxpool=maxpool)
    return ResNet(classes, trunk, dropout)
