"""TransFER (Xue, Wang and Guo, ICCV 2021): local attentions, dropped one at a time, and a ViT.

IR-50 makes maps X; B LANets each look for a place that matters; the maximum over their maps
weighs X; a 1x1 convolution projects it to the patches of a vision transformer. In training,
one of the maps (MAD) and one head of each self-attention (MSAD) are dropped, so that the
others have to find what it saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..options import check_count, check_rate
from .output import Output
from .parts.checks import check_images
from .parts.dropping import make_dropping
from .parts.encoder import Encoder
from .parts.ir50 import IR50
from .parts.lanet import LANet
from .parts.sizes import SMALL
from .registry import register


class TransFER(nn.Module):
    """Stem, local attentions, projection, encoder, linear classifier on the class token.

    With IR-50 and an encoder of 768 x 8: 65,209,543 parameters, and 4,163 for each LANet.
    """

    def __init__(
        self,
        classes: int,
        stem: IR50,
        branches: Sequence[nn.Module],
        dropping: nn.Module,
        encoder: Encoder,
    ) -> None:
        super().__init__()
        check_count("classes", classes)
        width = encoder.cls_token.shape[2]
        self.stem = stem
        self.branches = nn.ModuleList(branches)
        self.dropping = dropping
        self.projection = nn.Conv2d(stem.width, width, 1)
        self.encoder = encoder
        self.classifier = nn.Linear(width, classes)
        # All expressions are equally likely before the first step, as in the released code.
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and the B local attention maps (N, B, h, w).

        Raises:
            TensorError: if the pictures are not what :func:`check_images` asks for.
        """
        check_images(images, self.stem.stride)
        maps = self.stem(images)
        attention = None
        if self.branches:
            # The PyTorch remains of the released code weigh after the projection; its bias
            # would then be weighed as well. Paper and Paddle code weigh first.
            attention = torch.cat([branch(maps) for branch in self.branches], dim=1)
            maps = maps * self.dropping(attention).amax(1, keepdim=True)  # Eq. 1
        encoded = self.encoder(self.projection(maps))
        features = encoded.tokens[:, 0]
        return Output(
            self.classifier(features),
            features,
            attention=attention,
            class_attention=encoded.class_attention,
        )


@register("transfer")
def build_transfer(
    *,
    classes: int,
    image_size: int = 112,
    stages: int = 3,
    units: Sequence[int] = (3, 4, 14, 3),
    widths: Sequence[int] = (64, 128, 256, 512),
    branches: int = 2,
    reduction: int = 16,
    lanet_norm: bool = True,
    dropping: str = "mad",
    map_drop: float = 0.6,
    block_size: int = 7,
    head_drop: float = 0.3,
    legacy_token_drop: bool = False,
    width: int = 768,
    blocks: int = 8,
    heads: int = 8,
    mlp_ratio: float = 3.0,
    qkv_bias: bool = False,
    attention_scale: str = "head",
) -> TransFER:
    """Builder of TransFER; the defaults are those of RAF-DB and FERPlus.

    Args:
        classes: M.
        image_size: pixels for which the position embedding is made; others are resampled.
        stages, units, widths: of the stem; Table 2 has 2, 3 and 4 stages.
        branches: B, number of LANets, 0 for none (Table 1, Figure 3). AffectNet: 4.
        reduction: r of the LANets.
        lanet_norm: batch norms in the LANets, as released; the paper has none.
        dropping: what acts on the maps of the LANets: ``"mad"``, or for Table 4
            ``"dropout"``, ``"dropblock"``, ``"spatial_dropout"``.
        map_drop: its rate p1 (Table 3). AffectNet: 0.2.
        block_size: of DropBlock.
        head_drop: rate p2 of MSAD (Table 3). AffectNet: 0.6.
        legacy_token_drop: the released code's MSAD, which drops a token and no head.
        width, blocks, heads, mlp_ratio, qkv_bias, attention_scale: of the encoder.

    Raises:
        ModelError: if an option has a wrong value or two exclude each other.
    """
    check_count("branches", branches, least=0)
    check_rate("map_drop", map_drop)
    check_rate("head_drop", head_drop)
    if legacy_token_drop and head_drop == 0:
        raise ModelError("legacy_token_drop needs a head_drop above 0: it is its rate")
    stem = IR50(stages, units, widths)
    encoder = Encoder(
        width,
        blocks,
        heads,
        image_size,
        stem.stride,
        mlp_ratio=mlp_ratio,
        qkv_bias=qkv_bias,
        attention_scale=attention_scale,
        head_drop=head_drop,
        legacy_token_drop=legacy_token_drop,
    )
    lanets = [LANet(stem.width, reduction, norm=lanet_norm) for _ in range(branches)]
    return TransFER(classes, stem, lanets, make_dropping(dropping, map_drop, block_size), encoder)


register("transfer_small")(partial(build_transfer, **SMALL))
