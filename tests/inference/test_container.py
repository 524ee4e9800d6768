"""How long a video says it is, how many pictures come, and when."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.errors import NotFound, Unreadable
from mien.inference.container import container_of, is_cut_off
from mien.inference.source_files import camera_index
from mien.inference.video import _Clock, ask_for_camera, read_camera, read_video

MakeVideo = Callable[..., Path]

DURATION = b"\x44\x89\x88"
"""Matroska's element Duration with eight bytes of a float."""


def lasting(path: Path, times: float) -> None:
    """So many times as long, as by sound that goes on after the last picture."""
    data = bytearray(path.read_bytes())
    at = data.index(DURATION) + len(DURATION)
    (duration,) = struct.unpack_from(">d", data, at)
    struct.pack_into(">d", data, at, duration * times)
    path.write_bytes(data)


def test_pictures_that_end_before_the_sound_are_told_of_and_no_error(
    make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_video("a.mkv", levels=range(0, 240, 6), codec="mp4v")
    assert len(list(read_video(path))) == 40
    assert caplog.messages == []
    lasting(path, 1.5)
    assert len(list(read_video(path))) == 40
    assert caplog.record_tuples[0][1] == logging.WARNING
    assert "the pictures end after 40 frames, and the video lasts as long as 60" in caplog.text
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Unreadable, match="the video is cut off here"):
        list(read_video(path))


def flv(*sizes: int) -> bytes:
    """A video of Flash with tags of so many bytes, all of them a script's."""
    tags = b"".join(
        struct.pack(">I", 18 << 24 | size) + bytes(7 + size) + struct.pack(">I", 11 + size)
        for size in sizes
    )
    return b"FLV\x01\x05" + struct.pack(">II", 9, 0) + tags


def test_a_flash_video_is_cut_off_where_a_tag_is_not_whole(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.flv", flv(30, 500, 0, 70_000)
    ends = [len(flv(*(30, 500, 0, 70_000)[:count])) for count in range(5)]
    assert container_of(whole[:12]) == "FLV"
    for length in (*range(9, 800, 7), *ends, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert is_cut_off(path) == (length not in ends), length


def test_times_go_on_where_the_container_knows_none() -> None:
    clock = _Clock(25.0)
    times = [clock(number, ms) for number, ms in enumerate([0.0, 40.0, 80.0, 0.0, 0.0])]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    # A joined file begins again.
    again = [clock(5 + number, ms) for number, ms in enumerate([40.0, 80.0])]
    assert again == pytest.approx([0.04, 0.08])
    assert [_Clock(0.0)(number, 0.0) for number in range(3)] == [0, 0, 0]


def test_what_begins_late_for_the_order_of_decoding_begins_at_0() -> None:
    clock = _Clock(25.0, from_first=True)
    times = [clock(number, ms) for number, ms in enumerate([80.0, 120.0, 160.0, 0.0])]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12])
    late = _Clock(25.0)
    assert [late(number, ms) for number, ms in enumerate([80.0, 120.0])] == [0.08, 0.12]


@pytest.mark.parametrize("index", [-1, -(2**40), 10**12, 100])
def test_numbers_that_no_camera_has_are_refused_and_open_nothing(index: int) -> None:
    ask_for_camera(index)
    with pytest.raises(NotFound, match=f"camera:{index}: there is no such camera"):
        next(read_camera(index))


def test_true_is_no_camera() -> None:
    assert camera_index(1) == 1
    assert camera_index(True) is None
