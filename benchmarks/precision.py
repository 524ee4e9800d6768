"""What training in float32 brings on this processor, beside bfloat16.

    python benchmarks/precision.py

Steps of ``dan.ferplus.cpu`` on random faces, in turns: all in bfloat16, as the recipe says; the
network in float32 and Muon's products in bfloat16; all in float32, which a run takes where the
processor has no bfloat16 (``mien.training.processor``).
"""

from __future__ import annotations

import argparse

from measure import Row, worker, write


def main() -> None:
    """Measure and write ``results/benchmarks/precision.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    answer = worker("precisions", str(options.rounds)).answer
    rates = {name: Row.median(name, runs, "pictures/s") for name, runs in answer.items()}
    taken = rates.pop("all in float32")
    rows = [taken.against(one) for one in rates.values()]
    write("precision", rows, rounds=options.rounds)


if __name__ == "__main__":
    main()
