"""Where MTCNN sees faces in training crops, and how many of them it finds.

    python benchmarks/crop_geometry.py FERPLUS

Faces of FER+'s training split are pasted into scenes. The medians are the scale and shift of
the shipped model's preprocessing, so that a photo's crop looks like a training face; the
share that is found is what the detector's thresholds were chosen by. Training pictures that
most raters call no face are pasted likewise: in how many of their scenes is a face found?
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data.ferplus import FERPlus
from mien.data.ferplus_protocols import protocol_labels
from mien.evaluation.crop_geometry import measure_crop_geometry
from mien.evaluation.pasting import SIDES, paste
from mien.evaluation.provenance import git_commit, machine, version
from mien.faces import MTCNN
from mien.faces.mtcnn import LONE, THRESHOLDS

OUTPUT = Path(__file__).resolve().parents[1] / "results" / "training" / "crop-geometry.json"
USUAL = (0.6, 0.7, 0.7)
SEED = 0
NOT_A_FACE = 9
"""Column of FER+'s votes."""


def main() -> None:
    """Measure and write ``results/training/crop-geometry.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ferplus", type=Path)
    parser.add_argument("--faces", type=int, default=600)
    options = parser.parse_args()

    data = FERPlus(options.ferplus, "train")
    counted = np.flatnonzero(protocol_labels(data.votes, "majority")[1])
    chosen = np.random.default_rng(SEED).choice(counted, options.faces, replace=False)
    faceless = data.images[data.votes[:, NOT_A_FACE] > data.votes.sum(axis=1) / 2]
    measured = {
        name: measure(detector, data.images[chosen], faceless)
        for name, detector in {
            str(USUAL): MTCNN(thresholds=USUAL, lone=USUAL[-1]),
            str(THRESHOLDS): MTCNN(lone=THRESHOLDS[-1]),
            f"{THRESHOLDS}, lone {LONE}": MTCNN(),
        }.items()
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
    for name, one in measured.items():
        print(name, {key: one[key] for key in ("found", "scale", "shift", "no_faces")})


def measure(
    detector: MTCNN, faces: NDArray[np.uint8], faceless: NDArray[np.uint8]
) -> dict[str, Any]:
    """What is found of faces, and in how many scenes with none."""
    scenes = [paste(one, index=row, seed=SEED).picture for row, one in enumerate(faceless)]
    found = sum(bool(detector([scene])[0]) for scene in scenes)
    geometry = measure_crop_geometry(detector, faces, sides=SIDES, seed=SEED)
    no_faces = {"pictures": len(scenes), "found_in": found}
    return {**dataclasses.asdict(geometry), "no_faces": no_faces}


if __name__ == "__main__":
    main()
