"""The baseline: torchvision's ResNet-18 (He et al. 2016)."""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models import resnet18  # type: ignore[import-untyped]

from .output import Output
from .registry import register


class ResNet18(nn.Module):
    """torchvision's ResNet-18 with named output; 11.18 M parameters."""

    def __init__(self, classes: int, dropout: float) -> None:
        super().__init__()
        network = resnet18()
        width = network.fc.in_features
        network.fc = nn.Identity()
        self.backbone = network
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and features (N, 512)."""
        features = self.backbone(images)
        return Output(self.classifier(self.dropout(features)), features)


@register("resnet18")
def build_resnet18(*, classes: int, dropout: float = 0.0) -> ResNet18:
    """Builder of the baseline. ``dropout`` acts on the pooled features."""
    return ResNet18(classes, dropout)
