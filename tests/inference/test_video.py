"""Videos are written by OpenCV; what it cannot write is patched into their containers."""

import os
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import NotFound, Unreadable
from mien.inference.annotated_video import AnnotatedVideo
from mien.inference.container import is_cut_off
from mien.inference.recognizer import Recognizer
from mien.inference.video import ask_for_camera, read_camera, read_video

MakeVideo = Callable[..., Path]


def faststart(path: Path) -> None:
    """Move the index before the frames, as web videos have it, so that a cut file opens."""
    boxes = {}
    data, position = path.read_bytes(), 0
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        boxes[data[position + 4 : position + 8]] = data[position : position + length]
        position += length
    index = bytearray(boxes[b"moov"])
    at = index.find(b"stco")
    (count,) = struct.unpack_from(">I", index, at + 8)
    for entry in range(at + 12, at + 12 + 4 * count, 4):
        (offset,) = struct.unpack_from(">I", index, entry)
        struct.pack_into(">I", index, entry, offset + len(index) - len(boxes.get(b"free", b"")))
    path.write_bytes(boxes[b"ftyp"] + bytes(index) + boxes[b"mdat"])


def set_durations(path: Path, durations: list[tuple[int, int]]) -> None:
    """Give frames their own durations: runs of (frames, ticks) replace the one run."""
    data = bytearray(path.read_bytes())
    at = data.find(b"stts")
    old = 12 + 8
    body = struct.pack(">II", 0, len(durations)) + b"".join(
        struct.pack(">II", *d) for d in durations
    )
    grown = len(body) - 8 - 8
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"):
        start = data.find(name) - 4
        struct.pack_into(">I", data, start, struct.unpack_from(">I", data, start)[0] + grown)
    data[at + 4 : at + 4 + old - 4] = body
    # The edit list would cut the video where it ended before.
    path.write_bytes(data.replace(b"edts", b"free"))


def rotate(path: Path, matrix: tuple[int, ...]) -> None:
    """Set the display matrix of the track (16.16 fixed point)."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">iiiiiiiii", data, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def ebml(data: bytes, at: int, *, marked: bool = False) -> tuple[int, int]:
    """A number of Matroska's (RFC 8794, section 4), with its length marker or not, and its end."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    return value if marked else value & (1 << 7 * length) - 1, at + length


def vary_rate(path: Path, shifts_ms: tuple[int, ...]) -> None:
    """Take a Matroska file's duration of a frame away and move its frames, as recorders do."""
    data = bytearray(path.read_bytes())
    at = data.find(b"\x23\xe3\x83")
    length = data[at + 3] & 0x7F
    data[at : at + 4 + length] = bytes([0xEC, 0x80 | length + 2]) + bytes(length + 2)
    cluster, block, frames = 0x1F43B675, 0xA3, 0
    at = data.find(cluster.to_bytes(4, "big"))
    while at < len(data):
        kind, inside = ebml(data, at, marked=True)
        size, inside = ebml(data, inside)
        if kind == block:
            (time,) = struct.unpack_from(">h", data, inside + 1)
            shift = shifts_ms[frames % len(shifts_ms)]
            struct.pack_into(">h", data, inside + 1, max(time + shift, 0))
            frames += 1
        at = inside if kind == cluster else inside + size
    path.write_bytes(data)


def test_frames_come_with_number_time_and_pixels(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", levels=range(0, 200, 20), rate=25)
    frames = list(read_video(path))
    assert [frame.number for frame in frames] == list(range(10))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(10) / 25, atol=1e-6)
    for frame, level in zip(frames, range(0, 200, 20), strict=True):
        assert frame.picture.shape == (96, 160, 3)
        assert abs(frame.picture[:, :, 1].mean() - level) < 4
        assert (frame.source, frame.rate, frame.total) == (str(path), 25.0, 10)


def test_channels_are_red_green_blue(make_video: MakeVideo) -> None:
    path = make_video("a.avi", levels=[(250, 120, 10)] * 2, codec="MJPG")
    assert np.abs(next(read_video(path)).picture.mean(axis=(0, 1)) - (250, 120, 10)).max() < 6


def test_every_third_frame_keeps_its_number_and_time(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", levels=range(0, 200, 20), rate=25)
    frames = list(read_video(path, every=3))
    assert [frame.number for frame in frames] == [0, 3, 6, 9]
    np.testing.assert_allclose([frame.time_s for frame in frames], [0, 0.12, 0.24, 0.36], atol=1e-6)
    assert abs(frames[2].picture.mean() - 120) < 4


def test_times_are_the_containers_own_where_the_rate_varies(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", levels=range(0, 200, 20), rate=25)
    (ticks,) = struct.unpack_from(">I", path.read_bytes(), path.read_bytes().find(b"stts") + 16)
    set_durations(path, [(4, ticks), (1, 10 * ticks), (5, 2 * ticks)])
    expected = np.array([0, 1, 2, 3, 4, 14, 16, 18, 20, 22]) / 25
    np.testing.assert_allclose([frame.time_s for frame in read_video(path)], expected, atol=1e-6)


def test_a_whole_video_is_not_cut_off_because_its_rate_varies(make_video: MakeVideo) -> None:
    """Its container counts no frames, and OpenCV makes their number up."""
    path = make_video("a.webm", levels=[90] * 90, rate=30, codec="VP80")
    vary_rate(path, (0, 9, -7, 4, -9))
    frames = list(read_video(path))
    assert len(frames) == 90
    assert (frames[0].total or 0) > 100
    assert frames[-1].time_s == pytest.approx(2.958, abs=0.002)


def test_a_rotated_video_stands_upright(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", levels=[0] * 3, mark=True)
    plain = next(read_video(path)).picture
    rotate(path, (0, 1, -1, 0))  # show it a quarter turn clockwise
    turned = next(read_video(path)).picture
    assert turned.shape == (160, 96, 3)
    np.testing.assert_array_equal(turned, np.rot90(plain, -1))


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.mkv", "mp4v")])
def test_a_cut_video_gives_its_frames_and_then_says_so(
    name: str, codec: str, make_video: MakeVideo
) -> None:
    path = make_video(name, levels=range(0, 240, 6), codec=codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    numbers = []
    with pytest.raises(
        Unreadable, match=rf"{name}: frame \d+: the video is cut off here"
    ) as caught:
        numbers.extend(frame.number for frame in read_video(path))
    assert caught.match(rf"frame {len(numbers)}: ")
    assert 2 < len(numbers) < 38


def test_an_mp4_with_its_index_first_is_seen_to_be_cut_by_few_frames(
    make_video: MakeVideo,
) -> None:
    path = make_video("a.mp4", levels=range(0, 240, 6))
    faststart(path)
    assert not is_cut_off(path)
    assert len(list(read_video(path))) == 40
    path.write_bytes(path.read_bytes()[:-600])
    frames = []
    with pytest.raises(Unreadable, match=r"the video is cut off here, after 3[0-9] of 40 frames"):
        frames.extend(read_video(path))
    assert len(frames) >= 30


def test_an_mp4_cut_before_its_index_is_no_video(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", levels=range(0, 240, 6))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Unreadable, match=r"a\.mp4: is not a video that can be read"):
        list(read_video(path))


def test_a_video_without_frames_an_empty_one_and_a_text_are_named(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    none = make_video("none.mp4", levels=[])
    text, empty = tmp_path / "text.mp4", tmp_path / "empty.mp4"
    text.write_text("not a video " * 50)
    empty.touch()
    for path in (none, text):
        with pytest.raises(Unreadable, match=f"{path.name}: is not a video.*has no frames"):
            list(read_video(path))
    with pytest.raises(Unreadable, match=r"empty\.mp4: the file is empty"):
        list(read_video(empty))
    with pytest.raises(NotFound, match=r"gone\.mp4"):
        list(read_video(tmp_path / "gone.mp4"))


def test_a_change_of_size_is_named_with_its_frame(tmp_path: Path) -> None:
    path = tmp_path / "resized.mjpeg"
    sizes = [(96, 160)] * 6 + [(100, 200)] * 4
    path.write_bytes(
        b"".join(
            cv2.imencode(".jpg", np.full((*size, 3), 90, np.uint8))[1].tobytes() for size in sizes
        )
    )
    frames = []
    with pytest.raises(
        Unreadable, match=r"resized\.mjpeg: frame 6: the size changes from 160 x 96 to 200 x 100"
    ):
        frames.extend(read_video(path))
    assert [frame.number for frame in frames] == list(range(6))


def test_macos_is_asked_for_a_camera_in_the_first_thread(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, bool]] = []

    def opened(index: int, _: int) -> None:
        asked.append((index, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr("mien.inference.video._open", opened)
    ask_for_camera(1)
    assert asked == []
    monkeypatch.setattr("sys.platform", "darwin")
    assert list(Recognizer(tiny_model).stream("camera:2", on_error=lambda _: None)) == []
    assert asked == [(2, True), (2, False)]
    with pytest.raises(NotFound, match="another program uses it, or this one may not"):
        next(read_camera(97))


def test_a_missing_camera_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFound, match="camera:97: there is no such camera"):
        next(read_camera(97))
    assert capfd.readouterr().err == ""


def test_a_real_video_has_the_times_of_its_container(shared_data: Path) -> None:
    frames = read_video(shared_data / "media" / "WolfgangLanger_Pexels.mp4", every=100)
    taken = [(frame.number, frame.time_s, frame.picture.shape) for frame in frames]
    assert [number for number, _, _ in taken] == [0, 100, 200, 300, 400]
    assert {shape for _, _, shape in taken} == {(360, 640, 3)}
    np.testing.assert_allclose(
        [time for _, time, _ in taken], np.arange(5) * 100 * 1001 / 24000, atol=1e-3
    )


def test_a_real_video_that_announces_a_few_frames_too_many_is_whole(shared_data: Path) -> None:
    assert len(list(read_video(shared_data / "media" / "no_face.mp4", every=10))) == 10


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
@pytest.mark.parametrize("name", [b"12:30:05.mp4", b"\xff\xfe.mp4"])
def test_any_name_is_read_and_written(
    name: bytes, make_video: MakeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_video("plain.mp4", levels=range(0, 200, 40))
    monkeypatch.chdir(tmp_path)  # a bare name is what FFmpeg looks for a protocol in
    bare = Path(os.fsdecode(name))
    made.rename(bare)
    frames = list(read_video(bare))
    assert len(frames) == 5
    again = bare.with_stem(bare.stem + "-2")
    video = AnnotatedVideo(again)
    for frame in frames:
        video.write(frame, frame.picture)
    video.close()
    assert len(list(read_video(again))) == 5


def test_a_video_that_may_not_be_read_says_so(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video("clip.mp4", levels=range(0, 200, 40))

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(Unreadable, match=r"clip\.mp4: cannot be read \(Permission denied\)"):
        next(read_video(path))
