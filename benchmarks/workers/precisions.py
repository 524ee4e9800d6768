"""Training steps of a small DAN on random faces, in bfloat16 and in float32.

    python precisions.py ROUNDS

Ends with a line of JSON: pictures a second of each round, all ways in turns.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import torch
from turns import in_turns

from mien.expressions import BASIC8
from mien.models import create_model
from mien.training import optimisers
from mien.training.module import sizes_of
from mien.training.quick_layers import use_quick_layers
from mien.training.recipes.ferplus_cpu import DAN

STEPS = 2
WAYS = {
    "all in bfloat16": (True, True),
    "Muon alone in bfloat16": (False, True),
    "all in float32": (False, False),
}
"""Whether the network, and whether Muon's products are in bfloat16."""


def stepper(network_too: bool, muon: bool) -> Callable[[], None]:
    """A function that runs one training step."""
    torch.manual_seed(0)
    network = create_model(DAN.model, classes=BASIC8, **DAN.options)
    use_quick_layers(network)
    network = network.to(memory_format=torch.channels_last).train()
    side = DAN.preprocess.size
    criterion = DAN.objective.make(sizes_of(network, side))
    optimisers.has_bfloat16 = lambda _: muon
    optimiser = DAN.optimiser.make(network, criterion)
    images = torch.randn(DAN.batch, 3, side, side).contiguous(memory_format=torch.channels_last)
    targets = torch.randn(DAN.batch, len(BASIC8)).softmax(dim=1)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=network_too):
            loss = criterion(network(images), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def main(rounds: str) -> None:
    """All ways in turns."""
    ways = {name: stepper(*which) for name, which in WAYS.items()}
    rates = in_turns(ways, rounds=int(rounds), steps=STEPS, batch=DAN.batch)
    print(json.dumps(rates))


main(*sys.argv[1:])
