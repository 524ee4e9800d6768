"""Answers of several checkpoints on the part of FER+ that was held out of their training.

    python together.py FERPLUS CHECKPOINT ...

Ends with a line of JSON: for each network, and for all together, whether it hits the most voted
expression of each face, from the face alone and from the face and its mirror image.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.data.loading.faces import FaceDataset
from mien.data.loading.pictures import Pictures
from mien.evaluation.classifier import load_classifier
from mien.training.copies import Copies
from mien.training.parts import load_parts
from mien.training.soup import recipe_of
from mien.training.targets import column_of_classes

BATCH = 256
VIEWS = ("the face", "and its mirror image")


def main(ferplus: str, *files: str) -> None:
    """The parts by the last one's recipe; all are to have the same."""
    parts = load_parts(recipe_of(Path(files[-1])), Copies({"ferplus": Path(ferplus)}))
    classes = column_of_classes(parts.held_targets)
    hits: dict[str, dict[str, list[bool]]] = {}
    together = np.zeros((2, len(classes), len(parts.labels)))
    for file in files:
        found = answers(file, parts.held, classes)
        together += found
        hits[Path(file).parent.name] = counted(found, classes)
    hits[f"all {len(files)}"] = counted(together, classes)
    print(json.dumps(hits))


def answers(file: str, pictures: Pictures, classes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probabilities (2, N, M): of each face, and the mean with those of its mirror image."""
    network = load_classifier(Path(file))
    faces = FaceDataset(pictures, classes, network.card.preprocess)
    views: list[list[NDArray[np.float32]]] = [[], []]
    for first in range(0, len(faces), BATCH):
        rows = range(first, min(first + BATCH, len(faces)))
        images = faces.__getitems__(rows).images.numpy()
        seen = (images, np.ascontiguousarray(images[..., ::-1]))
        for view, shown in zip(views, seen, strict=True):
            view.append(network.probabilities(shown))
    plain, mirrored = (np.concatenate(view).astype(np.float64) for view in views)
    return np.stack([plain, (plain + mirrored) / 2])


def counted(found: NDArray[np.float64], classes: NDArray[np.intp]) -> dict[str, list[bool]]:
    """Whether each face's most voted expression is the likeliest, by view."""
    return {
        view: (one.argmax(axis=1) == classes).tolist()
        for view, one in zip(VIEWS, found, strict=True)
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
