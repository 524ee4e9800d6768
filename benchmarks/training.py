"""Pictures a second in training, of each network: how much of them the loop around costs.

    python benchmarks/training.py FERPLUS [--scale cpu|gpu|paper]

mien's whole loop, with its loader, augmentation, averages and logs, beside forward, backward
and optimiser of the same network on random pictures in memory; and for DAN and APViT beside a
plain PyTorch loop as the authors' code has it, on the same faces. All take turns in one process.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from measure import Row, worker, write

NETWORKS = ("resnet18", "small", "dan", "transfer", "lla_net", "apvit", "msa_net")
PAPER = {
    "resnet18": "resnet18.ferplus.gpu",
    "dan": "dan.rafdb",
    "transfer": "transfer.rafdb",
    "lla_net": "lla_net.rafdb",
    "apvit": "apvit.rafdb",
    "msa_net": "msa_net.rafdb",
}
LEAST = 0.9


def main() -> None:
    """Measure and write ``results/benchmarks/training.json``, or ``training-SCALE.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a copy of FER+, as it is or packed")
    parser.add_argument("--scale", choices=("cpu", "gpu", "paper"), default="cpu")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--pictures", type=int, default=0, help="0 for all")
    parser.add_argument("--workers", type=int, default=-1, help="-1 for the recipe's")
    parser.add_argument("--steps", type=int, default=3, help="that are timed at a time")
    parser.add_argument("--rounds", type=int, default=16)
    options = parser.parse_args()

    counts = options.pictures, options.workers, options.steps, options.rounds
    rows = []
    for network in options.networks:
        name = recipe(network, options.scale)
        if name is not None:
            rows += measured(name, options.data, tuple(map(str, counts)))
    name = "training" if options.scale == "cpu" else f"training-{options.scale}"
    settings = {name: getattr(options, name) for name in ("scale", "workers", "steps", "rounds")}
    write(name, rows, **settings)


def recipe(network: str, scale: str) -> str | None:
    """Name of the recipe that stands for a network; ``None`` if there is none at this scale."""
    if network == "small":
        return "ferplus.small" if scale == "cpu" else None
    return PAPER[network] if scale == "paper" else f"{network}.ferplus.{scale}"


def measured(name: str, data: Path, counts: tuple[str, ...]) -> list[Row]:
    """The rows of one recipe."""
    rates = worker("loops", name, data, *counts).answer
    # The best rounds of both: a neighbour on the machine can only slow either, round by round.
    ours = Row.best(f"{name}, training", rates["loop"], "pictures/s")
    alone = Row.best("its arithmetic alone", rates["arithmetic"], "pictures/s")
    rows = [ours.against(alone)]
    if ours.value < LEAST * alone.value:
        print(f"{name}: the loop reaches less than {LEAST:.0%} of its arithmetic")
    if "authors" in rates:
        theirs = Row.best("the authors' loop", rates["authors"], "pictures/s")
        beside = replace(ours, name=f"{name}, beside the authors' loop")
        rows.append(beside.against(theirs))
    return rows


if __name__ == "__main__":
    main()
