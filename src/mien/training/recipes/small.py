"""The shipped model: the small network on FER+ at its native 48 pixels, soft labels.

Runs of 18 epochs with windows of 44 pixels and stronger augmentation ended with a training
loss above the validation loss; hence the length and the lighter hand.

Command:
    mien train ferplus.small --data FERPLUS
"""

from ...data.augmentation import Augmentation
from ...preprocess import Preprocess
from ..recipe import Recipe

# Scale and shift: where the detector's box lies in training faces pasted into scenes,
# results/training/crop-geometry.json.
SMALL = Recipe(
    name="ferplus.small",
    model="small",
    preprocess=Preprocess(
        size=48, colour="grey", std=(0.25, 0.25, 0.25), scale=1.074, shift=(0.008, -0.004)
    ),
    augmentation=Augmentation(
        rotation=10,
        shift=0.04,
        zoom=(0.9, 1.1),
        brightness=0.2,
        contrast=0.2,
        erasing=0.25,
        erased_area=(0.02, 0.2),
    ),
    epochs=40,
    batch=64,
    learning_rate=0.05,
    average_decay=0.999,
    workers=0,
)
