"""Faces without labels, wherever they come from."""

from __future__ import annotations

from pathlib import Path

import cv2
import fairface_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

from mien.data.fairface import FACE, FairFace
from mien.data.ferplus import FERPlus
from mien.data.loading.pictures import ChosenPictures, crops
from mien.data.packed import pack
from mien.data.preparing.prepare import prepare
from mien.data.unlabelled import open_unlabelled
from mien.errors import DataError, NotFound
from mien.preprocess import Preprocess

COARSE = Preprocess(size=24, colour="grey")


def test_fairface_is_cut_where_its_faces_are(tmp_path: Path) -> None:
    found = open_unlabelled(fairface_copy.write(tmp_path, 4))
    faces = crops(ChosenPictures(found.pictures, [2, 0]), COARSE)
    picture = cv2.cvtColor(cv2.imread(str(tmp_path / "train/3.png")), cv2.COLOR_BGR2RGB)
    left, top, width, height = (112 * part for part in FACE)
    assert np.array_equal(faces.picture(0), COARSE.cut(picture, (left, top, width, height)))
    assert list(faces.names) == ["train/3.png", "train/1.png"]
    assert found.pictures.picture(0).shape == (112, 112, 3)
    assert found.licence == "CC BY 4.0"
    assert isinstance(found.reader, FairFace)


def test_packed_copies_of_any_data_set(tmp_path: Path) -> None:
    faces = ferplus_copy.make_faces(4)
    root = ferplus_copy.write_folders(tmp_path / "copy", {"FER2013Train": faces})
    pack([FERPlus(root)], tmp_path / "packed.zip")
    found = open_unlabelled(tmp_path / "packed.zip")
    assert np.array_equal(found.pictures.picture(1)[..., 0], faces[0][1])
    assert found.citation == f"{FERPlus.citation}, training split"
    fairface = fairface_copy.write(tmp_path / "fairface", 2)
    pack([FairFace(fairface)], tmp_path / "fairface.zip")
    one, other = (
        crops(open_unlabelled(path).pictures, COARSE).picture(1)
        for path in (fairface, tmp_path / "fairface.zip")
    )
    assert np.array_equal(one, other)


def test_only_the_training_split_of_a_data_set(tmp_path: Path) -> None:
    faces, others = ferplus_copy.make_faces(4), ferplus_copy.make_faces(3, 1)
    splits = {"FER2013Train": faces, "FER2013Valid": others}
    root = ferplus_copy.write_folders(tmp_path / "copy", splits)
    both = [FERPlus(root, "public-test"), FERPlus(root)]  # the first is not that to learn from
    pack(both, tmp_path / "both.zip")
    found = open_unlabelled(tmp_path / "both.zip")
    pictures = [found.pictures.picture(row)[..., 0] for row in range(len(found.pictures))]
    assert np.array_equal(pictures, faces[0])
    for reader in both:
        prepare(reader, tmp_path / "prepared", size=16, detector="none", align="square", jobs=1)
    found = open_unlabelled(tmp_path / "prepared")
    assert list(found.pictures.names) == list(both[1].names)
    pack(both[:1], tmp_path / "valid.zip")
    with pytest.raises(DataError, match=r"only the split train is .* lacks it .*: public-test\)"):
        open_unlabelled(tmp_path / "valid.zip")


def test_any_folder_or_zip_file_of_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    (folder / "b").mkdir(parents=True)
    for name, value in (("b/1.png", 10), ("a.JPG", 200)):
        (folder / name).write_bytes(more_copies.picture(30, 30, value, name[-4:].lower()))
    (folder / "notes.csv").write_text("no,picture")
    for path in (folder, more_copies.zipped(folder)):
        found = open_unlabelled(path)
        assert list(found.pictures.names) == ["a.JPG", "b/1.png"]
        assert found.pictures.picture(1)[0, 0].tolist() == [10, 0, 255]
        assert found.reader is None
    (folder / "a.JPG").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.JPG is empty"):
        open_unlabelled(folder).pictures.picture(0)


def test_a_copy_as_its_authors_give_it_out_is_refused(tmp_path: Path) -> None:
    """Its splits lie side by side, and on some of them results are measured."""
    faces = {"FER2013Train": ferplus_copy.make_faces(4), "FER2013Valid": ferplus_copy.make_faces(4)}
    ferplus = ferplus_copy.write_folders(tmp_path / "ferplus", faces)
    for root in (ferplus, more_copies.zipped(ferplus)):
        with pytest.raises(DataError, match=r"is FER\+ as its authors .* prepare or pack"):
            open_unlabelled(root)
    names = rafdb_copy.names_of("train", 3)
    rafdb = rafdb_copy.write_list(tmp_path / "rafdb", dict.fromkeys(names, 1))
    rafdb_copy.write_pictures(rafdb, names)
    with pytest.raises(DataError, match="is RAF-DB as its authors"):
        open_unlabelled(rafdb)


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture is here"):
        open_unlabelled(tmp_path)
    with pytest.raises(NotFound, match="no folder of faces at this path"):
        open_unlabelled(tmp_path / "nowhere")
