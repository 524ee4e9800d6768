"""The shipped model: the small network on FER+ at its native 48 pixels, soft labels.

First from fresh weights on windows of 44 pixels; then on whole faces, with its own answers
as half of the targets: the votes of ten raters are noisy, and what the network has learned
from all faces steadies those of each (born-again networks, Furlanello et al. 2018).

Commands:
    mien train ferplus.small --data FERPLUS
    mien train ferplus.small-refined --data FERPLUS \\
        --start runs/ferplus.small/model.safetensors \\
        --teacher runs/ferplus.small/model.safetensors
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
    augmentation=replace(SMALL.augmentation, crop=None, shift=0.08),
    teacher_share=0.5,
    epochs=8,
    learning_rate=0.03,
)
