"""The shipped model: ResNet-18 at 64 pixels on FER+, soft labels, as on photos.

At equal time on a CPU a network with many parameters on small maps learns FER+ better than
one with a quarter of them on larger maps (``ferplus.small``), and it is not slower in use.

Command:
    mien train ferplus.shipped --data FERPLUS
"""

from dataclasses import replace

from ...data.augmentation import Augmentation
from ..recipe import Recipe
from .small import SMALL

SHIPPED = Recipe(
    name="ferplus.shipped",
    model="resnet18",
    preprocess=replace(SMALL.preprocess, size=64),
    augmentation=Augmentation(
        rotation=10, shift=0.05, zoom=(0.9, 1.1), brightness=0.15, contrast=0.15, erasing=0.4
    ),
    epochs=20,
    workers=0,
)
