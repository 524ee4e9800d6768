"""Backbones of timm as baselines: any with a single classifier."""

from __future__ import annotations

from typing import Any

import timm
from torch import Tensor, nn

from ..errors import ModelError, UnknownName
from .output import Output
from .registry import register

_OUTSIDE = frozenset(
    ["cache_dir", "checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay"]
)


class TimmBackbone(nn.Module):
    """A network of timm with its own pooling and a linear classifier.

    ``attended`` does nothing: its output is the last maps or tokens, for Grad-CAM.
    """

    def __init__(self, classes: int, backbone: str, options: dict[str, Any]) -> None:
        super().__init__()
        # Of a type that has more methods than a module.
        self.backbone: Any = timm.create_model(backbone, num_classes=classes, **options)
        self.attended = nn.Identity()

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and pooled features (N, D)."""
        maps = self.attended(self.backbone.forward_features(images))
        features = self.backbone.forward_head(maps, pre_logits=True)
        return Output(self.backbone.get_classifier()(features), features)


@register("timm")
def build_timm(*, classes: int, backbone: str, **options: Any) -> TimmBackbone:
    """Builder of a baseline from timm.

    Args:
        classes: number of classes.
        backbone: timm's name, such as ``"mobilenetv4_conv_small"``.
        options: passed on to ``timm.create_model``, but for those that fetch weights: they
            would be fetched again whenever a checkpoint is loaded.

    Raises:
        UnknownName: if timm has no such model.
        ModelError: if an option is refused, or timm does not know it, or the model has several
            classifiers.
    """
    if not timm.is_model(backbone.split(".")[0]):
        raise UnknownName("model of timm", backbone, timm.list_models())
    if refused := _OUTSIDE & set(options):
        raise ModelError(f"options that fetch weights are not for a recipe: {', '.join(refused)}")
    try:
        network = TimmBackbone(classes, backbone, options)
    except (TypeError, RuntimeError) as error:
        raise ModelError(f"timm cannot build {backbone} with {options}: {error}") from None
    head = network.backbone.get_classifier()
    if not isinstance(head, nn.Module) or isinstance(head, nn.ModuleList):
        raise ModelError(f"{backbone} has several classifiers; choose a model of timm with one")
    return network
