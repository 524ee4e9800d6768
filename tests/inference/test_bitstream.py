import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.inference.bitstream import packet_size
from mien.inference.size_watch import SizeWatch


def packets(path: Path) -> tuple[str, list[bytes]]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, SizeWatch.RAW)
    codec = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    found = []
    while capture.grab():
        found.append(capture.retrieve()[1].tobytes())
    return codec, found


@pytest.mark.parametrize("size", [(176, 100), (64, 48), (322, 178)])
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.avi", "MJPG"),
        ("a.ts", "FMP4"),
        ("a.mpg", "PIM1"),
        ("a.webm", "VP80"),
        ("b.webm", "VP90"),
    ],
)
def test_the_first_packet_announces_the_size_that_was_written(
    name: str, codec: str, size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / name
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 25, size)
    if not writer.isOpened():
        pytest.skip(f"this OpenCV cannot write {codec}")
    # FFmpeg wants some thousand bytes before it believes in a transport stream.
    draw = np.random.default_rng(0)
    for _ in range(12):
        highest = 255 if name.endswith("ts") else 1
        writer.write(draw.integers(0, highest, (size[1], size[0], 3), dtype=np.uint8))
    writer.release()
    found, data = packets(path)
    assert packet_size(found, data[0]) == size


@pytest.mark.parametrize(
    ("name", "size"), [("single_face.mp4", (640, 360)), ("no_face.mp4", (960, 540))]
)
def test_h264_of_real_videos(name: str, size: tuple[int, int], shared_data: Path) -> None:
    codec, data = packets(shared_data / "media" / name)
    assert codec == "h264"
    assert {packet_size(codec, packet) for packet in data} == {size, None}


def bits(*fields: tuple[int, int] | int) -> bytes:
    """Pack (value, length) pairs; a plain number becomes an Exp-Golomb code."""
    text = ""
    for field in fields:
        if isinstance(field, int):
            code = f"{field + 1:b}"
            text += "0" * (len(code) - 1) + code
        else:
            text += f"{field[0]:0{field[1]}b}"
    text += "1"
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def test_h265_with_cropping() -> None:
    # Parameter set 33: one layer, 4:2:0, 1920 x 1088 coded, 8 rows cropped below.
    body = bits((0, 4), (0, 3), (1, 1), (1, 88), (93, 8), 0, 1, 1920, 1088, (1, 1), 0, 0, 0, 4)
    packet = b"\0\0\0\1\x42\1" + body.replace(b"\0\0\0", b"\0\0\3\0").replace(
        b"\0\0\1", b"\0\0\3\1"
    )
    assert packet_size("hevc", packet) == (1920, 1080)


def test_h264_interlaced_with_cropping() -> None:
    # Baseline profile; 1920 x 1088 as two fields of 34 rows of macroblocks, 8 rows cropped.
    body = bits(
        (66, 8), (0, 8), (40, 8), 0, 0, 0, 0, 1, (0, 1), 119, 33, (0, 2), (1, 1), (1, 1), 0, 0, 0, 2
    )
    assert packet_size("h264", b"\0\0\0\1\x67" + body) == (1920, 1080)


def test_what_is_cut_or_unknown_announces_nothing() -> None:
    for codec in ("mjpg", "mpg2", "mp4v", "h264", "hevc", "vp80", "vp90", "av01"):
        assert packet_size(codec, b"\0\0\0\1") is None
        assert packet_size(codec, b"") is None
    key = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 320, 240)
    assert packet_size("VP80", key) == (320, 240)
