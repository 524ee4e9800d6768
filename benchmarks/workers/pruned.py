"""Time of APViT's settings on random pictures, in turns.

    python pruned.py BATCH ROUNDS

Ends with a line of JSON: for each variant its cost by fvcore, and the seconds of each round.
"""

from __future__ import annotations

import json
import sys
import time

import torch

from mien.models import VARIANTS, create_model, variant_costs

NAMES = ("apvit, unpooled", "apvit (160, 0.9)", "apvit (80, 0.6)", "apvit (40, 0.6)")


@torch.inference_mode()
def main(batch: str, rounds: str) -> None:
    """All settings once in each round, so that a busy moment hits them alike."""
    torch.manual_seed(0)
    images = torch.randn(int(batch), 3, 112, 112).contiguous(memory_format=torch.channels_last)
    networks = {}
    for name in NAMES:
        variant = VARIANTS[name]
        network = create_model(variant.network, classes=variant.classes, **variant.options)
        networks[name] = network.eval().to(memory_format=torch.channels_last)
        networks[name](images)
    seconds: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(int(rounds)):
        for name, network in networks.items():
            start = time.perf_counter()
            network(images)
            seconds[name].append(time.perf_counter() - start)
    costs = {row.variant.name: row.cost.fvcore for row in variant_costs(NAMES)}
    print(json.dumps({"seconds": seconds, "fvcore": costs}))


main(*sys.argv[1:])
