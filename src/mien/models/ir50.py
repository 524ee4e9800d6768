"""IR-50 with a classifier: what the stems of TransFER and APViT start from.

The part is called ``stem``, as theirs is. The features are the average of its maps, so that
every position learns, as every one becomes a patch there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from ..options import check_count, check_rate
from .output import Output
from .parts.checks import check_images
from .parts.ir50 import IR50
from .parts.sizes import SMALL
from .registry import register


class IR50Classifier(nn.Module):
    """Stem, average of its maps, linear classifier."""

    def __init__(self, classes: int, stem: IR50, dropout: float) -> None:
        super().__init__()
        check_count("classes", classes)
        check_rate("dropout", dropout)
        self.stem = stem
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(stem.width, classes)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and features (N, D).

        Raises:
            TensorError: if the pictures are not what :func:`check_images` asks for.
        """
        check_images(images, self.stem.stride)
        features = self.stem(images).mean((2, 3))
        return Output(self.classifier(self.dropout(features)), features)


@register("ir50")
def build_ir50(
    *,
    classes: int,
    stages: int = 3,
    units: Sequence[int] = (3, 4, 14, 3),
    widths: Sequence[int] = (64, 128, 256, 512),
    dropout: float = 0.0,
) -> IR50Classifier:
    """Builder: 17,611,968 parameters and a classifier.

    Args:
        classes: M.
        stages, units, widths: of IR-50.
        dropout: rate before the classifier.

    Raises:
        ModelError: if an option has a value that it cannot have.
    """
    return IR50Classifier(classes, IR50(stages, units, widths), dropout)


# The stem of transfer_small and apvit_small.
register("ir50_small")(
    partial(build_ir50, **{name: SMALL[name] for name in ("stages", "units", "widths")})
)
