"""Write a 640x360 video from another one: cropped to 16:9, scaled, repeated.

python make_video.py SOURCE TARGET REPEATS
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 640, 360


def main(source: str, target: str, repeats: str) -> None:
    """Read the source once for each repeat, so that no frame is kept."""
    rate = cv2.VideoCapture(source).get(cv2.CAP_PROP_FPS) or 25.0
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(target, codec, rate, (WIDTH, HEIGHT))
    for _ in range(int(repeats)):
        reader = cv2.VideoCapture(source)
        while True:
            there, frame = reader.read()
            if not there:
                break
            writer.write(fit(frame))
    writer.release()
    if not Path(target).exists():
        raise SystemExit(f"{source}: no frame could be read")


def fit(frame: np.ndarray) -> np.ndarray:
    """The largest middle part of 16:9, at the size that is measured."""
    height, width = frame.shape[:2]
    if (width, height) == (WIDTH, HEIGHT):
        return frame
    zoom = max(WIDTH / width, HEIGHT / height)
    scaled = cv2.resize(frame, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    top, left = (scaled.shape[0] - HEIGHT) // 2, (scaled.shape[1] - WIDTH) // 2
    return scaled[top : top + HEIGHT, left : left + WIDTH]


main(*sys.argv[1:])
