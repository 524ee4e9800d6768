"""Baselines from fresh weights on FER+, 64 pixels, soft labels.

Sources: He et al. 2016 for ResNet-18, Barsoum et al. 2016 for the soft labels.
Commands:
    mien train ferplus.resnet18 --data FERPLUS
    mien train ferplus.timm --data FERPLUS --set options.backbone=NAME   (any of timm's)
"""

from dataclasses import replace

from ...data.loading.augmentation import Augmentation
from ...data.loading.augmentation_steps import MIDDLE_GREY, Affine, Erasing, Flip
from ...preprocess import Preprocess
from ..recipe import Recipe

RESNET18 = Recipe(
    name="ferplus.resnet18",
    model="resnet18",
    preprocess=Preprocess(size=64, colour="grey"),
    augmentation=Augmentation(
        steps=(
            Flip(),
            Affine(degrees=10, shift=0.05, zoom=(0.9, 1.1)),
            Erasing(0.5, value=MIDDLE_GREY),
        )
    ),
    epochs=24,
)

TIMM = replace(
    RESNET18,
    name="ferplus.timm",
    model="timm",
    options={"backbone": "mobilenetv4_conv_small"},
    learning_rate=0.05,
)
