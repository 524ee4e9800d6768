from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import fairface_copy
import numpy as np
import pytest

from mien.data.fairface import AGES, FACE, GENDERS, RACES, FairFace
from mien.data.loading.pictures import ChosenPictures, crops
from mien.errors import DataError, InputError, NotFound, UnknownName
from mien.preprocess import Preprocess


def test_attributes_and_pictures(tmp_path: Path) -> None:
    data = FairFace(fairface_copy.write(tmp_path / "fairface", 5))
    assert data.names == [f"train/{number}.png" for number in range(1, 6)]
    # Two of the ages were taken for dates by a spreadsheet.
    assert [AGES[one] for one in data.ages] == ["50-59", "3-9", "10-19", "more than 70", "50-59"]
    assert [GENDERS[one] for one in data.genders] == ["Male", "Female", "Female", "Male", "Male"]
    assert [RACES[one] for one in data.races[:3]] == ["East Asian", "Black", "White"]
    assert np.array_equal(data.picture(2), fairface_copy.picture(3))


def test_a_zip_file_gives_the_same(tmp_path: Path) -> None:
    root = fairface_copy.write(tmp_path / "fairface", 3)
    with zipfile.ZipFile(tmp_path / "fairface.zip", "w") as archive:
        for path in root.rglob("*.*"):
            archive.write(path, path.relative_to(root))
    packed = FairFace(tmp_path / "fairface.zip")
    assert packed.names == FairFace(root).names
    assert np.array_equal(packed.picture(1), fairface_copy.picture(2))


def test_faces_are_cut_where_a_detector_finds_them(tmp_path: Path) -> None:
    data = FairFace(fairface_copy.write(tmp_path / "fairface", 2))
    faces = data.faces(Preprocess(size=8, colour="rgb", scale=1.0), [1])
    assert faces.shape == (1, 8, 8, 3)
    # The red channel counts rows, the green one columns, twice each.
    left, top, width, height = (112 * share for share in FACE)
    middles = (np.arange(2, 6) + 0.5) / 8
    assert faces[0, 2:6, 4, 0] == pytest.approx(2 * (top + middles * height - 0.5), abs=2)
    assert faces[0, 4, 2:6, 1] == pytest.approx(2 * (left + middles * width - 0.5), abs=2)
    assert data.faces(Preprocess(size=48, colour="grey")).shape == (2, 48, 48)


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no FairFace"):
        FairFace(tmp_path / "nowhere")
    root = fairface_copy.write(tmp_path / "fairface", 3)
    with pytest.raises(UnknownName, match="split of FairFace"):
        FairFace(root, "test")
    with pytest.raises(DataError, match=r"fairface_label_val\.csv is missing"):
        FairFace(root, "val")
    (root / "train" / "2.png").write_bytes(b"no picture")
    (root / "train" / "3.png").unlink()
    data = FairFace(root)
    with pytest.raises(DataError, match=r"train/2\.png is not a picture"):
        data.picture(1)
    with pytest.raises(DataError, match=r"train/3\.png is missing"):
        data.picture(2)
    table = root / "fairface_label_train.csv"
    table.write_text(table.read_text().replace("Black", "Blue"))
    with pytest.raises(DataError, match=r"train/2\.png has an unknown race, 'Blue'"):
        FairFace(root)
    table.write_text("file,age\ntrain/1.png,0-2\n")
    with pytest.raises(DataError, match="lacks rows, or one of file, age, gender, race"):
        FairFace(root)
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not a readable table"):
        FairFace(root)


def test_the_real_copy(shared_data: Path) -> None:
    data = FairFace(shared_data / "fairface112.zip")
    assert len(data) == 40_000
    first = (AGES[data.ages[0]], GENDERS[data.genders[0]], RACES[data.races[0]])
    assert first == ("50-59", "Male", "East Asian")
    assert AGES[data.ages[2]] == "3-9"
    assert data.picture(0).shape == (112, 112, 3)


def test_its_faces_are_where_we_say(shared_data: Path) -> None:
    from mien.faces import MTCNN

    data = FairFace(shared_data / "fairface112.zip")
    pictures = [cv2.resize(data.picture(index), (112, 112)) for index in range(0, 40_000, 1_000)]
    found = [faces[0].box for faces in MTCNN(threads=1)(pictures) if faces]
    assert len(found) > 30
    boxes = np.array(found) / 112
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    expected = (FACE[0] + FACE[2] / 2, FACE[1] + FACE[3] / 2)
    assert np.median(centres, axis=0) == pytest.approx(expected, abs=0.03)
    assert np.median(boxes[:, 2:].mean(1)) == pytest.approx(FACE[2], abs=0.04)


def test_crops_are_the_pictures_or_framed_faces(tmp_path: Path) -> None:
    root = fairface_copy.write(tmp_path / "fairface", 3)
    preprocess = Preprocess(size=20, colour="grey", scale=1.05, shift=(0.01, -0.02))
    whole = crops(FairFace(root), preprocess)
    assert np.array_equal(whole.picture(1), preprocess.cut(FairFace(root).picture(1)))
    framed = crops(FairFace(root, framed_at=12), preprocess)
    coarse = FairFace(root).faces(replace(preprocess, size=12), [2])[0]
    assert coarse.shape == (12, 12)
    assert np.array_equal(framed.picture(2), preprocess.cut(coarse))
    assert framed.names == FairFace(root).names
    assert len(framed) == 3
    # Also of chosen ones, and again.
    chosen = crops(ChosenPictures(FairFace(root, framed_at=12), [2, 0]), preprocess)
    for _ in range(2):
        assert np.array_equal(chosen.picture(0), framed.picture(2))
        assert np.array_equal(chosen.picture(1), framed.picture(0))


def test_a_size_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="framed_at is 0"):
        FairFace(fairface_copy.write(tmp_path / "fairface", 1), framed_at=0)
