"""Milliseconds per picture: a network on ready batches, and mien's evaluation with it.

    python evaluated.py MODEL DATASET ROOT PICTURES ROUNDS WHOLE

All take turns, round by round. PICTURES is 0 for all of the test split. WHOLE is 1 to time the
whole evaluation of the split as well. Ends with a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from mien.data.catalogue import open_reader
from mien.evaluation.answering import BATCH
from mien.evaluation.classifier import Classifier, load_classifier
from mien.evaluation.evaluate import evaluate
from mien.evaluation.faces import Faces
from mien.evaluation.split import usual_split

_READY = 4
"""Different batches that lie ready; more would only fill the memory."""


def main(model: str, dataset: str, root: str, pictures: str, rounds: str, whole: str) -> None:
    """Time everything and say so."""
    classifier = load_classifier(model)
    reader = open_reader(dataset, root, usual_split(dataset, root, {}))
    faces = Faces(reader)
    count = min(int(pictures) or len(reader), len(reader))
    ready = batches(classifier, faces, count)

    def alone() -> None:
        for start in range(0, count, BATCH):
            batch = ready[start // BATCH % len(ready)]
            classifier.probabilities(batch[: count - start])

    def passing() -> None:
        classifier.answer(faces, count)

    def everything() -> None:
        evaluate([classifier], dataset, root=root)

    loops: dict[str, tuple[Callable[[], None], int]] = {
        "network": (alone, count),
        "pass": (passing, count),
    }
    if int(whole):
        loops["whole"] = everything, len(reader)
    times: dict[str, list[float]] = {name: [] for name in loops}
    for turn in range(int(rounds) + 1):
        # Whoever comes first finds the caches as the one before left them.
        for name in sorted(loops, reverse=bool(turn % 2)):
            loop, answered = loops[name]
            start = time.perf_counter()
            loop()
            times[name].append(1000 * (time.perf_counter() - start) / answered)
    # The first round only wakes everything up.
    kept = {name: found[1:] for name, found in times.items()}
    print(json.dumps({"model": classifier.card.name, "pictures": count, **kept}))


def batches(classifier: Classifier, faces: Faces, count: int) -> list[np.ndarray]:
    """The first batches as the network wants them."""
    preprocess = classifier.card.preprocess
    ready = []
    for start in range(0, count, BATCH)[:_READY]:
        cut = faces(range(start, min(start + BATCH, count)), preprocess)
        ready.append(preprocess.normalise(np.stack([face for face in cut if face is not None])))
    return ready


if __name__ == "__main__":
    main(*sys.argv[1:])
