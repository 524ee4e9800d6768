"""What it brings in training on a CPU to keep freed memory, ``mien.training.heap``.

    python benchmarks/heap.py

Training steps of the networks at ``cpu`` scale on random faces, bfloat16: with the C library
as it is, and with freed memory kept, in processes that take turns.
"""

from __future__ import annotations

import argparse

from measure import Row, worker, write

RECIPES = ("dan.ferplus.cpu", "ferplus.small")


def main() -> None:
    """Measure and write ``results/benchmarks/heap.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="processes of each kind")
    options = parser.parse_args()

    rows = []
    for recipe in RECIPES:
        rates: dict[str, list[float]] = {"kept": [], "returned": []}
        for _ in range(options.runs):
            for way, found in rates.items():
                found += worker("freed", recipe, way).answer["rates"]
        ours = Row.best(f"steps of {recipe}", rates["kept"], "pictures/s")
        rows.append(ours.against(Row.best("as it is", rates["returned"], "pictures/s")))
    write("heap", rows, runs=options.runs)


if __name__ == "__main__":
    main()
