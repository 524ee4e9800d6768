"""What the mean of several networks' answers brings, and that of a face's mirror image.

    python benchmarks/ensembles.py FERPLUS CHECKPOINT ...

On the part of FER+ that was held out of training, as it is for choosing. A CHECKPOINT is named by
its folder, such as ``distil.small`` of ``runs/distil.small/model.safetensors``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Row, worker, write


def main() -> None:
    """Measure and write ``results/benchmarks/ensembles.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ferplus", type=Path, metavar="FERPLUS")
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT")
    options = parser.parse_args()

    answer = worker("together", options.ferplus, *options.checkpoints).answer
    rows = [
        Row.share(f"{name}: {view}", hits)
        for name, views in answer.items()
        for view, hits in views.items()
    ]
    write("ensembles", rows, protocol="argmax", split="validation, held out of train")


if __name__ == "__main__":
    main()
