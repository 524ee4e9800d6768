"""How OpenCV is spoken to: without its words on standard error, and with names as bytes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import cv2


class _Quiet:
    """How many threads want silence at present, and the level to go back to after the last."""

    lock = threading.Lock()
    wanted = 0
    before = 0


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from writing to standard error: we say what is wrong ourselves.

    The level is the process's, so that of several threads the first switches it and the last back.
    """
    with _Quiet.lock:
        if _Quiet.wanted == 0:
            _Quiet.before = cv2.utils.logging.getLogLevel()
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        _Quiet.wanted += 1
    try:
        yield
    finally:
        with _Quiet.lock:
            _Quiet.wanted -= 1
            if _Quiet.wanted == 0:
                cv2.utils.logging.setLogLevel(_Quiet.before)


def video_name(path: Path) -> str:
    """A file's name as OpenCV and its FFmpeg take it.

    Whole, since FFmpeg takes what stands before a colon for a protocol; and in bytes, since a
    text that is not UTF-8 ends the process.
    """
    return cast(str, os.fsencode(path.absolute()))
