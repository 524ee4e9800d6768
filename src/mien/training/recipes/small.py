"""The shipped model: the small network on FER+ at its native 48 pixels, soft labels.

First from fresh weights on windows of 44 pixels. That run ends with a training loss (0.69)
above the validation loss (0.68): it is cut short and strongly augmented. So a second cycle of
the learning rate follows, on whole faces with lighter augmentation and decay.

Commands:
    mien train ferplus.small --data FERPLUS
    mien train ferplus.small-refined --data FERPLUS --start runs/ferplus.small/model.safetensors
"""

from dataclasses import replace

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

REFINED = replace(
    SMALL,
    name="ferplus.small-refined",
    augmentation=Augmentation(
        rotation=8, shift=0.04, zoom=(0.92, 1.08), brightness=0.15, contrast=0.15, erasing=0.15
    ),
    epochs=8,
    learning_rate=0.05,
    weight_decay=2e-4,
)
