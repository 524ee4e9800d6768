"""The shipped model: the small network on FER+ at its native 48 pixels, soft labels.

Trained on windows of 44 pixels, used on the whole 48.
Command: mien train ferplus.small --data FERPLUS
"""

from ...data.augmentation import Augmentation
from ...preprocess import Preprocess
from ..recipe import Recipe

SMALL = Recipe(
    name="ferplus.small",
    model="small",
    preprocess=Preprocess(size=48, colour="grey", std=(0.25, 0.25, 0.25)),
    augmentation=Augmentation(
        rotation=12,
        shift=0.04,
        zoom=(0.9, 1.1),
        crop=44,
        brightness=0.2,
        contrast=0.2,
        erasing=0.4,
    ),
    epochs=18,
    workers=0,
)
