"""The first teacher of what is shipped: the small network on FER+'s 48 pixels, soft labels.

Tried on the validation part before: SGD, 18 epochs with windows of 44 pixels and stronger
variation (0.826), and 8 more from there, on whole faces, with lighter variation (0.831). The
first teacher of what is shipped (``distil.py``) had AdamW, as here, and reached 0.833.

Command: mien train ferplus.small --data FERPLUS
"""

from ...data.loading.augmentation import Augmentation
from ...data.loading.augmentation_steps import MIDDLE_GREY, Affine, Erasing, Flip, Jitter
from ...preprocess import Preprocess
from ..optimisers import AdamW
from ..recipe import Recipe
from ..schedules import Cosine
from ..sources import Source

FERPLUS = Source("ferplus", options={"merge_votes": True})
PUBLIC_TEST = Source("ferplus", "public-test")

# Scale and shift: where the detector's box lies in training faces pasted into scenes,
# results/training/crop-geometry.json.
FACES = Preprocess(
    size=48, colour="grey", std=(0.25, 0.25, 0.25), scale=1.074, shift=(0.008, -0.004)
)
LIGHT = Augmentation(
    steps=(
        Flip(),
        Affine(degrees=12, shift=0.04, zoom=(0.92, 1.08)),
        Jitter(brightness=0.15, contrast=0.15),
        Erasing(0.3, value=MIDDLE_GREY),
    )
)

SMALL = Recipe(
    name="ferplus.small",
    model="small",
    options={"plain_stages": 1},
    data=(FERPLUS,),
    test=PUBLIC_TEST,
    preprocess=FACES,
    augmentation=LIGHT,
    targets="soft",
    calibrated_on="agreed",
    optimiser=AdamW(learning_rate=0.002, weight_decay=0.1),
    schedule=Cosine(warm_up=0.1, start=0.04),
    epochs=26,
    average_decay=0.998,
    workers=0,
)

ALL = (SMALL,)
