"""What evaluation costs beside the network: seconds per picture, against ready batches.

    python benchmarks/evaluation.py ferplus FERPLUS [MODEL ...] [--pictures 512]

For each model, the network alone answers batches that lie ready in memory, and the pass of
``mien evaluate`` answers the pictures of a split: read, cut, normalised and gathered. Both take
turns in one process, with the same number of pictures in the same batches. With ``--whole`` the
whole evaluation of the split is timed beside them: opening, copies in the training split,
metrics and intervals.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Row, worker, write

PASSES = {"pass": "pass over the pictures", "whole": "whole evaluation"}
MOST = 1.15


def main() -> None:
    """Measure and write ``results/benchmarks/evaluation.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="name of a data set, such as ferplus")
    parser.add_argument("root", type=Path, help="its copy")
    parser.add_argument("models", nargs="*", default=["mien-small"], help="names or files")
    parser.add_argument("--pictures", type=int, default=512, help="0 for the whole split")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--whole", action="store_true", help="time the whole evaluation, too")
    options = parser.parse_args()

    rows = []
    pictures = options.pictures
    for model in options.models:
        counts = str(options.pictures), str(options.rounds), str(int(options.whole))
        answer = worker("evaluated", model, options.dataset, options.root, *counts).answer
        name, pictures = answer["model"], answer["pictures"]
        alone = best("network on ready batches", answer["network"])
        for what, title in PASSES.items():
            if what in answer:
                ours = best(f"{name}: {title}", answer[what])
                rows.append(ours.against(alone, less_is_better=True))
                if ours.value > MOST * alone.value:
                    print(f"{name}: {title} takes more than {MOST:g} times the network's own time")
    write("evaluation", rows, dataset=options.dataset, pictures=pictures, rounds=options.rounds)


def best(name: str, times: list[float]) -> Row:
    """The best round: a neighbour on the machine can only slow."""
    return Row.best(name, times, "ms/picture", less_is_better=True)


if __name__ == "__main__":
    main()
