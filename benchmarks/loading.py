"""Pictures a second from disk to augmented batch, against torchvision's ImageFolder.

    python benchmarks/loading.py fairface FAIRFACE [--split train]

Two cores, 112 pixels, batches of 128, two workers. Both sides read the same JPEG files, which
are made from a copy of a data set, vary them in the same way, and take turns.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Row, worker, write


def main() -> None:
    """Measure and write ``results/benchmarks/loading.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="name of a data set, such as fairface")
    parser.add_argument("root", type=Path, help="its copy")
    parser.add_argument("--split", default="train")
    parser.add_argument("--pictures", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    counts = str(options.pictures), str(options.rounds)
    answer = worker("loaders", options.dataset, options.root, options.split, *counts).answer
    rows = []
    for augmentation, rates in answer.items():
        theirs = Row.median("torchvision's ImageFolder", rates["torchvision"], "pictures/s")
        for source in ("files", "cache"):
            ours = Row.median(f"from {source}: {augmentation}", rates[source], "pictures/s")
            rows.append(ours.against(theirs))
    write(
        "loading", rows, dataset=options.dataset, pictures=options.pictures, rounds=options.rounds
    )


if __name__ == "__main__":
    main()
