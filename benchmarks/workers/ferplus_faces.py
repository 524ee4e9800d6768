"""The faces of FER+ PublicTest, their labels, and what the shipped model says to them.

    python ferplus_faces.py ROOT FACES.npz

Writes the faces for other programs; ends with a line of JSON: for each protocol the name of
each face's expression (``null`` where the face does not count), and mien's answers.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from mien.data.ferplus import FERPlus
from mien.data.ferplus_protocols import protocol_labels
from mien.inference.session import Model
from mien.zoo import shipped_model

BATCH = 64


def main(root: str, target: str) -> None:
    """Read, store, classify."""
    faces = FERPlus(Path(root), "public-test")
    np.savez(target, faces=faces.images)
    report: dict[str, object] = {}
    for protocol in ("majority", "argmax"):
        labels, counts = protocol_labels(faces.votes, protocol)
        report[protocol] = [
            str(faces.labels[label]) if counted else None
            for label, counted in zip(labels, counts, strict=True)
        ]
    model = Model(shipped_model())
    start = time.perf_counter()
    report["answers"] = [
        answer
        for first in range(0, len(faces), BATCH)
        for answer in classify(model, faces.images[first : first + BATCH])
    ]
    report |= {"seconds": time.perf_counter() - start, "model": model.name}
    print(json.dumps(report))


def classify(model: Model, faces: np.ndarray) -> list[str]:
    """The name of the most probable expression of each crop."""
    preprocess = model.card.preprocess
    crops = np.stack([preprocess.cut(face) for face in faces])
    best = model.probabilities(preprocess.normalise(crops)).argmax(axis=1)
    return [str(model.card.labels[index]) for index in best]


main(*sys.argv[1:])
