"""How OpenCV is spoken to: without its words on standard error, and with names as bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import cv2


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from writing to standard error: we say what is wrong ourselves."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


def video_name(path: Path) -> str:
    """A file's name as OpenCV and its FFmpeg take it.

    Whole, since FFmpeg takes what stands before a colon for a protocol; and in bytes, since a
    text that is not UTF-8 ends the process.
    """
    return cast(str, os.fsencode(path.absolute()))
