"""What evaluation costs beside the network: seconds per picture, against ready batches.

    python benchmarks/evaluation.py ferplus FERPLUS [MODEL ...] [--pictures 2048]

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


def main() -> None:
    """Measure and write ``results/benchmarks/evaluation.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="name of a data set, such as ferplus")
    parser.add_argument("root", type=Path, help="its copy")
    parser.add_argument("models", nargs="*", default=["mien-small"], help="names or files")
    parser.add_argument("--pictures", type=int, default=2048, help="0 for the whole split")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help="time the whole evaluation, too")
    options = parser.parse_args()

    rows = []
    pictures = options.pictures
    for model in options.models:
        counts = str(options.pictures), str(options.rounds), str(int(options.whole))
        answer = worker("evaluated", model, options.dataset, options.root, *counts).answer
        name, pictures = answer["model"], answer["pictures"]
        alone = Row.median("network on ready batches", answer["network"], "ms/picture")
        rows.append(
            Row.median(f"{name}: pass over the pictures", answer["pass"], "ms/picture").against(
                alone, less_is_better=True
            )
        )
        more = [100 * (ours / theirs - 1) for ours, theirs in pairs(answer, "pass")]
        rows.append(Row.median(f"{name}: pass beside the network's own time", more, "%"))
        if options.whole:
            more = [100 * (ours / theirs - 1) for ours, theirs in pairs(answer, "whole")]
            rows.append(Row.median(f"{name}: whole evaluation beside it", more, "%"))
    write("evaluation", rows, dataset=options.dataset, pictures=pictures, rounds=options.rounds)


def pairs(answer: dict[str, list[float]], what: str) -> list[tuple[float, float]]:
    """Times of the same round: of what is asked, and of the network alone."""
    return list(zip(answer[what], answer["network"], strict=True))


if __name__ == "__main__":
    main()
