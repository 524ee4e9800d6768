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


# 8 x 12 pixels of RGB below in small, Exif's orientation 5 as irot 1 and imir 0, by Pillow.
AVIF = base64.b64decode(
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAAD/bWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAA"
    "AAAAAAAAAAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAEnAAAAUAAAAChpaW5mAAAAAAABAAAA"
    "GmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAAB+aXBycAAAAF1pcGNvAAAAFGlzcGUAAAAAAAAADAAAAAgAAAAQcGl4aQAA"
    "AAADCAgIAAAADGF2MUOBIAAAAAAAE2NvbHJuY2x4AAEADQAGgAAAAAlpcm90AQAAAAlpbWlyAAAAABlpcG1hAAAAAAAA"
    "AAEAAQYBAoMEhYYAAABYbWRhdBIACgg4DK+wgIaDSDJCEAAAzVF077fUcj6lgNi6UxSmRk4hgwfpGChgg9t//1uFx0mM"
    "wZM7/97lMtG1EsRNlo0W0F7Dl+B4+SvZfMH4jAP4"
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


@pytest.mark.skipif(not cv2.haveImageWriter("x.avif"), reason="this OpenCV reads no AVIF")
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [None, 0, 1])
def test_avif_is_turned_and_then_mirrored_as_it_says(turns: int, mirror: int | None) -> None:
    data = AVIF.replace(b"irot\x01", b"irot" + bytes([turns]))
    if mirror is None:  # no such property, nor one that the picture has to have
        data = data.replace(b"imir", b"free").replace(b"\x85\x86", b"\x85\0")
    else:
        data = data.replace(b"imir\0", b"imir" + bytes([mirror]))
    decoded = decode_picture(data, "x")
    expected = np.rot90(RGB[::5, ::5], turns)
    if mirror is not None:
        expected = np.flip(expected, mirror)
    assert np.abs(decoded.astype(int) - expected).max() < 16


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_exif_turns_a_webp_upright_moving_or_not(orientation: int, frames: int) -> None:
    size = bytes([59, 0, 0, 39, 0, 0])  # less one each, of three bytes
    said = exif(orientation)
    picture = encode(".webp", RGB, cv2.IMWRITE_WEBP_QUALITY, 100)[12:]
    parts = [(b"VP8X", bytes([8 | 2 * (frames > 1), 0, 0, 0]) + size)]
    if frames == 1:
        body = picture
    else:
        parts.append((b"ANIM", bytes(6)))
        frame = bytes(6) + size + bytes([40, 0, 0, 0]) + picture
        body = riff((b"ANMF", frame)) * frames
    data = b"WEBP" + riff(*parts) + body + riff((b"EXIF", said))
    decoded = decode_picture(b"RIFF" + struct.pack("<I", len(data)) + data, "x")
    assert decoded.shape == UPRIGHT[orientation].shape
    assert np.abs(decoded.astype(int) - UPRIGHT[orientation]).mean() < 12


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for name, data in chunks
    )


def test_what_stands_between_the_segments_of_a_jpeg_is_passed_over() -> None:
    data = encode(".jpg", RGB)
    (length,) = struct.unpack_from(">H", data, 4)  # of the first segment, behind two markers
    padded = data[: 4 + length] + b"\0\0" + data[4 + length :]
    np.testing.assert_array_equal(decode_picture(padded, "x"), decode_picture(data, "x"))


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


def test_colours_of_a_tiff_may_be_multiplied_already() -> None:
    """As libtiff gives them of eight bits, where a file tells what its alpha is."""
    order, samples = "<", 4
    pixels = np.array([[[100, 0, 200, 51], [9, 8, 7, 255]]], np.uint8)
    for kind, expected in ((2, [224, 204, 244]), (1, [255, 204, 255]), (0, [224, 204, 244])):
        entries = [
            *((256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 4, 134), (259, 3, 1, 1), (262, 3, 1, 2)),
            *((273, 4, 1, 142), (277, 3, 1, samples), (278, 3, 1, 1), (279, 4, 1, pixels.nbytes)),
            (338, 3, 1, kind),
        ]
        entries = [one for one in entries if one[3] or one[0] != 338]
        table = struct.pack(order + "H", len(entries))
        table += b"".join(struct.pack(order + "HHII", *one) for one in entries)
        head = b"II*\0" + struct.pack(order + "I", 8) + table + bytes(4)
        data = head.ljust(134, b"\0") + struct.pack("<4H", 8, 8, 8, 8) + pixels.tobytes()
        decoded = decode_picture(data, "x")
        np.testing.assert_array_equal(decoded[0, 1], [9, 8, 7])
        np.testing.assert_array_equal(decoded[0, 0], expected, err_msg=str(kind))


def test_pictures_of_several_bands_are_laid_over_white(monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (37, 10, 4), np.uint8)
    data = encode(".png", rgba)
    whole = decode_picture(data, "x")
    monkeypatch.setattr("mien.inference.images._BAND", 80)
    np.testing.assert_array_equal(decode_picture(data, "x"), whole)


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
