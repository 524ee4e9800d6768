"""Pictures are written by OpenCV, or by hand where it does not write that kind."""

import base64
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import InputError, NotFound, TooLarge, Unreadable
from mien.inference.images import decode_picture, read_picture

RGB = np.zeros((40, 60, 3), np.uint8)
RGB[:20, :30] = 255, 0, 0
RGB[:20, 30:] = 0, 255, 0
RGB[20:, :30] = 0, 0, 255

UPRIGHT = {
    1: RGB,
    2: RGB[:, ::-1],
    3: RGB[::-1, ::-1],
    4: RGB[::-1],
    5: RGB.transpose(1, 0, 2),
    6: np.rot90(RGB, -1),
    7: RGB[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(RGB),
}


# 8 x 8 pixels of cyan 55, magenta 215, yellow 165, black 0 (of 255), written by Pillow.
CMYK_JPEG = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCx"
    "AWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAgHCf/E"
    "ABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZAEsAAD8AYAKI01Tf/9k="
)


def encode(suffix: str, rgb: np.ndarray, *options: int) -> bytes:
    code = cv2.COLOR_RGBA2BGRA if rgb.shape[2] == 4 else cv2.COLOR_RGB2BGR
    return cv2.imencode(suffix, cv2.cvtColor(rgb, code), list(options))[1].tobytes()


def exif(orientation: int) -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 274, 3, 1, orientation, 0)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, bits: int, colour: int, *chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".ppm"])
def test_lossless_formats_give_the_very_pixels(suffix: str) -> None:
    np.testing.assert_array_equal(decode_picture(encode(suffix, RGB), "x"), RGB)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_give_nearly_the_pixels(suffix: str) -> None:
    smooth = cv2.GaussianBlur(RGB, (0, 0), 5)
    decoded = decode_picture(encode(suffix, smooth), "x")
    assert np.abs(decoded.astype(int) - smooth).mean() < 5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_jpeg_upright(orientation: int) -> None:
    data = encode(".jpg", RGB, cv2.IMWRITE_JPEG_QUALITY, 98)
    body = b"Exif\0\0" + exif(orientation)
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    decoded = decode_picture(data, "x")
    assert decoded.shape == UPRIGHT[orientation].shape
    assert np.abs(decoded.astype(int) - UPRIGHT[orientation]).mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_png_with_alpha_upright(orientation: int) -> None:
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    data = encode(".png", rgba)
    data = data[:33] + chunk(b"eXIf", exif(orientation)) + data[33:]
    np.testing.assert_array_equal(decode_picture(data, "x"), UPRIGHT[orientation])


def test_damaged_exif_leaves_the_picture_as_it_is() -> None:
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    data = encode(".png", rgba)
    data = data[:33] + chunk(b"eXIf", b"nothing") + data[33:]
    np.testing.assert_array_equal(decode_picture(data, "x"), RGB)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_transparent_pixels_show_white(suffix: str) -> None:
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    rgba[:10, :10] = 0, 0, 0, 0
    rgba[10:20, :10] = 100, 0, 200, 51  # a fifth of the colour, four fifths white
    expected = RGB.copy()
    expected[:10, :10] = 255
    expected[10:20, :10] = 224, 204, 244
    np.testing.assert_array_equal(decode_picture(encode(suffix, rgba), "x"), expected)


def test_sixteen_bits_are_scaled_to_eight() -> None:
    deep = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60) * 27
    for suffix in (".png", ".tiff"):
        decoded = decode_picture(cv2.imencode(suffix, deep)[1].tobytes(), "x")
        assert decoded.dtype == np.uint8
        assert np.abs(decoded[..., 1] - deep / 257).max() < 1


def test_grey_becomes_three_equal_channels() -> None:
    grey = np.arange(48 * 5, dtype=np.uint8).reshape(5, 48)
    decoded = decode_picture(cv2.imencode(".png", grey)[1].tobytes(), "x")
    np.testing.assert_array_equal(decoded, np.stack([grey] * 3, axis=2))


def test_a_palette_is_looked_up_and_its_transparent_entry_is_white() -> None:
    rows = zlib.compress(b"\0\0\1" + b"\0\2\1")  # filter byte, two indices
    palette = chunk(b"PLTE", bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]))
    data = png(2, 2, 8, 3, palette, chunk(b"tRNS", b"\xff\xff\0"), chunk(b"IDAT", rows))
    expected = [[[10, 20, 30], [40, 50, 60]], [[255, 255, 255], [40, 50, 60]]]
    np.testing.assert_array_equal(decode_picture(data, "x"), expected)


def test_a_cmyk_jpeg_is_converted() -> None:
    decoded = decode_picture(CMYK_JPEG, "x")
    assert np.abs(decoded.astype(int) - (255 - 55, 255 - 215, 255 - 165)).max() < 6


def test_of_an_animation_the_first_frame_is_taken() -> None:
    animation = cv2.Animation()
    animation.frames = [np.full((20, 20, 3), value, np.uint8) for value in (50, 200)]
    animation.durations = np.array([100, 100])
    for suffix in (".gif", ".webp", ".png"):
        _, data = cv2.imencodeanimation(suffix, animation)
        decoded = decode_picture(data.tobytes(), "x")
        assert decoded.shape == (20, 20, 3)
        assert abs(decoded.mean() - 50) < 15  # a GIF is dithered to few colours


def test_a_single_pixel_is_a_picture() -> None:
    assert decode_picture(encode(".png", RGB[:1, :1]), "x").tolist() == [[[255, 0, 0]]]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".tiff", ".bmp", ".ppm"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
def test_a_truncated_picture_is_refused(
    suffix: str, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    data = encode(suffix, noise)
    with pytest.raises(Unreadable, match=r"^cut"):
        decode_picture(data[: max(int(len(data) * share), 33)], "cut")
    assert capfd.readouterr().err == ""


def test_a_damaged_png_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(
        encode(".png", np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8))
    )
    data[3000] ^= 255
    with pytest.raises(Unreadable, match=r"bad\.png: is cut off or damaged"):
        decode_picture(bytes(data), "bad.png")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "data",
    [
        png(20_000, 20_000, 8, 2),
        b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", 20_000, 20_000) + b"\1\1\x11\0"
        b"\xff\xda\0\x08\1\1\0\0\x3f\0\0\xff\xd9",
        b"BM" + bytes(12) + struct.pack("<Iii", 40, 20_000, -20_000) + bytes(40),
        b"P6 20000 20000 255\n",
    ],
)
def test_a_huge_picture_is_refused_before_it_is_decoded(data: bytes) -> None:
    with pytest.raises(TooLarge, match=r"huge: 20000 x 20000 pixels are more than the 134 million"):
        decode_picture(data, "huge")


def test_an_empty_file_a_text_and_a_missing_file_are_named(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.jpg", tmp_path / "text.jpg"
    empty.touch()
    text.write_text("not a picture, though it is called one\n")
    for path, error, words in (
        (empty, Unreadable, "the file is empty"),
        (text, Unreadable, "is not a picture"),
        (tmp_path / "gone.jpg", NotFound, "there is no such file"),
        (tmp_path, Unreadable, "cannot be read"),
    ):
        with pytest.raises(error, match=words) as caught:
            read_picture(path)
        assert str(path) in str(caught.value)
        assert isinstance(caught.value, InputError)


def test_names_with_spaces_and_other_letters_are_read(tmp_path: Path) -> None:
    path = tmp_path / "Grüße aus Łódź 写真.png"
    path.write_bytes(encode(".png", RGB))
    np.testing.assert_array_equal(read_picture(path), RGB)
