from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import cv2
import fairface_copy
import numpy as np
import pytest

from mien.data.annotations import Annotations
from mien.data.fairface import FairFace
from mien.data.loading import cache_file
from mien.data.loading.cache import PictureCache
from mien.data.loading.pictures import Crops
from mien.data.reader import Reader
from mien.errors import DataError, NotFound, OutputError
from mien.preprocess import Preprocess

COLOUR = Preprocess(size=112)
HEADER = 4096


@pytest.fixture
def reader(tmp_path: Path) -> FairFace:
    return FairFace(fairface_copy.write(tmp_path / "copy", 150))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "train.pictures"


@pytest.mark.parametrize("size", [112, 40])
@pytest.mark.parametrize("colour", ["grey", "rgb"])
def test_it_holds_what_the_reader_gives(
    reader: FairFace, path: Path, size: int, colour: str
) -> None:
    preprocess = Preprocess(size=size, colour=colour)  # type: ignore[arg-type]
    told: list[tuple[int, int]] = []
    cache = PictureCache.build(
        reader, path, preprocess, threads=3, progress=lambda *done: told.append(done)
    )
    assert told == [(64, 150), (128, 150), (150, 150)]
    assert (len(cache), list(cache.names)) == (150, list(reader.names))
    faces = Crops(reader, preprocess)
    for one in (cache, PictureCache(reader, path, preprocess), pickle.loads(pickle.dumps(cache))):
        for row in (0, 63, 64, 149):
            assert np.array_equal(one.picture(row), faces.picture(row))
    assert path.stat().st_size == HEADER + 150 * (size * size * (3 if colour == "rgb" else 1) + 5)
    assert sorted(path.parent.iterdir()) == [path]
    cache.verify()


def test_its_pictures_cannot_be_written_to(reader: FairFace, path: Path) -> None:
    cache = PictureCache.build(reader, path, COLOUR)
    with pytest.raises(ValueError, match="read-only"):
        cache.picture(0)[0, 0] = 1


def test_a_folder_has_one_file_for_each_kind(reader: FairFace, tmp_path: Path) -> None:
    folder = tmp_path / "caches"
    first = PictureCache.in_folder(reader, folder, COLOUR)
    built = first.path.stat().st_mtime_ns
    assert PictureCache.in_folder(reader, folder, COLOUR).path == first.path
    # Neither matters for the whole picture.
    normal = replace(COLOUR, mean=(0.1, 0.1, 0.1), scale=2.0)
    assert PictureCache.in_folder(reader, folder, normal).path == first.path
    assert first.path.stat().st_mtime_ns == built
    for other in (replace(COLOUR, size=40), replace(COLOUR, colour="grey")):
        PictureCache.in_folder(reader, folder, other)
    PictureCache.in_folder(reader, folder, replace(COLOUR, size=40, interpolation="cubic"))
    assert len(list(folder.iterdir())) == 4


def test_a_cache_of_something_else_is_refused(reader: FairFace, path: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no cache"):
        PictureCache(reader, path, COLOUR)
    PictureCache.build(reader, path, COLOUR)
    with pytest.raises(DataError, match="size 112, and 40 is wanted"):
        PictureCache(reader, path, replace(COLOUR, size=40))
    with pytest.raises(DataError, match="colour rgb, and grey is wanted"):
        PictureCache(reader, path, replace(COLOUR, colour="grey"))
    with pytest.raises(DataError, match="interpolation linear"):
        PictureCache(reader, path, replace(COLOUR, interpolation="cubic"))
    fewer = FairFace(fairface_copy.write(tmp_path / "fewer", 149))
    with pytest.raises(DataError, match="pictures 150, and 149 is wanted"):
        PictureCache(fewer, path, COLOUR)
    reader.table = reader.table.rows(np.arange(150)[::-1])
    with pytest.raises(DataError, match="names"):
        PictureCache(reader, path, COLOUR)


def test_a_copy_with_the_same_names_and_other_pictures_is_refused(
    reader: FairFace, path: Path
) -> None:
    PictureCache.build(reader, path, COLOUR)
    for file in reader.table.files:
        picture = reader.picture(0) // 2
        cv2.imwrite(str(reader.root / file), picture)
    with pytest.raises(DataError, match=r"train/1\.png is another picture"):
        PictureCache(reader, path, COLOUR)


def test_a_damaged_file_is_refused(reader: FairFace, path: Path) -> None:
    PictureCache.build(reader, path, COLOUR)
    whole = path.read_bytes()
    for damaged, message in (
        (whole[:-1], "bytes instead of"),
        (whole[: len(whole) // 2], "bytes instead of"),
        (whole + b"\0", "bytes instead of"),
        (whole[:100], "is not a cache"),
        (b"", "is not a cache"),
        (b"\xff" * 5000, "is not a cache"),
        (b"[1]" + whole[3:], "is not a cache"),
        (whole[:-3] + b"\1\0\0", "its checksums were altered"),
        (whole[:HEADER] + b"\xff" * 112 + whole[HEADER + 112 :], "train/1.png is another picture"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=message):
            PictureCache(reader, path, COLOUR)
    header = json.loads(whole[:HEADER])
    header["format"] = 2
    path.write_bytes(json.dumps(header).encode().ljust(HEADER) + whole[HEADER:])
    with pytest.raises(DataError, match="format 2, and 1 is wanted"):
        PictureCache(reader, path, COLOUR)


def test_verifying_names_an_altered_picture(reader: FairFace, path: Path) -> None:
    cache = PictureCache.build(reader, path, COLOUR)
    with path.open("r+b") as stream:
        stream.seek(HEADER + 10 * 112 * 112 * 3 + 500)
        byte = stream.read(1)[0]
        stream.seek(-1, 1)
        stream.write(bytes([byte ^ 1]))
    cache = PictureCache(reader, path, COLOUR)  # looks at a few only
    with pytest.raises(DataError, match=r"built: train/11\.png;"):
        cache.verify()


def test_a_damaged_picture_is_asked_of_the_reader_again(reader: FairFace, path: Path) -> None:
    file = reader.root / reader.table.files[70]
    good = file.read_bytes()
    file.write_bytes(b"no picture")
    cache = PictureCache.build(reader, path, COLOUR)
    cache.verify()
    with pytest.raises(DataError, match=r"train/71\.png"):
        cache.picture(70)
    assert np.array_equal(cache.picture(71), reader.picture(71))
    file.write_bytes(good)
    assert np.array_equal(cache.picture(70), reader.picture(70))


def test_nothing_is_left_of_a_cache_that_could_not_be_built(
    reader: FairFace, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OutputError, match="No space left on device"):
            PictureCache.build(reader, path, COLOUR)
    assert list(path.parent.iterdir()) == []

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cache_file, "checksum", interrupted)
        with pytest.raises(KeyboardInterrupt):
            PictureCache.build(reader, path, COLOUR)
    assert list(path.parent.iterdir()) == []
    for file in reader.table.files:
        (reader.root / file).unlink()
    with pytest.raises(DataError, match="not one of 150 pictures"):
        PictureCache.build(reader, path, COLOUR)
    assert list(path.parent.iterdir()) == []


class Boxed(Reader):
    """Faces in larger pictures."""

    name, title, splits = "boxed", "Boxed", ("train",)

    def _annotations(self) -> Annotations:
        boxes = np.array([[2.0, 2, 10, 10], [12, 2, 10, 10]])
        return Annotations(names=["a", "b"], files=["photo.png"] * 2, boxes=boxes)


def test_faces_are_cut_by_their_boxes(tmp_path: Path, path: Path) -> None:
    photo = np.random.default_rng(1).integers(0, 256, (16, 32, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), photo[..., ::-1])
    reader = Boxed(tmp_path, "train")
    preprocess = Preprocess(size=10)
    cache = PictureCache.build(reader, path, preprocess)
    assert np.array_equal(cache.picture(1), photo[2:12, 12:22])
    with pytest.raises(DataError, match="scale"):
        PictureCache(reader, path, replace(preprocess, scale=1.2))
    reader.table.boxes[0, 0] = 3.0  # type: ignore[index]
    with pytest.raises(DataError, match="names"):
        PictureCache(reader, path, preprocess)
