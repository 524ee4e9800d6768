"""The MTCNN of facenet-pytorch alone over a video, a frame at a time, on the CPU.

    python facenet_video.py VIDEO MIN_FACE_SIZE

Says ``first`` after the first frame's result; ends with a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
from facenet_pytorch import MTCNN


def main(path: str, min_face_size: str) -> None:
    """One frame to wake up, then the whole video by the clock, decoding included."""
    detector = MTCNN(keep_all=True, min_face_size=int(min_face_size), device="cpu")
    detector.detect(cv2.cvtColor(cv2.VideoCapture(path).read()[1], cv2.COLOR_BGR2RGB))
    print("first", flush=True)
    reader = cv2.VideoCapture(path)
    frames = faces = 0
    start = time.perf_counter()
    while True:
        there, frame = reader.read()
        if not there:
            break
        boxes, _ = detector.detect(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        frames += 1
        faces += 0 if boxes is None else len(boxes)
    seconds = time.perf_counter() - start
    print(json.dumps({"frames": frames, "faces": faces, "seconds": seconds}))


main(*sys.argv[1:])
