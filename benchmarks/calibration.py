"""The calibration error of a temperature fitted on the faces that most agree on, and on all faces.

    python benchmarks/calibration.py FERPLUS CHECKPOINT ...

The part of FER+ that was held out of training is cut in halves by chance: one is fitted on, the
other measured. "exact" is what the same halves would show of a network whose confidence is
right, as a few faces in a bin never hit just as often as expected. A CHECKPOINT is named by its
folder, such as ``distil.small`` of ``runs/distil.small/model.safetensors``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Row, worker, write

HALVES = 50


def main() -> None:
    """Measure and write ``results/benchmarks/calibration.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ferplus", type=Path, metavar="FERPLUS")
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT")
    options = parser.parse_args()

    answer = worker("halves", options.ferplus, str(HALVES), *options.checkpoints).answer
    rows = []
    for name, protocols in answer.items():
        for protocol, errors in protocols.items():
            agreed, every, exact = (
                Row(f"{name}, {protocol}{end}", 100 * errors[key], "%")
                for key, end in (("agreed", ""), ("all", ": fitted on all"), ("exact", ": exact"))
            )
            rows += [agreed.against(every, less_is_better=True), exact]
    write("calibration", rows, halves=HALVES, split="validation, held out of train")


if __name__ == "__main__":
    main()
