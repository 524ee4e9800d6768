"""Stems to start from instead of weights of MS-Celeb-1M, which are no longer given out.

They learn from FairFace's faces (Karkkainen and Joo 2021): age, gender and race
(``-attributes``), Barlow Twins without labels (``-twins``, Zbontar et al. 2021), or both at once.

| stem | starts |
|---|---|
| resnet18 | dan, lla_net, msa_net, resnet18 |
| ir50 | transfer, apvit |
| resnet_w32 | resnet18.ferplus.cpu, dan.ferplus.cpu, msa_net.ferplus.cpu |
| resnet_w16 | lla_net.ferplus.cpu |
| ir50_small | transfer.ferplus.cpu, apvit.ferplus.cpu |
| small | ferplus.small |

``pretrain.STEM``, ``-attributes`` and ``-twins`` have colour pictures of 112 pixels, for an
accelerator; with ``.cpu`` they are grey, of the 48 pixels and as tightly framed as those of FER+.

Paper: none has these rows. Our numbers: results/training/pretrain.*.cpu.json, the others are not
run yet. Time: with ``.cpu`` six to thirteen minutes on two cores for 40,000 faces; on an
accelerator not measured.
Commands:
    mien train pretrain.resnet_w32.cpu --data fairface=FAIRFACE --output FOLDER
    mien train resnet18.ferplus.cpu --data ferplus=FERPLUS --start FOLDER/model.safetensors
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...data.loading.augmentation import Augmentation
from ...data.loading.augmentation_steps import (
    MIDDLE_GREY,
    Affine,
    Erasing,
    Flip,
    Grey,
    Jitter,
    ResizedCrop,
    Sometimes,
)
from ...preprocess import Preprocess
from ..optimisers import AdamW, Muon
from ..pretraining import FAIRFACE_CLASSES, NO_CLASSES, Attributes, AttributesAndTwins, Twins
from ..recipe import Recipe
from ..schedules import Cosine
from ..sources import Source
from . import ferplus_cpu, small

# The changes of Zbontar et al. without blur, of which coarse faces have enough, solarisation, and
# hue, which takes as long as all others; windows of at least 0.4 of the face instead of 0.08, in
# which no face is left to tell. Half are grey, for FER+ is.
VIEWS = Augmentation(
    steps=(
        ResizedCrop(area=(0.4, 1.0)),
        Flip(),
        Sometimes(0.8, (Jitter(brightness=0.4, contrast=0.4, saturation=0.2),)),
        Grey(0.5),
    )
)
GREY_VIEWS = Augmentation(
    steps=(
        ResizedCrop(area=(0.4, 1.0)),
        Flip(),
        Sometimes(0.8, (Jitter(brightness=0.4, contrast=0.4),)),
    )
)
# Of faces with labels: whole ones, as they are in use.
WHOLE = Augmentation(
    steps=(
        Flip(),
        Affine(degrees=10, shift=0.05, zoom=(0.9, 1.1)),
        Jitter(brightness=0.2, contrast=0.2),
        Grey(0.5),
        Erasing(0.3, value=MIDDLE_GREY),
    )
)
GREY_WHOLE = Augmentation(steps=tuple(one for one in WHOLE.steps if not isinstance(one, Grey)))

RESNET18 = Recipe(
    name="pretrain.resnet18",
    model="resnet18",
    data=(Source("fairface"),),
    labels=FAIRFACE_CLASSES,
    preprocess=Preprocess(size=112, std=(0.25, 0.25, 0.25)),
    augmentation=VIEWS,
    objective=AttributesAndTwins(),
    optimiser=AdamW(learning_rate=1e-3, weight_decay=0.05),
    schedule=Cosine(warm_up=0.1),
    epochs=20,
    batch=256,
    average_decay=0.998,
    workers=12,
)
IR50 = replace(
    RESNET18,
    name="pretrain.ir50",
    model="ir50",
    optimiser=AdamW(learning_rate=5e-4, weight_decay=0.05),
    smoke_options={"units": (1, 1, 1), "widths": (8, 16, 32)},
)
_CPU = replace(
    RESNET18,
    data=(Source("fairface", options={"framed_at": small.FACES.size}),),
    preprocess=small.FACES,
    augmentation=GREY_VIEWS,
    optimiser=Muon(learning_rate=0.005, weight_decay=0.05),
    epochs=6,
    batch=128,
    average_decay=0.99,
    workers=0,
)


def _shape(recipe: Recipe, *options: str) -> dict[str, Any]:
    """The options of a stem, from the recipe that starts from it."""
    return {name: recipe.options[name] for name in options}


def _stem(stem: str, model: str, options: Mapping[str, Any]) -> Recipe:
    return replace(_CPU, name=f"pretrain.{stem}.cpu", model=model, options=options)


RESNET_W32_CPU = _stem("resnet_w32", "resnet", ferplus_cpu.BASE.options)
RESNET_W16_CPU = _stem(
    "resnet_w16",
    "resnet",
    # LLA-Net's first convolution keeps the size.
    {**_shape(ferplus_cpu.LLA_NET, "width", "depths"), "stem_stride": 1},
)
IR50_SMALL_CPU = _stem(
    "ir50_small", "ir50_small", _shape(ferplus_cpu.TRANSFER, "stages", "units", "widths")
)
SMALL_CPU = _stem("small", small.SMALL.model, small.SMALL.options)


def _ways(both: Recipe) -> tuple[Recipe, Recipe, Recipe]:
    """A stem by both, by attributes alone, and by twins alone."""
    stem, cpu = both.name.removesuffix(".cpu"), both.name.endswith(".cpu")
    end = ".cpu" if cpu else ""
    attributes = replace(
        both,
        name=f"{stem}-attributes{end}",
        objective=Attributes(),
        augmentation=GREY_WHOLE if cpu else WHOLE,
        # One view a picture takes half the time.
        epochs=2 * both.epochs,
    )
    twins = replace(both, name=f"{stem}-twins{end}", labels=NO_CLASSES, objective=Twins())
    return both, attributes, twins


ALL = tuple(
    one
    for stem in (*(RESNET18, IR50, RESNET_W32_CPU, RESNET_W16_CPU, IR50_SMALL_CPU, SMALL_CPU),)
    for one in _ways(stem)
)
