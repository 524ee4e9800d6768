"""All networks on FER+ at the scale of one large accelerator: the papers' sizes at 112 pixels.

Faces, split, augmentation, budget, optimiser and selection are the same for all. Faces, split,
augmentation and selection are also those of the CPU scale; networks and losses are the papers'
own.

Paper: none, these are ours. Our numbers: not run yet. Time: not measured.
Command: mien train NAME --data ferplus=ROOT, or --packed FILE, such as
    mien train apvit.ferplus.gpu --packed ferplus.packed --minutes 9
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..objectives import CrossEntropy, Joint, Objective
from ..optimisers import AdamW
from ..recipe import Recipe
from . import dan, ferplus_cpu, lla_net, msa_net, transfer

BASE = replace(
    ferplus_cpu.BASE,
    name="resnet18.ferplus.gpu",
    model="resnet18",
    options={},
    preprocess=replace(ferplus_cpu.BASE.preprocess, size=112),
    optimiser=AdamW(learning_rate=5e-4, weight_decay=0.05),
    epochs=20,
    batch=256,
    average_decay=0.998,
    workers=12,
)


def _of(model: str, smoke_options: Mapping[str, Any], objective: Objective | None = None) -> Recipe:
    return replace(
        BASE,
        name=f"{model}.ferplus.gpu",
        model=model,
        objective=objective or CrossEntropy(),
        smoke_options=smoke_options,
    )


DAN = _of("dan", dan.RAFDB.smoke_options, Joint())
TRANSFER = _of("transfer", transfer.SMALLEST)
LLA_NET = _of("lla_net", lla_net.RAFDB.smoke_options)
APVIT = _of("apvit", transfer.SMALLEST)
MSA_NET = _of("msa_net", msa_net.RAFDB.smoke_options, CrossEntropy(scale=0.6))

ALL = (BASE, DAN, TRANSFER, LLA_NET, APVIT, MSA_NET)
