"""The classifier of the fer package on face crops.

    python fer_faces.py FACES.npz

FACES.npz holds ``faces``, uint8 (N, 48, 48). Ends with a line of JSON: the name of the
expression for each face, in mien's words. The whole crop is the face: it is of the kind
that the classifier was trained on, so no margin is added.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
import numpy as np
from fer.fer import FER

WORDS = {"angry": "anger", "happy": "happiness", "sad": "sadness"}


def main(path: str) -> None:
    """Classify every crop and say how long it took."""
    recognizer = FER(offsets=(0, 0))
    answers = []
    start = time.perf_counter()
    for face in np.load(path)["faces"]:
        height, width = face.shape
        picture = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR)
        emotions = recognizer.detect_emotions(picture, [(0, 0, width, height)])[0]["emotions"]
        best = max(emotions, key=emotions.get)
        answers.append(WORDS.get(best, best))
    print(json.dumps({"answers": answers, "seconds": time.perf_counter() - start}))


main(sys.argv[1])
