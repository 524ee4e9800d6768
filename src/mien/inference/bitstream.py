"""The size of the pictures that a compressed video packet announces.

OpenCV goes on with the size that a video starts with, and shows cut or false pictures once
the size changes. So the packets are looked at as well. Those that begin anew, key frames,
carry the size:

Sources: ITU T.81 (Motion JPEG), ISO 13818-2 section 6.2.2.1 (MPEG-1 and -2), ISO 14496-2
section 6.2.3 (MPEG-4), ITU H.264 section 7.3.2.1, ITU H.265 section 7.3.2.2, RFC 6386
section 9.1 (VP8), the VP9 bitstream specification section 6.2.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import TypeAlias

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

# H.264 profiles whose parameters name a chroma format.
_HIGH_PROFILES = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}


def packet_size(codec: str, packet: bytes) -> Size | None:
    """The size that a packet announces; ``None`` if it says nothing of it.

    Args:
        codec: FFmpeg's four letters for it, in any case, such as ``"h264"``.
        packet: one packet; H.264 and H.265 with start codes.
    """
    read = _READERS.get(codec.lower())
    try:
        return None if read is None else read(packet)
    except (IndexError, struct.error):
        return None


class _Bits:
    """Reads bits from the front."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits as a number.

        Raises:
            IndexError: if there are not so many.
        """
        self._left -= count
        if self._left < 0:
            raise IndexError
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number (H.264 section 9.1); signed ones are as long."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_golombs(self, count: int) -> None:
        for _ in range(count):
            self.golomb()


def _jpeg(packet: bytes) -> Size | None:
    position = 2
    while True:
        marker, length = struct.unpack_from(">HH", packet, position)
        if 0xFFC0 <= marker <= 0xFFC3:
            height, width = struct.unpack_from(">HH", packet, position + 5)
            return width, height
        position += 2 + length


def _mpeg2(packet: bytes) -> Size | None:
    start = packet.find(b"\0\0\1\xb3")
    if start < 0:
        return None
    bits = _Bits(packet[start + 4 : start + 7])
    return bits.take(12), bits.take(12)


def _mpeg4(packet: bytes) -> Size | None:
    start = re.search(rb"\x00\x00\x01[\x20-\x2f]", packet)
    if start is None:
        return None
    bits = _Bits(packet[start.end() : start.end() + 40])
    bits.take(9)
    if bits.take(1):
        bits.take(7)
    if bits.take(4) == 15:
        bits.take(16)
    if bits.take(1):  # control parameters, with those of the buffer
        bits.take(3)
        if bits.take(1):
            bits.take(79)
    bits.take(3)
    resolution = bits.take(16)
    bits.take(1)
    if bits.take(1):
        bits.take(max((resolution - 1).bit_length(), 1))
    bits.take(1)
    width = bits.take(13)
    bits.take(1)
    return width, bits.take(13)


def _h264(packet: bytes) -> Size | None:
    for unit in _units(packet):
        if unit[0] & 31 == 7:
            return _h264_parameters(_Bits(unit[1:]))
    return None


def _h264_parameters(bits: _Bits) -> Size:
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        bits.take(int(chroma == 3))
        bits.skip_golombs(2)
        bits.take(1)
        if bits.take(1):
            for index in range(8 if chroma != 3 else 12):
                if bits.take(1):
                    _skip_scaling(bits, 16 if index < 6 else 64)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.skip_golombs(2)
        bits.skip_golombs(bits.golomb())
    bits.golomb()
    bits.take(1)
    width, height = bits.golomb() + 1, bits.golomb() + 1
    fields = 2 - bits.take(1)
    bits.take(fields)  # whether fields adapt, if there are some; direct inference
    left = right = top = bottom = 0
    if bits.take(1):
        left, right, top, bottom = (bits.golomb() for _ in range(4))
    across = 2 if chroma in (1, 2) else 1
    down = (2 if chroma == 1 else 1) * fields
    return 16 * width - across * (left + right), 16 * fields * height - down * (top + bottom)


def _skip_scaling(bits: _Bits, count: int) -> None:
    last = following = 8
    for _ in range(count):
        if following:
            number = bits.golomb()
            change = (number + 1) // 2 if number % 2 else -(number // 2)
            following = (last + change) % 256
        last = following or last


def _h265(packet: bytes) -> Size | None:
    for unit in _units(packet):
        if unit[0] >> 1 & 63 == 33:
            bits = _Bits(unit[2:])
            bits.take(4)
            layers = bits.take(3)
            bits.take(1 + 88 + 8)
            _skip_layers(bits, layers)
            bits.golomb()
            chroma = bits.golomb()
            bits.take(int(chroma == 3))
            width, height = bits.golomb(), bits.golomb()
            if bits.take(1):
                left, right, top, bottom = (bits.golomb() for _ in range(4))
                width -= (2 if chroma in (1, 2) else 1) * (left + right)
                height -= (2 if chroma == 1 else 1) * (top + bottom)
            return width, height
    return None


def _skip_layers(bits: _Bits, layers: int) -> None:
    """Profiles and levels of temporal layers."""
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)


def _vp8(packet: bytes) -> Size | None:
    if packet[0] & 1 or packet[3:6] != b"\x9d\x01\x2a":
        return None
    width, height = struct.unpack_from("<HH", packet, 6)
    return width & 0x3FFF, height & 0x3FFF


def _vp9(packet: bytes) -> Size | None:
    bits = _Bits(packet[:16])
    bits.take(2)
    profile = bits.take(1) + 2 * bits.take(1)
    bits.take(int(profile == 3))
    if bits.take(1) or bits.take(1):  # shows an older frame, or is no key frame
        return None
    bits.take(2)
    if bits.take(24) != 0x498342:
        return None
    bits.take(int(profile >= 2))
    if bits.take(3) != 7:
        bits.take(1 + (3 if profile in (1, 3) else 0))
    elif profile in (1, 3):
        bits.take(1)
    return bits.take(16) + 1, bits.take(16) + 1


def _units(packet: bytes) -> Iterator[bytes]:
    """Units between start codes, without the bytes that keep start codes out of them."""
    for unit in re.split(rb"\x00\x00\x01", packet[:4096])[1:]:
        if unit:
            yield unit.replace(b"\0\0\3", b"\0\0")


_READERS: dict[str, Callable[[bytes], Size | None]] = {
    "mjpg": _jpeg,
    "mpg1": _mpeg2,
    "mpg2": _mpeg2,
    "fmp4": _mpeg4,
    "mp4v": _mpeg4,
    "xvid": _mpeg4,
    "h264": _h264,
    "avc1": _h264,
    "hevc": _h265,
    "hev1": _h265,
    "hvc1": _h265,
    "vp80": _vp8,
    "vp90": _vp9,
    "vp09": _vp9,
}
