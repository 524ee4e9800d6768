"""Does pruning pay by the clock? APViT's settings against the unpruned network, in one run.

    python benchmarks/pruning.py

Batches of 32 random pictures of 112 pixels through four APViTs in turns; the time of each,
and its share of the unpruned one's beside the share of the operations.
"""

from __future__ import annotations

import argparse
import statistics

from measure import Row, worker, write


def main() -> None:
    """Measure and write ``results/benchmarks/pruning.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    answer = worker("pruned", str(options.batch), str(options.rounds)).answer
    seconds, counts = answer["seconds"], answer["fvcore"]
    whole, *pruned = seconds
    rows = [Row.median(f"{whole}, a batch", seconds[whole], "s")]
    for name in pruned:
        # Shares within a round: the machine's own pace cancels out.
        shares = [
            100 * ours / theirs for ours, theirs in zip(seconds[name], seconds[whole], strict=True)
        ]
        rows.append(Row.median(f"{name}, share of the time", shares, "%"))
        rows.append(
            Row(f"{name}, share of the operations", 100 * counts[name] / counts[whole], "%")
        )
        if statistics.median(shares) > rows[-1].value:
            print(f"{name}: takes a larger share of the time than of the operations")
    write("pruning", rows, batch=options.batch, rounds=options.rounds)


if __name__ == "__main__":
    main()
