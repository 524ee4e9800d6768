"""One annotated video file, in place only when it can be played: at the end of what was read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import cv2

from ..errors import OutputError
from ..preprocess import Picture
from .annotation_mark import mark_video
from .opencv import quiet_opencv, video_name
from .video import Frame

# MPEG-4 part 2: the one codec for MP4 that every build of OpenCV can write.
_CODEC = "mp4v"
_RATE_OF_CAMERAS = 25.0
# What OpenCV makes up, where a container tells of no rate, is 1000 and more.
_NO_RATE = 1000.0
_RATE_WHERE_IT_VARIES = 60.0
_LONGEST_GAP_S = 60.0
_LOWEST_RATE = 0.002  # of less OpenCV makes none


class AnnotatedVideo:
    """Writes frames as MP4, so that they are shown at the times that they have in their source.

    Of a source of which every tenth frame is taken the rate is a tenth of the source's; hence
    it is known at the second frame only. Where a frame comes late, as a camera's do that is
    faster than we are, the one before it is shown until then, for a minute at most; one that
    comes earlier than the rate has room for is left out.

    Args:
        path: the file to make, ending in ``.mp4``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.stem}.part.mp4")
        self._writer: cv2.VideoWriter | None = None
        self._first: tuple[Frame, Picture] | None = None
        self._last: Picture | None = None
        self._frames = 0
        self._rate = 0.0
        self._start_s = self._last_s = 0.0

    def write(self, frame: Frame, picture: Picture) -> None:
        """Append an annotated frame.

        Args:
            frame: the frame it was made from.
            picture: uint8 (H, W, 3), RGB, of one size throughout.

        Raises:
            OutputError: if no video can be written there.
        """
        if self._writer is None and self._first is None:
            self._first = frame, picture
            return
        if self._first is not None:
            first, self._first = self._first, None
            gap = (frame.number or 0) - (first[0].number or 0)
            self._open(first[0], first[1], gap)
            self._append(first[1])
        late = self._late(frame.time_s)
        for _ in range(late):
            self._append(self._last)
        if late >= 0:
            self._append(picture)

    def close(self) -> None:
        """Finish the file and move it into place.

        Raises:
            OutputError: if it did not become whole, as on a full disk.
        """
        if self._first is not None:
            first, self._first = self._first, None
            self._open(first[0], first[1], 1)
            self._append(first[1])
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        try:
            if self._count() != self._frames:
                raise OutputError(
                    f"{self._path}: the annotated video could not be written whole; "
                    "is the disk full?"
                )
            mark_video(self._part)
            self._part.replace(self._path)
        except OSError as error:
            raise OutputError(f"{self._path}: cannot be written ({error.strerror})") from None
        finally:
            self._discard()

    def _open(self, frame: Frame, picture: Picture, gap: int) -> None:
        height, width = picture.shape[:2]
        rate = frame.rate or _RATE_OF_CAMERAS
        rate = (rate if rate < _NO_RATE else _RATE_WHERE_IT_VARIES) / max(gap, 1)
        self._rate = _written(rate)
        self._start_s = self._last_s = frame.time_s or 0.0
        try:
            # OpenCV does not say why it cannot write; the file system does.
            self._part.touch()
        except OSError as error:
            raise OutputError(f"{self._path}: cannot be written ({error.strerror})") from None
        with quiet_opencv():
            self._writer = cv2.VideoWriter(
                video_name(self._part),
                cv2.CAP_FFMPEG,
                cv2.VideoWriter.fourcc(*_CODEC),
                self._rate,
                (width, height),
            )
        if not self._writer.isOpened():
            self._writer = None
            self._discard()
            raise OutputError(
                f"{self._path}: OpenCV cannot write a video of {width} x {height} pixels there"
            )

    def _late(self, time_s: float | None) -> int:
        """How many moments are empty before a frame; below 0 if its own is taken."""
        if time_s is None or time_s == self._last_s:  # a source without times
            return 0
        self._last_s = time_s
        late_s = time_s - self._start_s - self._frames / self._rate
        if abs(late_s) > max(_LONGEST_GAP_S, 2 / self._rate):  # a clock that leaps
            self._start_s += late_s
            return 0
        return round(late_s * self._rate)

    def _append(self, picture: Picture | None) -> None:
        self._last = picture
        if self._writer is not None and picture is not None:
            self._writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            self._frames += 1

    def _count(self) -> int:
        """How many frames the finished file announces; OpenCV reports no failed write."""
        with quiet_opencv():
            capture = cv2.VideoCapture(video_name(self._part), cv2.CAP_FFMPEG)
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        return count

    def _discard(self) -> None:
        with suppress(OSError):
            self._part.unlink()


def _written(rate: float) -> float:
    """The rate that OpenCV writes: one of few decimals, and up to a thousandth away."""
    rate, scale = max(rate, _LOWEST_RATE), 1
    while abs(int(rate * scale + 0.5) / scale - rate) > 0.001:
        scale *= 10
    return int(rate * scale + 0.5) / scale
