"""The fer package over a video: faces by its Haar cascade, expressions of every frame.

    python fer_video.py VIDEO

Says ``first`` after the first frame's result; ends with a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
from fer.fer import FER


def main(path: str) -> None:
    """One frame to wake up, then the whole video by the clock, decoding included."""
    recognizer = FER()
    recognizer.detect_emotions(cv2.VideoCapture(path).read()[1])
    print("first", flush=True)
    reader = cv2.VideoCapture(path)
    frames = faces = 0
    start = time.perf_counter()
    while True:
        there, frame = reader.read()
        if not there:
            break
        frames += 1
        faces += len(recognizer.detect_emotions(frame))
    seconds = time.perf_counter() - start
    print(json.dumps({"frames": frames, "faces": faces, "seconds": seconds}))


main(sys.argv[1])
