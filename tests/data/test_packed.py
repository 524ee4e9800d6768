"""One file in the place of a copy."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import cv2
import fairface_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

from mien.data.affwild2 import AffWild2
from mien.data.archive import Archive
from mien.data.catalogue import open_reader
from mien.data.checking.completeness import completeness
from mien.data.cifar10 import CIFAR10
from mien.data.expw import ExpW
from mien.data.fairface import FairFace
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.data.mosaics import Mosaic
from mien.data.packed import default_preprocess, pack
from mien.data.rafdb import RAFDB
from mien.data.reader_options import splits_of
from mien.errors import DataError, InputError, OutputError
from mien.preprocess import Preprocess


@pytest.fixture(scope="module")
def ferplus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    train, votes = ferplus_copy.make_faces(60)
    train[7], votes[7] = train[3], np.roll(votes[3], 1)  # one face with two sets of votes
    splits = {"FER2013Train": (train, votes), "FER2013Valid": ferplus_copy.make_faces(9, 1)}
    return ferplus_copy.write_folders(tmp_path_factory.mktemp("ferplus"), splits)


@pytest.fixture(scope="module")
def packed(ferplus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "ferplus.zip"
    report = pack([FERPlus(ferplus, split) for split in ("train", "public-test")], path)
    assert report.pictures == {"train": 60, "public-test": 9}
    assert report.size == path.stat().st_size
    assert report.mosaic == Mosaic(48, "grey", 42, unchanged=True)
    assert "train 60, public-test 9; 48x48 grey, as in the original" in report.sentence()
    return path


@pytest.mark.parametrize("split", ["train", "public-test"])
@pytest.mark.parametrize("merge", [False, True])
def test_ferplus_is_the_same_in_all_numbers(
    ferplus: Path, packed: Path, split: str, merge: bool
) -> None:
    for protocol in ("argmax", "majority", "all"):
        one, other = (
            FERPlus(root, split, merge_votes=merge, protocol=protocol) for root in (ferplus, packed)
        )
        assert list(one.names) == list(other.names)
        assert np.array_equal(one.votes, other.votes)
        assert np.array_equal(one.table.classes, other.table.classes)
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.picture(5), other.picture(5))
        assert one.fingerprint == other.fingerprint
    assert (other.side, other.preprocess, other.prepared) == (48, None, True)
    assert completeness(other).missing == 0
    assert splits_of("ferplus", packed, {}) == ("train", "public-test")


def test_the_csv_layout_is_packed_too(tmp_path: Path) -> None:
    faces = {"FER2013Train": ferplus_copy.make_faces(5)}
    one = FERPlus(ferplus_copy.write_csv(tmp_path / "csv", faces))
    pack([one], tmp_path / "packed.zip")
    other = FERPlus(tmp_path / "packed.zip")
    assert list(other.names) == list(one.names)
    assert other.fingerprint == one.fingerprint
    one.keep([4, 1])
    other.keep([4, 1])
    assert np.array_equal(one.images, faces["FER2013Train"][0][[4, 1]])
    assert np.array_equal(other.images, one.images)


def test_the_same_data_gives_the_same_bytes(ferplus: Path, packed: Path, tmp_path: Path) -> None:
    zipped = ferplus_copy.zip_folder(ferplus, tmp_path / "original.zip")
    again = tmp_path / "again.zip"
    pack([FERPlus(zipped, split) for split in ("train", "public-test")], again)
    assert again.read_bytes() == packed.read_bytes()
    # A packed file can be packed, too.
    pack([FERPlus(packed, split) for split in ("train", "public-test")], tmp_path / "third.zip")
    assert (tmp_path / "third.zip").read_bytes() == packed.read_bytes()


def test_another_process_decodes_the_pictures_itself(packed: Path) -> None:
    one = FERPlus(packed)
    small = len(pickle.dumps(one))
    pictures = one.picture(3)
    assert len(pickle.dumps(one)) == small
    assert np.array_equal(pickle.loads(pickle.dumps(one)).picture(3), pictures)


@pytest.mark.parametrize("colour", ["grey", "rgb"])
def test_mosaics_give_their_pictures_back(tmp_path: Path, colour: str) -> None:
    shape = (23, 7, 7) if colour == "grey" else (23, 7, 7, 3)
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    mosaic = Mosaic(7, colour, 5)
    (tmp_path / "a.png").write_bytes(mosaic.encode(pictures))
    image = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert image.shape[:2] == (35, 35)
    rgb = image if colour == "grey" else image[..., ::-1]
    assert np.array_equal(rgb[7:14, 14:21], pictures[7])  # second row, third column
    assert np.array_equal(mosaic.decode(Archive(tmp_path, "x"), "a.png", 23), pictures)
    with pytest.raises(DataError, match=r"a\.png is of another size"):
        mosaic.decode(Archive(tmp_path, "x"), "a.png", 26)


def test_many_mosaics_hold_one_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.data.mosaics._LARGEST_SIDE", 48 * 3)
    faces = ferplus_copy.make_faces(20)
    root = ferplus_copy.write_folders(tmp_path / "copy", {"FER2013Train": faces})
    pack([FERPlus(root)], tmp_path / "packed.zip")
    names = zipfile.ZipFile(tmp_path / "packed.zip").namelist()
    assert sum(name.endswith(".png") for name in names) == 3  # of 9, 9 and 2
    assert np.array_equal(FERPlus(tmp_path / "packed.zip").images, faces[0])


def test_rafdb_keeps_its_columns_and_remembers_its_folder(tmp_path: Path) -> None:
    names = rafdb_copy.names_of("train", 7)
    root = rafdb_copy.write_list(tmp_path / "rafdb", dict(zip(names, range(1, 8), strict=True)))
    rafdb_copy.write_pictures(root, names, "aligned_224")
    original = RAFDB(root, images="aligned_224")
    report = pack([original], tmp_path / "packed.zip", Preprocess(size=32))
    assert report.mosaic == Mosaic(32, "rgb", 64, unchanged=False)
    # The packed copy agrees to the option that it was made with, or to none.
    for options in ({"images": "aligned_224"}, {}):
        data = RAFDB(tmp_path / "packed.zip", **options)
        assert np.array_equal(data.table.classes, original.table.classes)
        assert data.picture(3).shape == (32, 32, 3)
        assert data.picture(3).mean() == pytest.approx(30, abs=1)
    with pytest.raises(DataError, match="images=original chooses something in an original copy"):
        RAFDB(tmp_path / "packed.zip", images="original")


def test_attributes_and_groups_and_units_are_kept(tmp_path: Path) -> None:
    root = fairface_copy.write(tmp_path / "fairface", 5)
    one = FairFace(root)
    pack([one], tmp_path / "fairface.zip")
    other = FairFace(tmp_path / "fairface.zip")
    for column in ("ages", "genders", "races"):
        assert np.array_equal(getattr(one, column), getattr(other, column))
    coarse = Preprocess(size=24, colour="grey")
    assert np.abs(one.faces(coarse).astype(int) - other.faces(coarse)).max() <= 1

    root = tmp_path / "affwild2"
    notes = root / "annotations"
    for task, header, lines in (
        ("EXPR_Set", more_copies.AFFWILD2_HEADER, [0, 4, 4]),
        ("AU_Set", more_copies.AFFWILD2_UNITS, [",".join("010101010101")] * 3),
    ):
        for part, person in (("Train_Set", "one"), ("Validation_Set", "two")):
            path = notes / task / part / f"{person}.txt"
            more_copies.write_annotation(path, header, lines)
    for person in ("one", "two"):
        more_copies.write_faces(root, person, [1, 2, 3])
    both = AffWild2(root, task="both")
    pack([both], tmp_path / "affwild2.zip", Preprocess(size=16))
    for task in ("both", "expression", "action_units"):
        one, other = AffWild2(root, task=task), AffWild2(tmp_path / "affwild2.zip", task=task)
        assert one.table.groups == other.table.groups
        for column in ("classes", "action_units"):
            ours, theirs = getattr(one.table, column), getattr(other.table, column)
            assert np.array_equal(ours, theirs) if ours is not None else theirs is None
    thinned = [
        AffWild2(path).thinned({"happiness": 2}) for path in (root, tmp_path / "affwild2.zip")
    ]
    assert [rows.tolist() for rows in thinned] == [[0, 1], [0, 1]]


def test_faces_are_cut_by_their_boxes_and_the_file_says_how(tmp_path: Path) -> None:
    rows = [f"{n}.jpg 0 10 12 30 32 90 {n % 7}" for n in range(20)]
    root = more_copies.write_expw(tmp_path / "expw", rows, [f"{n}.jpg" for n in range(20)])
    one = ExpW(root)
    way = Preprocess(size=20, scale=1.25)
    pack([one], tmp_path / "packed.zip", way)
    other = ExpW(tmp_path / "packed.zip")
    assert other.preprocess == way
    assert other.table.boxes is None
    sample = one[0]
    assert np.array_equal(other.picture(0), way.cut(sample.picture, sample.box))
    assert other.table.groups == one.table.groups


def test_classes_that_are_no_expressions_and_own_label_sets(tmp_path: Path) -> None:
    batches = {f"data_batch_{n}": more_copies.cifar10_records(4, n) for n in range(1, 6)}
    more_copies.write_cifar10_binary(tmp_path / "cifar", batches)
    one = CIFAR10(tmp_path / "cifar")
    pack([one], tmp_path / "cifar.zip")
    other = CIFAR10(tmp_path / "cifar.zip")
    assert np.array_equal(one.images, other.images)
    assert one.fingerprint == other.fingerprint

    for place, name in enumerate(("happy", "sad")):
        folder = tmp_path / "folder/train" / name
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(more_copies.picture(8, 8, 100 * place))
    folder = ImageFolder(tmp_path / "folder")
    pack([folder], tmp_path / "folder.zip", Preprocess(size=8))
    again = ImageFolder(tmp_path / "folder.zip")
    assert again.labels == folder.labels
    assert [again.picture(row)[0, 0, 0] for row in range(2)] == [0, 100]


def test_the_default_is_the_native_size(ferplus: Path, tmp_path: Path) -> None:
    assert default_preprocess(FERPlus(ferplus)) == Preprocess(size=48, colour="grey")
    fairface = FairFace(fairface_copy.write(tmp_path, 1))
    assert default_preprocess(fairface) == Preprocess(size=112, colour="rgb")


def rewritten(packed: Path, path: Path, member: str, change: object) -> Path:
    """The file with one member changed, and otherwise whole."""
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == member else content)  # type: ignore[operator]
    return path


def test_damaged_files_say_so(packed: Path, tmp_path: Path) -> None:
    whole = packed.read_bytes()
    path = tmp_path / "damaged.zip"

    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="a zip file that is cut off or damaged, copy it again"):
        FERPlus(path)

    flipped = bytearray(whole)
    flipped[2000] ^= 1  # in the first mosaic
    path.write_bytes(flipped)
    with pytest.raises(DataError, match=r"train/0000\.png cannot be read.*copy the zip file again"):
        _ = FERPlus(path).images

    def newer(text: bytes) -> bytes:
        return json.dumps(json.loads(text) | {"format": 3}).encode()

    with pytest.raises(DataError, match=r"written by a newer mien \(format 3, .* reads 2\)"):
        FERPlus(rewritten(packed, path, "prepared.json", newer))
    with pytest.raises(DataError, match=r"prepared\.json: damaged.*pack the data set anew"):
        FERPlus(rewritten(packed, path, "prepared.json", lambda text: text[:-9]))
    with pytest.raises(DataError, match=r"train\.csv is damaged: cut off.*pack the data set anew"):
        FERPlus(rewritten(packed, path, "train.csv", lambda text: text[:-9]))

    def brighter(data: bytes) -> bytes:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        image[0, 0] ^= 1
        return bytes(cv2.imencode(".png", image)[1])

    with pytest.raises(DataError, match="its pictures are not those that were packed"):
        _ = FERPlus(rewritten(packed, path, "train/0000.png", brighter)).images


def test_a_split_that_was_not_packed_and_another_data_set(packed: Path) -> None:
    with pytest.raises(DataError, match=r"private-test is not in this packed file \(it has: train"):
        FERPlus(packed, "private-test")
    with pytest.raises(DataError, match="prepared from ferplus, not from rafdb"):
        open_reader("rafdb", packed, "train")


def test_what_cannot_be_packed(ferplus: Path, tmp_path: Path) -> None:
    train = FERPlus(ferplus)
    with pytest.raises(DataError, match="no split to pack"):
        pack([], tmp_path / "x.zip")
    with pytest.raises(DataError, match="packed twice"):
        pack([train, train], tmp_path / "x.zip")
    other = FairFace(fairface_copy.write(tmp_path / "fairface", 1))
    with pytest.raises(DataError, match="one copy of one data set"):
        pack([train, other], tmp_path / "x.zip")
    zipped = ferplus_copy.zip_folder(ferplus, tmp_path / "copy.zip")
    with pytest.raises(InputError, match="is read here, and would be lost"):
        pack([FERPlus(zipped)], zipped)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        pack([train], tmp_path / "folder")


def test_a_picture_that_cannot_be_read_leaves_the_old_file(tmp_path: Path) -> None:
    root = tmp_path / "copy"
    ferplus_copy.write_folders(root, {"FER2013Train": ferplus_copy.make_faces(4)})
    path = tmp_path / "packed.zip"
    path.write_text("old")
    (root / "FER2013Train/fer0000002.png").write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        pack([FERPlus(root)], path)
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["packed.zip"]
    assert path.read_text() == "old"
