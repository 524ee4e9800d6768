"""The shipped model alone: prepared and classified faces, in batches.

    python classify.py BATCH SECONDS

Ends with a line of JSON. The faces are noise of 48x48 pixels: the time does not depend on
what they show.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from mien.inference.session import Model
from mien.zoo import shipped_model


def main(batch: str, seconds: str) -> None:
    """Count the faces that are done in the given time."""
    model = Model(shipped_model())
    preprocess = model.card.preprocess
    faces = np.random.default_rng(0).integers(0, 256, (int(batch), 48, 48), np.uint8)
    done, start = -len(faces), time.perf_counter()
    while done < 0 or time.perf_counter() - start < float(seconds):
        if done == 0:
            start = time.perf_counter()  # the first batch only woke everything up
        crops = np.stack([preprocess.cut(face) for face in faces])
        model.probabilities(preprocess.normalise(crops))
        done += len(faces)
    spent = time.perf_counter() - start
    print(json.dumps({"faces": done, "seconds": spent, "model": model.name}))


main(*sys.argv[1:])
