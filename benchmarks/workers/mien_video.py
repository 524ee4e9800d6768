"""mien over a video: detection and expressions of every frame, decoding included.

    python mien_video.py VIDEO mtcnn|yunet [YUNET_FILE]

Says ``first`` after the first frame's result; ends with a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import mien

MIN_FACE = 40


def main(path: str, detector: str, file: str | None = None) -> None:
    """The first frame to wake up, then the whole video by the clock."""
    recognizer = mien.Recognizer(detector=detector, detector_model=file, min_face=MIN_FACE)
    next(recognizer.stream(path))
    print("first", flush=True)
    frames = faces = 0
    start = time.perf_counter()
    for _, found in recognizer.stream(path):
        frames += 1
        faces += sum(one.face is not None for one in found)
    seconds = time.perf_counter() - start
    print(json.dumps({"frames": frames, "faces": faces, "seconds": seconds}))


main(*sys.argv[1:])
