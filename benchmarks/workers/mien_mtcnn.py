"""mien's MTCNN alone over a video, a frame at a time.

    python mien_mtcnn.py VIDEO MIN_FACE

Says ``first`` after the first frame's result; ends with a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import cv2

from mien.faces.mtcnn import MTCNN


def main(path: str, min_face: str) -> None:
    """One frame to wake up, then the whole video by the clock, decoding included."""
    detector = MTCNN(min_face=int(min_face))
    detector([cv2.cvtColor(cv2.VideoCapture(path).read()[1], cv2.COLOR_BGR2RGB)])
    print("first", flush=True)
    reader = cv2.VideoCapture(path)
    frames = faces = 0
    start = time.perf_counter()
    while True:
        there, frame = reader.read()
        if not there:
            break
        frames += 1
        faces += len(detector([cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)])[0])
    seconds = time.perf_counter() - start
    print(json.dumps({"frames": frames, "faces": faces, "seconds": seconds}))


main(*sys.argv[1:])
