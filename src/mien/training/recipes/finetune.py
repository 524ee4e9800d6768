"""The shipped network on one's own faces.

Some hundred faces are enough to move it to other raters, cameras or people, and too few to learn
from alone: a small rate, few epochs, and a fifth of the faces to choose the epoch by, as a twelfth
of few faces says nothing. Its classes may be any of the eight; those that the data has are kept.

Paper: none. Our numbers: none, as all faces with labels that we have were learned from or are
reported on. Command, for a folder that holds a folder of pictures for each expression:
    mien train finetune.small --data folder=MINE --start mien-small
"""

from dataclasses import replace

from ..optimisers import AdamW
from .distil import FINER, VARIED
from .small import SMALL

FINETUNE = replace(
    SMALL,
    name="finetune.small",
    starts_from="mien-small",
    preprocess=FINER.preprocess,
    augmentation=VARIED,
    optimiser=AdamW(learning_rate=0.0003, weight_decay=0.05),
    validation_share=0.2,
    epochs=10,
    batch=16,
    average_decay=0.98,
)

ALL = (FINETUNE,)
