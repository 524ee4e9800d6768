"""The papers' augmentations, in the order in which their code applies them.

Where code is public, it counts; otherwise the paper's words, and what they leave open is
said. Erasing after normalisation writes the mean colour (0) or normal noise. torchvision draws
the ratio of an erased rectangle by its logarithm, APViT's code and Paddle's the ratio itself.
"""

from __future__ import annotations

from dataclasses import replace

from .augmentation import Augmentation
from .augmentation_steps import (
    Affine,
    Crop,
    Erasing,
    FivePositions,
    Flip,
    Grey,
    Jitter,
    RandAugment,
    ResizedCrop,
    Rotation,
    Sometimes,
)

# DAN's code of 2021, rafdb.py. torchvision rotated by the nearest pixel and filled with
# black then. 32 pixels of padding on 224.
DAN_RAFDB = Augmentation(
    steps=(
        Flip(),
        Sometimes(0.2, (Rotation(20, interpolation="nearest"), Crop(padding=32 / 224))),
    ),
    after=(Erasing(0.5, area=(0.02, 0.25), ratio=(0.3, 3.3), value=0.0),),
)

# The same, affectnet.py.
DAN_AFFECTNET = Augmentation(
    steps=(
        Flip(),
        Sometimes(
            0.7,
            (Affine(20, shift=0.2, zoom=(0.8, 1.0), interpolation="nearest", fill=0.0),),
        ),
    ),
    after=(Erasing(0.5, area=(0.02, 0.33), ratio=(0.3, 3.3), value=0.0),),
)

# TransFER's Paddle configuration; the paper says rotation, crop, flip and erasing. Paddle's
# RandAugment has ten levels and fills with grey. Where torchvision's differs: Paddle's inverts
# colours and never leaves the picture as it is, keeps 2 bits of a colour at this magnitude and
# not 6, turns by 15 degrees one way only, and shears with a bicubic filter; and Paddle cuts its
# windows from the native 100 pixels, not from a picture brought to 112 before.
TRANSFER = Augmentation(
    steps=(
        ResizedCrop(area=(0.08, 1.0), ratio=(3 / 4, 4 / 3), antialias=False),
        Flip(),
        RandAugment(layers=2, magnitude=5, levels=10),
    ),
    after=(Erasing(0.5, area=(0.02, 0.4), ratio=(0.3, 1 / 0.3), value=0.0),),
)

# LLA-Net: flip and random crop; TenCrop in the test. From how many pixels is not said; 122
# keeps the 44 of 48 of the public code whose learning rate and test it shares
# (WuJie1010/Facial-Expression-Recognition.Pytorch).
LLA_NET = Augmentation(load=122, steps=(Flip(), Crop()))

# APViT's code for RAF-DB, on aligned pictures of 224 pixels with a network's input of 112.
# OpenCV does not average where it shrinks.
APVIT = Augmentation(
    load=224,
    steps=(
        Sometimes(0.5, (Rotation(6),)),
        ResizedCrop(area=(0.8, 1.0), ratio=(1.0, 1.0), antialias=False),
        Flip(),
        Grey(0.2),
        Sometimes(0.8, (Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),)),
    ),
    after=(Erasing(0.5, area=(0.02, 0.33), ratio=(0.3, 3.3), value="noise"),),
)

# APViT's paper: as TransFER, which says rotation, crop, flip and erasing; with the numbers of
# the code.
APVIT_PAPER = replace(APVIT, steps=APVIT.steps[:3])

# MSA-Net: random crops (central and corner) and flips. From how many pixels is not said; 256
# is what a network for 224 usually gets.
MSA_NET = Augmentation(load=256, steps=(FivePositions(), Flip()))
