"""Frames of a video file or a camera, with their true numbers and times."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import cv2

from ..errors import NotFound, Unreadable
from ..preprocess import Picture
from .container import container_of, is_cut_off
from .opencv import quiet_opencv, video_name
from .size_watch import SizeWatch

log = logging.getLogger("mien")

VIDEO_SUFFIXES = frozenset(
    [
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mjpeg",
        ".mjpg",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    ]
)

# A container often announces a few frames more than can be decoded.
_MISSING_SHARE = 0.1
_MISSING_AT_LEAST = 5

_CAMERAS = 100  # from there on OpenCV takes a number for one of another interface


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture to look at.

    Attributes:
        source: path of the picture or video, ``camera:N``, ``array`` or ``array:N``.
        number: of the frame from 0; ``None`` for a picture.
        time_s: seconds from the start of the video; ``None`` for a picture.
        picture: uint8 (H, W, 3), RGB, upright.
        rate: frames per second that the container announces; ``None`` if it is unknown.
        total: how many frames the container announces; ``None`` if it is unknown.
    """

    source: str
    number: int | None
    time_s: float | None
    picture: Picture
    rate: float | None = None
    total: int | None = None


def read_video(path: str | Path, *, every: int = 1) -> Iterator[Frame]:
    """Decode a video frame by frame; one frame is in memory at a time.

    Args:
        path: a video file that OpenCV's FFmpeg reads. Its rotation is applied.
        every: give the frames 0, every, 2 * every, ...; numbers and times stay true.

    Raises:
        NotFound: if there is no such file.
        Unreadable: if it is no video, has no frames, ends early or changes its size; the
            frames before that point have been given.
    """
    path = Path(path)
    kind = container_of(_start_of(path))
    capture = _open(video_name(path), cv2.CAP_FFMPEG)
    if capture is None:
        raise Unreadable(f"{path}: is not a video that can be read, has no frames, or is cut off")
    packets = _open(video_name(path), cv2.CAP_FFMPEG, SizeWatch.RAW)
    watch = None if packets is None else SizeWatch(packets)
    try:
        announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate = capture.get(cv2.CAP_PROP_FPS)
        frames, last_s = 0, 0.0
        clock = _Clock(rate, from_first=kind == "AVI")
        for time_s, frame in _frames(capture, str(path), every, watch, clock):
            frames, last_s = frames + 1, time_s
            if frame is not None:
                yield frame
        _require_whole(path, kind, frames, announced, last_s * rate + 1)
    finally:
        capture.release()
        if packets is not None:
            packets.release()


def ask_for_camera(index: int) -> None:
    """Let macOS ask whether it may be used, which it does for a program's first thread alone.

    Elsewhere nothing happens.
    """
    if sys.platform == "darwin" and (capture := _open_camera(index)) is not None:
        capture.release()


def read_camera(index: int, *, every: int = 1) -> Iterator[Frame]:
    """Give a camera's frames until it stops; times count from the first frame.

    Raises:
        NotFound: if there is no such camera, or it is in use.
    """
    source = f"camera:{index}"
    capture = _open_camera(index)
    if capture is None:
        allowed = ", or this one may not (Privacy, in the system's settings)"
        raise NotFound(
            f"{source}: there is no such camera, or another program uses it"
            + (allowed if sys.platform == "darwin" else "")
        )
    try:
        start = time.monotonic()
        for _, frame in _frames(capture, source, every, None, _Clock(0.0)):
            if frame is not None:
                # A live stream has no timestamps of its own that could be trusted.
                yield replace(frame, time_s=time.monotonic() - start)
    finally:
        capture.release()


def _start_of(path: Path) -> bytes:
    """The first 12 bytes. OpenCV does not say why it cannot read; the file system does."""
    try:
        if not path.is_file():
            raise NotFound(f"{path}: there is no such file")
        with path.open("rb") as file:
            start = file.read(12)
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read ({error.strerror})") from None
    if not start:
        raise Unreadable(f"{path}: the file is empty")
    return start


def _open_camera(index: int) -> cv2.VideoCapture | None:
    # Others end the process, or are no number of OpenCV's.
    return _open(index, cv2.CAP_ANY) if 0 <= index < _CAMERAS else None


def _open(
    source: str | int, backend: int, options: tuple[int, ...] = ()
) -> cv2.VideoCapture | None:
    # FFmpeg writes to standard error through no interface of OpenCV but this variable.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    with quiet_opencv():
        capture = cv2.VideoCapture(source, backend, options)
    return capture if capture.isOpened() else None


class _Clock:
    """Seconds of each frame from FFmpeg's milliseconds, which are 0 where it knows none.

    Args:
        rate: frames per second that the container announces.
        from_first: whether the first frame is the beginning. AVI has an order of decoding and no
            times, so that with frames that refer to later ones all are some frames late.
    """

    def __init__(self, rate: float, *, from_first: bool = False) -> None:
        self._step = 1 / rate if rate > 0 else 0.0
        self._from_first = from_first
        self._first = self._last = 0.0

    def __call__(self, number: int, time_ms: float) -> float:
        if number == 0 and self._from_first:
            self._first = time_ms / 1000
        missing = number > 0 and time_ms == 0
        self._last = self._last + self._step if missing else time_ms / 1000 - self._first
        return self._last


def _frames(
    capture: cv2.VideoCapture, source: str, every: int, watch: SizeWatch | None, clock: _Clock
) -> Iterator[tuple[float, Frame | None]]:
    """The seconds of each frame, and it; ``None`` for those in between, which nobody wants."""
    rate = max(capture.get(cv2.CAP_PROP_FPS), 0.0) or None
    total = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0) or None
    size: tuple[int, int] | None = None
    number = 0
    while capture.grab():
        time_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
        changed = watch(number, time_ms) if watch else None
        time_s = clock(number, time_ms)
        if number % every and not changed:
            yield time_s, None
        else:
            decoded, picture = capture.retrieve()
            if not decoded:
                raise Unreadable(f"{source}: frame {number} cannot be decoded")
            new = changed or (picture.shape[1], picture.shape[0])
            size = size or new
            if new != size:
                raise Unreadable(
                    f"{source}: frame {number}: the size changes from {size[0]} x {size[1]} to "
                    f"{new[0]} x {new[1]}; cut the video there and give the parts"
                )
            picture = cast(Picture, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            yield time_s, Frame(source, number, time_s, picture, rate, total)
        number += 1


def _require_whole(
    path: Path, kind: str | None, frames: int, announced: int, by_time: float
) -> None:
    """Compare how many frames came with how many the container announced.

    AVI counts them, and MP4 some that an edit list hides; others know how long they are alone.

    Args:
        by_time: how many would have come by the last one's time: by their duration, containers
            announce more than there are where the rate varies.
    """
    if frames == 0:
        raise Unreadable(f"{path}: the video has no frames that can be decoded")
    missing = announced - frames
    many = min(missing, announced - by_time) >= max(_MISSING_AT_LEAST, _MISSING_SHARE * announced)
    if (many and kind == "AVI") or ((missing > 0 or announced <= 0) and is_cut_off(path)):
        of = f" of {announced}" if announced > 0 else ""
        raise Unreadable(
            f"{path}: frame {frames}: the video is cut off here, after {frames}{of} frames"
        )
    if many and kind != "MP4":
        log.warning(
            "%s: the pictures end after %d frames, and the video lasts as long as %d; the rest is "
            "sound alone, or cannot be decoded",
            path,
            frames,
            announced,
        )
