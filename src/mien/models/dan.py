"""DAN: Distract your Attention Network (Wen et al. 2021), as in the released code.

Three networks in a row: the Feature Clustering Network, a ResNet-18 whose average maps the
affinity loss pulls to centres of their classes; the Multi-head cross Attention Network, K heads
side by side that all see the same maps; and the Attention Fusion Network, which makes the heads
compete for each channel, adds them up and classifies the sum. Losses: ``mien.losses``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import TensorError
from ..options import check_choice, check_count
from .output import Output
from .parts.checks import check_images
from .parts.cross_attention import CrossAttentionHead
from .parts.resnet import RESNET18, Trunk
from .registry import register

_FUSIONS = ("log_softmax", "sum")


class AttentionFusion(nn.Module):
    """Log-softmax over the heads (Eq. 5), then their sum.

    A channel's sum is the larger, the more alike its heads are; a head alone has nothing to
    compete with and passes as it is.
    """

    def __init__(self, log_softmax: bool) -> None:
        super().__init__()
        self.log_softmax = log_softmax

    def forward(self, heads: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors of the heads (N, K, D) to their sum (N, D) and those that were summed."""
        if self.log_softmax and heads.shape[1] > 1:
            heads = heads.log_softmax(1)
        return heads.sum(1), heads


class DAN(nn.Module):
    """See :func:`build_dan`."""

    def __init__(
        self, classes: int, heads: int, backbone: Trunk, fusion: str, logit_norm: bool
    ) -> None:
        super().__init__()
        check_count("classes", classes)
        check_count("heads", heads)
        check_choice("fusion", fusion, _FUSIONS)
        width = backbone.outputs
        self.backbone = backbone
        self.heads = nn.ModuleList(CrossAttentionHead(width) for _ in range(heads))
        self.fusion = AttentionFusion(fusion == "log_softmax")
        self.classifier = nn.Linear(width, classes)
        # In the released code and weights, not in the paper.
        self.norm = nn.BatchNorm1d(classes) if logit_norm else nn.Identity()

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M), K heads and their maps.

        ``features`` (N, D) is the fused vector, ``attention`` (N, K, h, w) the spatial weights
        of the heads, ``pooled`` (N, D) the average of the backbone's maps, for the affinity
        loss, ``heads`` (N, K, D) the vectors that were summed, for the partition loss.

        Raises:
            TensorError: on pictures of another shape or type, not finite, or one alone in
                training: the heads normalise over the batch.
        """
        check_images(images)
        if self.training and len(images) == 1:
            raise TensorError("DAN normalises over the batch: train it on 2 pictures or more")
        maps = self.backbone(images)
        vectors, weights = zip(*(head(maps) for head in self.heads), strict=True)
        features, heads = self.fusion(torch.stack(vectors, 1))
        return Output(
            self.norm(self.classifier(features)),
            features,
            attention=torch.cat(weights, 1),
            pooled=maps.mean((2, 3)),
            heads=heads,
        )


@register("dan")
def build_dan(
    *,
    classes: int,
    heads: int = 4,
    fusion: str = "log_softmax",
    logit_norm: bool = True,
    width: int = 64,
    depths: Sequence[int] = RESNET18,
) -> DAN:
    """Builder of DAN: 19,723,733 parameters for 7 classes.

    Args:
        classes: number of classes.
        heads: cross attention heads, K; Figure 5 varies it.
        fusion: ``"log_softmax"``, or ``"sum"`` to add the heads up as they are.
        logit_norm: BatchNorm on the logits; ``False`` for the paper's text.
        width: channels of the backbone's first stage; D is eight times it.
        depths: blocks in each stage of the backbone.

    Raises:
        ModelError: if an option has a value that it cannot have.
    """
    return DAN(classes, heads, Trunk(tuple(depths), width), fusion, logit_norm)
