"""mien's MTCNN on one photo, enlarged.

    python mien_photo.py PHOTO ZOOM KIND RUNS

KIND is ``twice``, as MTCNN is, or ``loosely``, with the thresholds of its second look alone. Ends
with a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import cv2

from mien.faces.mtcnn import MTCNN, SURE_AGAIN
from mien.inference.images import read_picture


def main(path: str, zoom: str, kind: str, runs: str) -> None:
    """One run to wake up, then the others by the clock."""
    photo = read_picture(path)
    picture = cv2.resize(photo, None, fx=float(zoom), fy=float(zoom), interpolation=cv2.INTER_CUBIC)
    detector = MTCNN() if kind == "twice" else MTCNN(thresholds=SURE_AGAIN)
    faces, seconds = detector([picture])[0], []
    for _ in range(int(runs)):
        start = time.perf_counter()
        detector([picture])
        seconds.append(time.perf_counter() - start)
    height, width = picture.shape[:2]
    print(json.dumps({"faces": len(faces), "seconds": seconds, "width": width, "height": height}))


main(*sys.argv[1:])
