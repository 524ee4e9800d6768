"""Notices, beside the decoder, where a video file changes its size."""

from __future__ import annotations

import math

import cv2

from .bitstream import Size, packet_size

_RAW_PACKETS = -1
_FAR_AHEAD = 300  # packets; nothing is reordered as far


class SizeWatch:
    """Reads a video's packets a little ahead of its frames, without decoding them.

    Args:
        capture: the file, opened with :data:`RAW`.
    """

    RAW = (cv2.CAP_PROP_FORMAT, _RAW_PACKETS)

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture
        letters = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        self._codec = letters.to_bytes(4, "little").decode("latin-1")
        self._packets = 0
        self._latest = -math.inf
        self._first: Size | None = None
        self._changed: Size | None = None
        self._from_number: float = math.inf
        self._from_time: float = math.inf

    def __call__(self, number: int, time_ms: float) -> Size | None:
        """The new size if a frame stands behind a change of size, else ``None``.

        Args:
            number: of the frame, from 0.
            time_ms: its time in the container.
        """
        while (
            self._changed is None
            and self._latest <= time_ms
            and self._packets < number + _FAR_AHEAD
        ):
            if not self._read():
                break
        behind = number >= self._from_number or time_ms >= self._from_time
        return self._changed if behind else None

    def _read(self) -> bool:
        """Look at the next packet; False at the end of the file."""
        if not self._capture.grab():
            return False
        read, packet = self._capture.retrieve()
        time_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        size = packet_size(self._codec, packet.tobytes()) if read else None
        if self._first is None:
            self._first = size
        elif size is not None and size != self._first:
            self._changed = size
            # Where times start again, as in files that were joined, only the number helps.
            if time_ms > self._latest:
                self._from_time = time_ms
            else:
                self._from_number = self._packets
        self._latest = max(self._latest, time_ms)
        self._packets += 1
        return True
