"""Training steps of ResNet-18 on random faces of 64 pixels, with and without matrix products.

    python trained.py ROUNDS

Ends with a line of JSON: pictures a second of each round, both ways in turns.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import torch
from torch.nn import functional
from turns import in_turns

from mien.models import create_model
from mien.training.small_maps import use_products

BATCH, STEPS = 128, 3


def stepper(products: bool) -> Callable[[], None]:
    """A function that runs one training step in bfloat16."""
    torch.manual_seed(0)
    network = create_model("resnet18", classes=8).to(memory_format=torch.channels_last).train()
    if products:
        use_products(network)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    images = torch.randn(BATCH, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(8, (BATCH,))

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = functional.cross_entropy(network(images).logits.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def main(rounds: str) -> None:
    """Both ways in turns."""
    ways = {name: stepper(name == "products") for name in ("convolutions", "products")}
    rates = in_turns(ways, rounds=int(rounds), steps=STEPS, batch=BATCH)
    print(json.dumps(rates))


main(*sys.argv[1:])
