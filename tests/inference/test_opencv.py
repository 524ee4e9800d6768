"""OpenCV's level of messages, which all threads of a process share."""

from __future__ import annotations

import cv2
import pytest

from mien.inference.opencv import quiet_opencv

logging = cv2.utils.logging


@pytest.fixture(autouse=True)
def level() -> int:
    logging.setLogLevel(logging.LOG_LEVEL_WARNING)
    return int(logging.LOG_LEVEL_WARNING)


def test_the_last_to_leave_brings_the_level_back(level: int) -> None:
    # As two threads do: the one that came first leaves first.
    first, second = quiet_opencv(), quiet_opencv()
    first.__enter__()
    second.__enter__()
    assert logging.getLogLevel() == logging.LOG_LEVEL_SILENT
    first.__exit__(None, None, None)
    assert logging.getLogLevel() == logging.LOG_LEVEL_SILENT
    second.__exit__(None, None, None)
    assert logging.getLogLevel() == level


def test_an_error_brings_it_back(level: int) -> None:
    with pytest.raises(ValueError, match="broken"), quiet_opencv():
        raise ValueError("broken")
    assert logging.getLogLevel() == level
