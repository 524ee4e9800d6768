"""All networks on FER+ at the scale of two CPU cores: pictures of 64 pixels, small variants.

Faces, split, augmentation, budget and selection are the same for all; what a paper is about, its
network and its loss, is its own, and DAN needs a rate of its own to learn in this time. The
small variants keep the shape of the papers' networks: DAN and LLA-Net three stages instead of
four, so that 4x4 positions are left to attend to; TransFER and APViT a stem of three stages and
8x8 patches, of which APViT keeps the same share as of its 196. One run takes half an hour at most.

Paper: none, these are ours. Our numbers: results/ablations.
Command: mien train NAME --data ferplus=ROOT, such as mien train dan.ferplus.cpu
"""

from dataclasses import replace
from typing import Any

from ...data.loading.augmentation import Augmentation
from ...data.loading.augmentation_steps import MIDDLE_GREY, Affine, Erasing, Flip
from ..objectives import CrossEntropy, Joint, Objective
from ..optimisers import AdamW
from ..recipe import Recipe
from ..schedules import Cosine
from .small import FACES, FERPLUS, PUBLIC_TEST

BASE = Recipe(
    name="resnet18.ferplus.cpu",
    model="resnet18",
    data=(FERPLUS,),
    test=PUBLIC_TEST,
    preprocess=replace(FACES, size=64),
    augmentation=Augmentation(
        steps=(
            Flip(),
            Affine(degrees=10, shift=0.05, zoom=(0.9, 1.1)),
            Erasing(0.3, value=MIDDLE_GREY),
        )
    ),
    targets="soft",
    optimiser=AdamW(learning_rate=1e-3, weight_decay=0.05),
    schedule=Cosine(warm_up=0.1),
    epochs=8,
    batch=128,
    average_decay=0.99,
    workers=0,
)

# A grid of 8x8: three halvings of 64 pixels.
_VIT: dict[str, Any] = {
    "image_size": 64,
    "stages": 3,
    "units": (1, 1, 1),
    "widths": (16, 48, 96),
    "width": 128,
    "heads": 4,
}


def _of(
    paper: str, model: str, options: dict[str, Any], objective: Objective | None = None
) -> Recipe:
    return replace(
        BASE,
        name=f"{paper}.ferplus.cpu",
        model=model,
        options=options,
        objective=objective or CrossEntropy(),
    )


# Chosen on the validation part, by its accuracy after two epochs alone (majority): 44.9 % with a
# rate of 0.001, 55.6 with 0.003, 60.3 with 0.006, 61.3 with 0.01, 58.5 with 0.02.
DAN = replace(
    _of("dan", "dan", {"width": 32, "depths": (2, 2, 2), "heads": 4}, Joint()),
    optimiser=AdamW(learning_rate=1e-2, weight_decay=0.05),
)
TRANSFER = _of("transfer", "transfer_small", _VIT)
LLA_NET = _of("lla_net", "lla_net", {"width": 24, "depths": (2, 2, 2)})
# 160 of 196 patches, as in the paper, are 52 of 64.
APVIT = _of("apvit", "apvit_small", {**_VIT, "keep_patches": 52, "keep_rate": 0.9})
MSA_NET = _of(
    "msa_net",
    "msa_net",
    {"width": 32, "widths": (128, 256), "bottlenecks": (32, 64)},
    CrossEntropy(scale=0.6),
)

ALL = (BASE, DAN, TRANSFER, LLA_NET, APVIT, MSA_NET)
