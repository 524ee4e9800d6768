from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Write a video of plain frames: a level of grey or an (r, g, b) for each."""

    def make(
        name: str,
        *,
        levels: Iterable[int | tuple[int, int, int]],
        rate: float = 25,
        codec: str = "mp4v",
        size: tuple[int, int] = (160, 96),
        mark: bool = False,
    ) -> Path:
        path = tmp_path / name
        fourcc = cv2.VideoWriter.fourcc(*codec)
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, rate, size)
        for level in levels:
            frame = np.empty((size[1], size[0], 3), np.uint8)
            frame[:] = level[::-1] if isinstance(level, tuple) else level
            if mark:
                frame[:16, :32] = 255
            writer.write(frame)
        writer.release()
        return path

    return make
