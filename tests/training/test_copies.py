"""Where a recipe's data sets lie, and what is taken of them."""

from __future__ import annotations

from pathlib import Path

import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

pytest.importorskip("torch")

from mien.data.affwild2 import AffWild2
from mien.data.ferplus import FERPlus
from mien.data.packed import pack
from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.errors import DataError, LabelMismatch, NotFound, PreparedCopy, UnknownName
from mien.preprocess import Preprocess
from mien.training.copies import Copies, checked
from mien.training.sources import Source


@pytest.fixture(scope="module")
def ferplus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    splits = {
        "FER2013Train": ferplus_copy.make_faces(40),
        "FER2013Valid": ferplus_copy.make_faces(9, 1),
    }
    return ferplus_copy.write_folders(tmp_path_factory.mktemp("ferplus"), splits)


@pytest.fixture(scope="module")
def packed(ferplus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "ferplus.zip"
    pack([FERPlus(ferplus, split) for split in ("train", "public-test")], path)
    return path


def write_affwild2(root: Path) -> Path:
    """Twelve frames of one person, a run of each of three classes."""
    notes = root / "annotations/EXPR_Set"
    labels = [0] * 5 + [4] * 4 + [6] * 3
    for part, person in (("Train_Set", "one"), ("Validation_Set", "two")):
        path = notes / part / f"{person}.txt"
        more_copies.write_annotation(path, more_copies.AFFWILD2_HEADER, labels)
        more_copies.write_faces(root, person, range(1, 13))
    return root


def test_a_missing_copy_is_asked_for(ferplus: Path, packed: Path) -> None:
    sources = [Source("rafdb"), Source("affectnet", "val"), Source("rafdb", "test")]
    line = (
        "dan.rafdb needs a copy of rafdb and of affectnet: --data rafdb=ROOT --data affectnet=ROOT"
    )
    with pytest.raises(DataError, match=f"^{line}$"):
        Copies({"ferplus": ferplus}).require(sources, "dan.rafdb")
    with pytest.raises(DataError, match=r"--data rafdb=ROOT; .*zip holds ferplus"):
        Copies(packed=packed).require([Source("rafdb")], "dan.rafdb")
    with pytest.raises(DataError, match="the split train needs a copy of rafdb: --data rafdb=ROOT"):
        Copies().open(Source("rafdb"))
    with pytest.raises(UnknownName, match=r"rafdbb.*did you mean rafdb\?"):
        Copies({"rafdbb": ferplus})


def test_a_packed_file_says_itself_what_it_holds(ferplus: Path, packed: Path) -> None:
    source = Source("ferplus", "public-test", {"protocol": "majority"})
    one, other = Copies({"ferplus": ferplus}).open(source), Copies(packed=packed).open(source)
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(one.table.classes, other.table.classes)
    with pytest.raises(DataError, match=r"holds ferplus, of which .* is a copy, too; name one"):
        Copies({"ferplus": ferplus}, packed)
    assert Copies({"ferplus": packed}).open(source).fingerprint == other.fingerprint


def test_what_is_no_packed_file(ferplus: Path, packed: Path, tmp_path: Path) -> None:
    zipped = ferplus_copy.zip_folder(ferplus, tmp_path / "original.zip")
    for path in (zipped, ferplus):
        with pytest.raises(DataError, match="is no packed file; make one with mien data pack"):
            Copies(packed=path)
    (tmp_path / "text").write_text("text")
    with pytest.raises(DataError, match="neither a folder nor a zip file"):
        Copies(packed=tmp_path / "text")
    (tmp_path / "cut.zip").write_bytes(packed.read_bytes()[:-100])
    with pytest.raises(DataError, match="cut off or damaged"):
        Copies(packed=tmp_path / "cut.zip")
    with pytest.raises(NotFound):
        Copies(packed=tmp_path / "nothing")


def test_only_some_expressions_are_taken(ferplus: Path, tmp_path: Path) -> None:
    names = rafdb_copy.names_of("train", 7)
    root = rafdb_copy.write_list(tmp_path / "rafdb", dict(zip(names, range(1, 8), strict=True)))
    rafdb_copy.write_pictures(root, names)
    copies = Copies({"rafdb": root, "ferplus": ferplus})
    data = copies.open(Source("rafdb", only=("disgusted", "anger")))  # any of their names
    assert list(data.names) == ["train_00003", "train_00006"]
    assert [data.picture(row).mean().round() for row in range(2)] == [20, 50]
    with pytest.raises(LabelMismatch, match="contempt"):
        copies.open(Source("rafdb", only=("contempt",)))
    with pytest.raises(UnknownName):
        copies.open(Source("rafdb", only=("hunger",)))
    faces = copies.open(Source("ferplus", only=("happiness",)))
    assert len(faces.images) == len(faces) == (FERPlus(ferplus).table.classes == 1).sum()


def test_videos_are_thinned(ferplus: Path, tmp_path: Path) -> None:
    copies = Copies({"affwild2": write_affwild2(tmp_path / "a"), "ferplus": ferplus})
    source = Source("affwild2", strides={"neutral": 3, "happiness": 2})
    data = copies.open(source)
    assert isinstance(data, AffWild2)
    # The 1st and 4th of five, the 1st and 3rd of four, and all of surprise.
    assert data.frames.tolist() == [1, 4, 6, 8, 10, 11, 12]
    assert len(copies.whole(source)) == 12
    happy = copies.open(Source("affwild2", only=("happiness",), strides={"happiness": 2}))
    assert happy.frames.tolist() == [6, 8]
    with pytest.raises(DataError, match=r"FER\+ has no videos"):
        copies.open(Source("ferplus", strides={"neutral": 2}))
    with pytest.raises(DataError, match="no picture of sadness is in train"):
        copies.open(Source("affwild2", only=("sadness",)))


def test_the_card_says_what_a_copy_is_like(
    ferplus: Path, packed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lacking = "FER+ train: 40 pictures, 28,518 fewer than the 28,558 of label.csv of FER+"
    for root in (ferplus, packed):
        (note,) = checked(FERPlus(root))
        assert note.startswith(lacking)
    assert lacking in caplog.text
    pack([FERPlus(ferplus)], tmp_path / "small.zip", Preprocess(size=24, colour="grey"))
    note = checked(FERPlus(tmp_path / "small.zip"))[-1]
    assert note == "FER+ train: a packed copy, pictures brought to 24 pixels, grey"


def test_what_a_recipe_chooses_in_an_original_was_chosen_when_a_copy_was_prepared(
    tmp_path: Path,
) -> None:
    names = rafdb_copy.names_of("train", 3)
    original = rafdb_copy.write_list(tmp_path / "rafdb", dict.fromkeys(names, 1))
    rafdb_copy.write_pictures(original, names, "aligned_224")
    source = Source("rafdb", options={"images": "aligned_224"})
    prepare(RAFDB(original, images="aligned_224"), tmp_path / "cut", detector="none", jobs=1)
    data = Copies({"rafdb": tmp_path / "cut"}).open(source)
    assert data.prepared
    assert len(data) == 3
    with pytest.raises(PreparedCopy, match="images=aligned_224 chooses something"):
        RAFDB(tmp_path / "cut", images="aligned_224")
    packed = tmp_path / "packed"
    rafdb_copy.write_pictures(original, names, "aligned")
    pack([RAFDB(original, images="aligned")], packed)
    with pytest.raises(PreparedCopy):
        Copies({"rafdb": packed}).open(source)
