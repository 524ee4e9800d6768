"""Baseline: torchvision's ResNet-18 from fresh weights on FER+, 64 pixels, soft labels.

Source: He et al. 2016 for the network, Barsoum et al. 2016 for the soft labels.
Command: mien train ferplus.resnet18 --data FERPLUS
"""

from ...data.augmentation import Augmentation
from ...preprocess import Preprocess
from ..recipe import Recipe

RESNET18 = Recipe(
    name="ferplus.resnet18",
    model="resnet18",
    preprocess=Preprocess(size=64, colour="grey"),
    augmentation=Augmentation(rotation=10, shift=0.05, zoom=(0.9, 1.1), erasing=0.5),
    epochs=24,
)
