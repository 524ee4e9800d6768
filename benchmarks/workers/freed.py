"""Training steps of a recipe's network on random faces, with freed memory kept or returned.

    python freed.py RECIPE kept|returned

Ends with a line of JSON: pictures a second of each round.
"""

from __future__ import annotations

import json
import sys
import time

import torch

from mien.models import create_model
from mien.training.heap import keep_freed_memory
from mien.training.recipes import find_recipe

ROUNDS, STEPS = 5, 4


def main(name: str, way: str) -> None:
    """One warm round, then those that count."""
    if way == "kept" and not keep_freed_memory():
        raise SystemExit("this system's C library is not glibc")
    torch.manual_seed(0)
    recipe = find_recipe(name)
    size, batch = recipe.preprocess.size, recipe.batch
    network = create_model(recipe.model, classes=8, **recipe.options)
    network = network.to(memory_format=torch.channels_last).train()
    optimiser = recipe.optimiser.make(network, torch.nn.Identity())
    images = torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(8, (batch,))
    rates = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        for _ in range(STEPS):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network(images).logits
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(logits.float(), labels).backward()
            optimiser.step()
        rates.append(batch * STEPS / (time.perf_counter() - start))
    print(json.dumps({"rates": rates[1:]}))


main(*sys.argv[1:])
