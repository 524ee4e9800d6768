"""What matrix products in the place of convolutions on small maps bring in training.

    python benchmarks/small_maps.py

Training steps of ResNet-18 at 64 pixels, bfloat16, on a CPU: torch's convolutions alone, and
with ``mien.training.small_maps``, in turns.
"""

from __future__ import annotations

import argparse

from measure import Row, worker, write


def main() -> None:
    """Measure and write ``results/benchmarks/small_maps.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    rates = worker("trained", str(options.rounds)).answer
    plain = Row.median("torch's convolutions alone", rates["convolutions"], "pictures/s")
    ours = Row.median("training ResNet-18 at 64 pixels", rates["products"], "pictures/s")
    write("small_maps", [ours.against(plain)], rounds=options.rounds)


if __name__ == "__main__":
    main()
