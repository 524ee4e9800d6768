"""What the tests of faces share."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.preprocess import Picture


def read_picture(path: Path) -> Picture:
    """RGB, as the detectors get it."""
    pixels = cv2.imread(str(path))
    assert pixels is not None, path
    return np.ascontiguousarray(pixels[..., ::-1], np.uint8)


@pytest.fixture(scope="session")
def five_people(shared_data: Path) -> Picture:
    return read_picture(shared_data / "media" / "multi_face.jpg")


@pytest.fixture(scope="session")
def one_person(shared_data: Path) -> Picture:
    return read_picture(shared_data / "media" / "single_face.jpg")


@pytest.fixture(scope="session")
def no_one(shared_data: Path) -> Picture:
    video = cv2.VideoCapture(str(shared_data / "media" / "no_face.mp4"))
    there, frame = video.read()
    video.release()
    assert there
    return np.ascontiguousarray(frame[..., ::-1], np.uint8)
