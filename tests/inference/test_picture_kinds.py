"""Kinds of pictures that need a look at their first bytes: AVIF's depths, HEIC, and no files."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import Unreadable
from mien.image_header import kind_of
from mien.inference.images import decode_picture, read_picture
from mien.inference.source_files import find_files, is_video
from mien.inference.sources import read_sources
from mien.inference.video import Frame

needs_avif = pytest.mark.skipif(
    not cv2.haveImageWriter("x.avif"), reason="this OpenCV writes no AVIF"
)


def brand(major: bytes, *others: bytes) -> bytes:
    """The first box of a file of ISO's kind."""
    body = major + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body


@needs_avif
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_avif_with_alpha_is_laid_over_white_at_any_depth(depth: int) -> None:
    kind, most = (np.uint8, 255) if depth == 8 else (np.uint16, 2**depth - 1)
    pixels = np.zeros((32, 48, 4), kind)
    pixels[..., :3] = np.array([0.2, 0.4, 0.8]) * most
    pixels[..., 3] = most
    pixels[:, 24:, 3] = 0
    options = [cv2.IMWRITE_AVIF_QUALITY, 100, cv2.IMWRITE_AVIF_DEPTH, depth]
    picture = decode_picture(cv2.imencode(".avif", pixels, options)[1].tobytes(), "a.avif")
    assert picture[:, :22].mean((0, 1)) == pytest.approx([204, 102, 51], abs=3)
    assert picture[:, 26:].mean() == pytest.approx(255, abs=2)


@needs_avif
def test_avif_is_known_without_a_suffix_and_under_a_general_brand(tmp_path: Path) -> None:
    data = cv2.imencode(".avif", np.full((32, 32, 3), 90, np.uint8))[1].tobytes()
    (tmp_path / "photo").write_bytes(data)
    assert not is_video(tmp_path / "photo")
    assert read_picture(tmp_path / "photo").mean() == pytest.approx(90, abs=3)
    assert kind_of(brand(b"mif1", b"miaf", b"avif")) == "AVIF"


@pytest.mark.parametrize("major", [b"heic", b"heix", b"mif1", b"msf1", b"hevc"])
def test_heic_is_refused_by_its_name(major: bytes, tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(brand(major, b"mif1", b"heic") + bytes(100))
    assert not is_video(path)
    with pytest.raises(Unreadable, match=r"HEIC: is an HEIC picture, .*convert it to JPEG or PNG"):
        read_picture(path)
    assert [str(one) for one in find_files(str(tmp_path))] == [str(path)]


def test_a_video_is_one_also_under_a_pictures_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(brand(b"isom", b"mp42") + bytes(100))
    assert is_video(path)
    (tmp_path / "b.mjpg").write_bytes(b"\xff\xd8\xff")  # as a single JPEG begins, too
    assert is_video(tmp_path / "b.mjpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are Unix's")
@pytest.mark.parametrize("named", ["", "*"])
def test_a_pipe_among_files_is_an_error_and_not_waited_for(named: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    first, second = read_sources([tmp_path / named])
    assert "a.jpg: cannot be read (it is a folder, a pipe or a device)" in str(first)
    assert isinstance(second, Frame)
