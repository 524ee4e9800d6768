"""Where MTCNN sees faces in training crops, and how many of them it finds.

    python benchmarks/crop_geometry.py FERPLUS

Faces of FER+'s training split are pasted into scenes. The medians are the scale and shift of
the shipped model's preprocessing, so that a photo's crop looks like a training face; the
share that is found is what the detector's thresholds were chosen by.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from mien.data.ferplus import FERPlus
from mien.data.ferplus_protocols import protocol_labels
from mien.evaluation.crop_geometry import measure_crop_geometry
from mien.evaluation.pasting import SIDES
from mien.evaluation.provenance import git_commit, machine, version
from mien.faces import MTCNN
from mien.faces.mtcnn import THRESHOLDS

OUTPUT = Path(__file__).resolve().parents[1] / "results" / "training" / "crop-geometry.json"
USUAL = (0.6, 0.7, 0.7)
SEED = 0


def main() -> None:
    """Measure and write ``results/training/crop-geometry.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ferplus", type=Path)
    parser.add_argument("--faces", type=int, default=600)
    options = parser.parse_args()

    data = FERPlus(options.ferplus, "train")
    counted = np.flatnonzero(protocol_labels(data.votes, "majority")[1])
    chosen = np.random.default_rng(SEED).choice(counted, options.faces, replace=False)
    measured = {
        str(thresholds): dataclasses.asdict(
            measure_crop_geometry(
                MTCNN(thresholds=thresholds), data.images[chosen], sides=SIDES, seed=SEED
            )
        )
        for thresholds in (USUAL, THRESHOLDS)
    }
    record = {
        "command": f"python benchmarks/crop_geometry.py {options.ferplus.name} "
        f"--faces {options.faces}",
        "dataset": "ferplus",
        "split": "train",
        "data_fingerprint": data.fingerprint,
        "sides": SIDES,
        "seed": SEED,
        "by_thresholds": measured,
        "commit": git_commit(),
        "version": version(),
        "machine": machine(),
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    for thresholds, one in measured.items():
        print(thresholds, {name: one[name] for name in ("found", "scale", "shift")})


if __name__ == "__main__":
    main()
