"""All networks on FER+ at the scale of two CPU cores: small variants, FER+'s own 48 pixels.

Faces, split, augmentation, optimiser, budget and selection are the same for all; what a paper is
about, its network and its loss, is its own. The small variants keep the shape of the papers'
networks: DAN, LLA-Net and the ResNet-18 have three of that network's four stages, MSA-Net two
before its branches, so that 2x2 to 6x6 positions are left to attend to; TransFER and APViT have a
stem of three stages and 6x6 patches, of which APViT keeps the same share as of its 196. A run is
short enough that a table with three seeds is a matter of minutes to an hour.

Paper: none, these are ours. Our numbers: results/ablations. Time: 1.5 to 4 minutes each
on a processor with bfloat16, about three times that on one without.
Command: mien train NAME --data ferplus=ROOT, such as mien train dan.ferplus.cpu
"""

from dataclasses import replace
from typing import Any

from ...data.loading.augmentation import Augmentation
from ...data.loading.augmentation_steps import MIDDLE_GREY, Affine, Erasing, Flip
from ..objectives import CrossEntropy, Joint, Objective
from ..optimisers import Muon
from ..recipe import Recipe
from ..schedules import Cosine
from .small import FACES, FERPLUS, PUBLIC_TEST

# Stages of two blocks, as ResNet-18's.
_RESNET: dict[str, Any] = {"width": 32, "depths": (2, 2, 2)}

# Muon's rate was chosen on the validation part: after four epochs at 64 pixels DAN's accuracy
# (argmax) is 75.7 % with 0.005 and 76.7 with 0.01. At 48 pixels it is 74.6 with Muon in two
# minutes, and 71.2 after five epochs with AdamW, which take as long.
BASE = Recipe(
    name="resnet18.ferplus.cpu",
    model="resnet",
    options=_RESNET,
    data=(FERPLUS,),
    test=PUBLIC_TEST,
    preprocess=FACES,
    augmentation=Augmentation(
        steps=(
            Flip(),
            Affine(degrees=10, shift=0.05, zoom=(0.9, 1.1)),
            Erasing(0.3, value=MIDDLE_GREY),
        )
    ),
    targets="soft",
    optimiser=Muon(learning_rate=0.01, weight_decay=0.05),
    schedule=Cosine(warm_up=0.1),
    epochs=4,
    batch=128,
    average_decay=0.99,
    workers=0,
)

# A grid of 6x6: three halvings of 48 pixels.
_VIT: dict[str, Any] = {
    "stages": 3,
    "units": (1, 1, 1),
    "widths": (16, 32, 64),
    "width": 96,
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


DAN = _of("dan", "dan", {**_RESNET, "heads": 4}, Joint())
TRANSFER = _of("transfer", "transfer_small", _VIT)
# Its first convolution keeps the size, so that its maps are twice as large.
LLA_NET = _of("lla_net", "lla_net", {**_RESNET, "width": 16})
# 160 of 196 patches, as in the paper, are 29 of 36.
APVIT = _of("apvit", "apvit_small", {**_VIT, "keep_patches": 29, "keep_rate": 0.9})
MSA_NET = _of(
    "msa_net",
    "msa_net",
    {"width": 32, "widths": (128, 256), "bottlenecks": (32, 64)},
    CrossEntropy(scale=0.6),
)

ALL = (BASE, DAN, TRANSFER, LLA_NET, APVIT, MSA_NET)
