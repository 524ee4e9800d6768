"""Where MTCNN sees faces in training crops, and how many of them it finds.

    python benchmarks/crop_geometry.py FERPLUS

Faces of FER+'s training split are pasted into scenes. The medians are the scale and shift of
the shipped model's preprocessing, so that a photo's crop looks like a training face; the
share that is found is what the detector's thresholds were chosen by. The same faces with their
tiles shuffled are pasted likewise: in how many of their scenes is a face found, where is none?
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
from mien.faces.mtcnn import AGAIN, SURE_AGAIN, THRESHOLDS

OUTPUT = Path(__file__).resolve().parents[1] / "results" / "training" / "crop-geometry.json"
SEED = 0
TILES = 4
"""Along a side of a picture that is shuffled."""


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
        name: measure(detector, data.images[chosen])
        for name, detector in {
            str(THRESHOLDS): MTCNN(again=None),
            **{f"{THRESHOLDS}, again {again}": MTCNN(again=again) for again in (SURE_AGAIN, AGAIN)},
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


def measure(detector: MTCNN, faces: NDArray[np.uint8]) -> dict[str, Any]:
    """What is found of faces, and in how many scenes with none."""
    random = np.random.default_rng(SEED)
    found = 0
    for row, face in enumerate(faces):
        scene = paste(shuffled(face, random), index=row, seed=SEED)
        found += bool(detector([scene.picture])[0])
    geometry = measure_crop_geometry(detector, faces, sides=SIDES, seed=SEED)
    no_faces = {"pictures": len(faces), "found_in": found}
    return {**dataclasses.asdict(geometry), "no_faces": no_faces}


def shuffled(face: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """The same pixels and no face: a picture's tiles in random order."""
    side = len(face) // TILES
    tiles = face.reshape(TILES, side, TILES, side).swapaxes(1, 2).reshape(-1, side, side)
    mixed = random.permutation(tiles).reshape(TILES, TILES, side, side)
    return np.ascontiguousarray(mixed.swapaxes(1, 2).reshape(face.shape))


if __name__ == "__main__":
    main()
