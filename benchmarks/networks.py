"""What trained networks cost: parameters, multiply-adds, and the time of one face on a CPU.

    python benchmarks/networks.py MODEL ... [--scale cpu|gpu]

A MODEL is a checkpoint of the lab, such as ``runs/networks.cpu/runs/dan/seed-0/model.safetensors``
of ``mien ablate networks``. Faces are answered one by one, as in a video with one person, by
ONNX Runtime, with the exported network, and by PyTorch; all networks take turns in one process.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Row, worker, write


def main() -> None:
    """Measure and write ``results/benchmarks/networks.SCALE.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--scale", choices=("cpu", "gpu"), default="cpu", help="of the recipes")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()

    rows = []
    answer = worker("one_face", str(options.rounds), *options.models).answer
    for recipe, seen in answer.items():
        rows.append(Row(f"{recipe}: parameters", seen["parameters"] / 1e6, "M"))
        rows.append(Row(f"{recipe}: multiply-adds", seen["multiply_adds"] / 1e9, "G"))
        theirs = Row.best("by PyTorch", seen["torch"], "ms", less_is_better=True)
        ours = Row.best(f"{recipe}: one face by ONNX", seen["onnx"], "ms", less_is_better=True)
        rows.append(ours.against(theirs, less_is_better=True))
    write(f"networks.{options.scale}", rows, scale=options.scale, rounds=options.rounds)


if __name__ == "__main__":
    main()
