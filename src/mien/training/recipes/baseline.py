"""Baselines from fresh weights on FER+, 64 pixels, soft labels.

Sources: He et al. 2016 for ResNet-18, Barsoum et al. 2016 for the soft labels.
Commands:
    mien train ferplus.resnet18 --data FERPLUS
    mien train ferplus.timm --data FERPLUS --set options.backbone=NAME   (of timm)
"""

from dataclasses import replace

from ..optimisers import AdamW
from .small import FACES, SMALL

RESNET18 = replace(
    SMALL,
    name="ferplus.resnet18",
    model="resnet18",
    options={"dropout": 0.2},
    preprocess=replace(FACES, size=64),
    optimiser=AdamW(learning_rate=0.001, weight_decay=0.1),
    epochs=24,
)

TIMM = replace(
    RESNET18,
    name="ferplus.timm",
    model="timm",
    options={"backbone": "mobilenetv4_conv_small"},
)

ALL = (RESNET18, TIMM)
