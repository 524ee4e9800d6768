"""The two parts of a recipe's data, with their targets."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import fairface_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.card import Card  # noqa: E402
from mien.data.ferplus import FERPlus  # noqa: E402
from mien.data.ferplus_protocols import vote_distribution  # noqa: E402
from mien.data.loading.faces import FaceDataset  # noqa: E402
from mien.data.loading.pictures import PicturesInMemory  # noqa: E402
from mien.data.mosaics import Mosaic  # noqa: E402
from mien.data.packed import pack  # noqa: E402
from mien.data.preparing.alignment import face_preprocess  # noqa: E402
from mien.data.preparing.prepare import prepare  # noqa: E402
from mien.data.rafdb import RAFDB  # noqa: E402
from mien.data.split import validation_part  # noqa: E402
from mien.errors import DataError, LabelMismatch  # noqa: E402
from mien.expressions import BASIC7, BASIC8  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.objectives import TwoTask  # noqa: E402
from mien.training.parts import load_parts  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.sources import Source  # noqa: E402
from mien.training.teachers import teacher_targets  # noqa: E402

GREY = Preprocess(size=16, colour="grey")
FER = Recipe(name="tried", model="small", preprocess=GREY, validation_share=0.3)
SOFT = replace(FER, targets="soft")
RAF = replace(FER, data=(Source("rafdb"),), preprocess=Preprocess(size=16))
MERGED = (Source("ferplus", options={"merge_votes": True}),)
TINY = {"stem": 8, "widths": (8, 16), "depths": (1, 1)}


@pytest.fixture(scope="module")
def ferplus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images, votes = ferplus_copy.make_faces(80)
    images[9], votes[9] = images[4], np.roll(votes[4], 1)
    votes[11] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 10]
    splits = {"FER2013Train": (images, votes), "FER2013Valid": ferplus_copy.make_faces(20, 1)}
    return ferplus_copy.write_folders(tmp_path_factory.mktemp("ferplus"), splits)


def write_rafdb(root: Path, count: int, split: str = "train") -> Path:
    """Pictures whose seven classes come in turns."""
    names = rafdb_copy.names_of(split, count)
    labels = {name: 1 + place % 7 for place, name in enumerate(names)}
    listed = root / rafdb_copy.LIST
    before = listed.read_text() if listed.exists() else ""
    rafdb_copy.write_list(root, labels)
    listed.write_text(before + listed.read_text())
    return rafdb_copy.write_pictures(root, names[:25])  # of one grey value each, up to 240


@pytest.fixture(scope="module")
def rafdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_rafdb(tmp_path_factory.mktemp("rafdb"), 25)
    return write_rafdb(root, 14, "test")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    network = create_model("small", classes=BASIC8, **TINY)
    card = Card(
        name="teacher", architecture="small", arguments=TINY, labels=BASIC8, preprocess=GREY
    )
    save_model(network, card, path)
    return path


@pytest.mark.parametrize("merge", [False, True])
def test_ferplus_is_split_by_content(ferplus: Path, merge: bool) -> None:
    data = FERPlus(ferplus, merge_votes=merge)
    distribution, usable = vote_distribution(data.votes)
    held = validation_part(data.images, 0.3)
    recipe = replace(SOFT, data=MERGED) if merge else SOFT
    parts = load_parts(recipe, Copies({"ferplus": ferplus}))
    assert isinstance(parts.train, PicturesInMemory)
    assert isinstance(parts.held, PicturesInMemory)
    assert np.array_equal(parts.train.images, data.images[usable & ~held])
    assert np.array_equal(parts.held.images, data.images[usable & held])
    assert np.array_equal(parts.train_targets, distribution[usable & ~held])
    assert np.array_equal(parts.held_targets, distribution[usable & held])
    assert list(parts.train.names) == [data.names[row] for row in np.flatnonzero(usable & ~held)]
    assert len(parts.train) + len(parts.held) == 79
    assert (parts.labels, parts.preprocess) == (BASIC8, GREY)
    hard = load_parts(replace(recipe, targets="hard"), Copies({"ferplus": ferplus}))
    assert hard.train_targets.dtype == np.int64
    assert np.array_equal(hard.train_targets, parts.train_targets.argmax(axis=1))


def test_the_card_names_data_and_licence(ferplus: Path, rafdb: Path) -> None:
    parts = load_parts(FER, Copies({"ferplus": ferplus}))
    assert parts.data == (
        "FER+ (Barsoum et al. 2016): the faces of FER2013 (Goodfellow et al. 2013) with the votes "
        "of ten raters; training split, of which a part by content chose the checkpoint and the "
        "temperature"
    )
    assert parts.licence == "pictures of FER2013: research use; labels of FER+: MIT"
    (note,) = parts.notes
    assert "28,478 fewer than the 28,558" in note
    parts = load_parts(RAF, Copies({"rafdb": rafdb}))
    assert parts.data == (
        "RAF-DB (Li, Deng and Du 2017); training split, of which a part by name chose the "
        "checkpoint and the temperature"
    )
    assert parts.licence == "research use; see the data set's terms"


@pytest.mark.parametrize("recipe", [FER, SOFT, replace(SOFT, data=MERGED), replace(FER, limit=9)])
def test_a_packed_file_gives_the_very_same_parts(
    ferplus: Path, tmp_path: Path, recipe: Recipe
) -> None:
    splits = [FERPlus(ferplus, split) for split in ("train", "public-test")]
    pack(splits, tmp_path / "packed.zip")
    tested = replace(recipe, selection="test", test=Source("ferplus", "public-test"))
    for one in (recipe, tested):
        parts = load_parts(one, Copies({"ferplus": ferplus}))
        again = load_parts(one, Copies(packed=tmp_path / "packed.zip"))
        assert parts.identity == again.identity
        assert np.array_equal(parts.train.images, again.train.images)
        for name in ("labels", "preprocess", "notes", "data", "licence"):
            assert getattr(parts, name) == getattr(again, name)


def test_identity_tells_data_apart(ferplus: Path, tmp_path: Path) -> None:
    copies = Copies({"ferplus": ferplus})
    recipes = (FER, SOFT, replace(FER, limit=20), replace(FER, validation_share=0.2))
    ours = [load_parts(one, copies).identity for one in recipes]
    images, votes = ferplus_copy.make_faces(80)
    images[9], votes[9] = images[4], np.roll(votes[4], 1)
    votes[11] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 10]
    images[20, 3, 3] ^= 1
    root = ferplus_copy.write_folders(tmp_path, {"FER2013Train": (images, votes)})
    ours.append(load_parts(FER, Copies({"ferplus": root})).identity)
    assert len(set(ours)) == 5
    assert load_parts(FER, copies).identity == ours[0]


def test_pictures_in_files_are_not_read(tmp_path: Path) -> None:
    root = write_rafdb(tmp_path, 25)
    for path in (root / "Image/aligned").iterdir():
        path.write_bytes(b"nothing that decodes")
    parts = load_parts(RAF, Copies({"rafdb": root}))
    assert len(parts.train) + len(parts.held) == 25
    with pytest.raises(DataError, match=r"_aligned\.jpg"):
        parts.train.picture(0)
    # Each file must be there, though.
    (root / "Image/aligned/train_00003_aligned.jpg").unlink()
    with pytest.raises(DataError, match="1 of 25 pictures are missing, such as train_00003"):
        load_parts(RAF, Copies({"rafdb": root}))


def test_pictures_and_targets_belong_together(rafdb: Path) -> None:
    parts = load_parts(RAF, Copies({"rafdb": rafdb}))
    for pictures, targets in (
        (parts.train, parts.train_targets),
        (parts.held, parts.held_targets),
    ):
        faces = FaceDataset(pictures, targets, RAF.preprocess)
        for row in range(len(faces)):
            place = round(float((faces[row][0].mean() * 0.5 + 0.5) * 255 / 10))
            assert pictures.names[row] == f"train_{place + 1:05d}"
            assert targets[row] == place % 7
    assert not set(parts.train.names) & set(parts.held.names)


def test_the_split_by_name_is_that_of_a_stable_hash(rafdb: Path, tmp_path: Path) -> None:
    held = set(load_parts(RAF, Copies({"rafdb": rafdb})).held.names)
    expected = {
        name
        for name in rafdb_copy.names_of("train", 25)
        if int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % 10_000 < 3000
    }
    assert held == expected
    # Fewer pictures leave all others where they are.
    fewer = load_parts(RAF, Copies({"rafdb": write_rafdb(tmp_path, 12)}))
    assert set(fewer.held.names) == expected & set(rafdb_copy.names_of("train", 12))


def test_no_group_is_in_both_parts(tmp_path: Path) -> None:
    rows = [
        f"{picture}.jpg {face} 10 12 30 32 90 {(picture + face) % 7}"
        for picture in range(60)
        for face in range(3)
    ]
    root = more_copies.write_expw(tmp_path, rows, [f"{picture}.jpg" for picture in range(60)])
    parts = load_parts(replace(RAF, data=(Source("expw"),)), Copies({"expw": root}))
    groups = [{name.partition("#")[0] for name in one.names} for one in (parts.train, parts.held)]
    assert not groups[0] & groups[1]
    assert min(map(len, groups)) > 5
    assert len(parts.held) == 3 * len(groups[1])


def test_several_sources_are_one_after_the_other(rafdb: Path, ferplus: Path) -> None:
    disgust, fear = Source("ferplus", only=("disgust",)), Source("ferplus", only=("fear",))
    recipe = replace(RAF, data=(Source("rafdb"), disgust, fear), labels=BASIC7)
    parts = load_parts(recipe, Copies({"rafdb": rafdb, "ferplus": ferplus}))
    names, targets = [], []
    for pictures, classes in (
        (parts.train, parts.train_targets),
        (parts.held, parts.held_targets),
    ):
        names += list(pictures.names)
        targets += [BASIC7[place] for place in classes]
    told = Counter(
        (name.partition("/")[0], target) for name, target in zip(names, targets, strict=True)
    )
    counts = np.bincount(FERPlus(ferplus).classes_in(BASIC8).clip(0), minlength=8)
    assert told["ferplus", "disgust"] == counts[BASIC8.index("disgust")]
    assert told["ferplus-2", "fear"] == counts[BASIC8.index("fear")]
    assert sum(told.values()) == len(set(names))
    # Each source is split as it is alone.
    alone = set(load_parts(RAF, Copies({"rafdb": rafdb})).held.names)
    ours = {name.partition("/")[2] for name in parts.held.names if name.startswith("rafdb/")}
    assert ours == alone
    assert parts.licence == (
        "research use; see the data set's terms; "
        "pictures of FER2013: research use; labels of FER+: MIT"
    )
    assert "training split, of which disgust" in parts.data
    # They are cut like any other faces, grey or in colour.
    faces = FaceDataset(parts.train, parts.train_targets, recipe.preprocess)
    assert faces.__getitems__(range(len(faces))).images.shape == (len(faces), 3, 16, 16)


def test_the_paper_s_selection_holds_the_test_split(rafdb: Path) -> None:
    recipe = replace(RAF, selection="test", test=Source("rafdb", "test"))
    parts = load_parts(recipe, Copies({"rafdb": rafdb}))
    assert list(parts.train.names) == rafdb_copy.names_of("train", 25)
    assert list(parts.held.names) == rafdb_copy.names_of("test", 14)
    assert parts.held_targets.tolist() == [place % 7 for place in range(14)]
    assert parts.data == (
        "RAF-DB (Li, Deng and Du 2017); training split; the checkpoint and the temperature were "
        "chosen on rafdb test, on which results are reported"
    )


def write_two_tasks(root: Path, classes: Callable[[int], list[int]]) -> Path:
    """Videos of twelve people with four frames each; the last is for validation."""
    units = ["0,0,0,1,0,0,1,0,0,0,1,0"] * 4
    for person in range(12):
        part = "Validation_Set" if person == 11 else "Train_Set"
        for task, header, lines in (
            ("EXPR_Set", more_copies.AFFWILD2_HEADER, classes(person)),
            ("AU_Set", more_copies.AFFWILD2_UNITS, units[: 2 + person % 3]),
        ):
            path = root / "annotations" / task / part / f"v{person}.txt"
            more_copies.write_annotation(path, header, lines)
        more_copies.write_faces(root, f"v{person}", [1, 2, 3, 4])
    return root


def test_classes_and_units_of_several_videos(tmp_path: Path) -> None:
    write_two_tasks(tmp_path, lambda person: [person % 7, -1, -1, 6])
    source = Source("affwild2", options={"task": "both"})
    recipe = replace(RAF, data=(source,), objective=TwoTask())
    parts = load_parts(recipe, Copies({"affwild2": tmp_path}))
    assert parts.train_targets.shape == (len(parts.train), 13)
    columns = np.concatenate([parts.train_targets, parts.held_targets])
    # Of three or four frames with a label, two have a class, and two to four have units.
    assert (columns[:, 0] >= 0).sum() == 22
    assert (columns[:, 1] >= 0).sum() == sum(2 + person % 3 for person in range(11))
    people = [{name.partition("/")[0] for name in one.names} for one in (parts.train, parts.held)]
    assert not people[0] & people[1]
    assert all(people)


@pytest.mark.parametrize("selection", ["validation", "test"])
def test_two_tasks_need_expressions_to_choose_by(tmp_path: Path, selection: str) -> None:
    root = write_two_tasks(tmp_path, lambda _: [-1] * 4)
    source = Source("affwild2", options={"task": "both"})
    recipe = replace(RAF, data=(source,), objective=TwoTask(), test=replace(source, split="val"))
    recipe = replace(recipe, selection=selection)
    held = "validation part" if selection == "validation" else "test split"
    with pytest.raises(DataError, match=f"tried: the {held} has no picture with an expression; "):
        load_parts(recipe, Copies({"affwild2": root}))


def test_a_limit_takes_all_classes(ferplus: Path, rafdb: Path) -> None:
    whole = load_parts(FER, Copies({"ferplus": ferplus}))
    parts = load_parts(replace(FER, limit=10), Copies({"ferplus": ferplus}))
    assert (len(parts.train), len(parts.held)) == (10, 10)
    classes = set(whole.train_targets.tolist())
    assert set(parts.train_targets.tolist()) == classes
    # The first of each class, in the order of the data.
    places = [list(whole.train.names).index(name) for name in parts.train.names]
    assert places == sorted(places)
    for one in classes:
        rows = np.flatnonzero(whole.train_targets == one)
        assert rows[0] in places
    few = load_parts(replace(RAF, limit=7), Copies({"rafdb": rafdb}))
    assert sorted(few.train_targets.tolist()) == list(range(7))


def test_incomplete_copies_are_refused_as_a_whole(tmp_path: Path) -> None:
    faces = ferplus_copy.make_faces(9)
    root = ferplus_copy.write_folders(tmp_path, {"FER2013Train": faces})
    for number in (2, 5):
        (root / f"FER2013Train/fer{number:07d}.png").unlink()
    for recipe in (FER, replace(FER, data=MERGED)):
        with pytest.raises(DataError, match="2 of 9 pictures are missing, such as fer0000002"):
            load_parts(recipe, Copies({"ferplus": root}))


def test_empty_parts_and_missing_copies(ferplus: Path, rafdb: Path) -> None:
    copies = Copies({"ferplus": ferplus})
    with pytest.raises(DataError, match="the validation part is empty; raise validation_share"):
        load_parts(replace(FER, validation_share=0.0001), copies)
    with pytest.raises(DataError, match="the training part is empty"):
        load_parts(replace(FER, validation_share=0.99999), copies)
    with pytest.raises(DataError, match="must lie between 0 and 1"):
        load_parts(replace(FER, validation_share=0.0), Copies({"ferplus": ferplus}))
    recipe = replace(RAF, selection="test", test=Source("affectnet", "val"))
    with pytest.raises(DataError, match="tried needs a copy of affectnet: --data affectnet="):
        load_parts(recipe, Copies({"rafdb": rafdb}))
    with pytest.raises(LabelMismatch, match="lacks contempt"):
        load_parts(replace(RAF, labels=BASIC8), Copies({"rafdb": rafdb}))
    with pytest.raises(DataError, match="RAF-DB has no votes"):
        load_parts(replace(RAF, targets="soft"), Copies({"rafdb": rafdb}))


def test_a_prepared_copy_says_how_faces_are_cut(ferplus: Path, tmp_path: Path) -> None:
    prepare(FERPlus(ferplus), tmp_path, size=32, detector="none", align="square", jobs=1)
    parts = load_parts(FER, Copies({"ferplus": tmp_path}))
    way = face_preprocess(32, "square")
    assert parts.preprocess == replace(
        GREY, align=way.align, template=way.template, scale=way.scale, shift=way.shift
    )
    assert parts.notes[-1] == "FER+ train: a prepared copy, faces cut anew (32 pixels, square)"


def test_prepared_copies_must_be_cut_alike(rafdb: Path, ferplus: Path, tmp_path: Path) -> None:
    for reader in (FERPlus(ferplus), RAFDB(rafdb)):
        prepare(reader, tmp_path / reader.name, size=32, detector="none", align="square", jobs=1)
    way = face_preprocess(32, "square")
    some = Source("ferplus", only=("disgust", "fear"))
    recipe = replace(RAF, data=(Source("rafdb"), some), labels=BASIC7)
    tested = replace(recipe, data=(some,), selection="test", test=Source("rafdb"))
    prepared = Copies({name: tmp_path / name for name in ("rafdb", "ferplus")})
    for one in (recipe, tested):
        assert load_parts(one, prepared).preprocess.scale == way.scale
    # Whatever comes first: originals are cut as the prepared copy was.
    mixed = load_parts(recipe, Copies({"rafdb": rafdb, "ferplus": tmp_path / "ferplus"}))
    assert (mixed.preprocess.scale, mixed.preprocess.shift) == (way.scale, way.shift)

    manifest = tmp_path / "rafdb/prepared.json"
    values = json.loads(manifest.read_text())
    values["settings"]["preprocess"] |= {"scale": 2.5, "shift": [0.0, 0.25]}
    manifest.write_text(json.dumps(values))
    for one, first, second in ((recipe, "RAF-DB", r"FER\+"), (tested, r"FER\+", "RAF-DB")):
        message = rf"{first} train .* and of {second} train .* cut differently \(scale, shift\)"
        with pytest.raises(DataError, match=message):
            load_parts(one, prepared)


def test_mosaics_are_decoded_before_loaders_fork(
    rafdb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = [RAFDB(rafdb), RAFDB(rafdb, "test")]
    pack(splits, tmp_path / "packed.zip", Preprocess(size=20))
    recipe = replace(RAF, selection="test", test=Source("rafdb", "test"))
    parts = load_parts(recipe, Copies(packed=tmp_path / "packed.zip"))

    def never(*_: object) -> None:
        raise AssertionError("a mosaic was decoded")

    monkeypatch.setattr(Mosaic, "decode", never)
    for pictures, targets, split in (
        (parts.train, parts.train_targets, splits[0]),
        (parts.held, parts.held_targets, splits[1]),
    ):
        faces = FaceDataset(pictures, targets, RAF.preprocess)
        assert faces.__getitems__(range(len(faces))).images.shape[0] == len(split)
        assert pictures.picture(7)[0, 0, 0] == pytest.approx(70, abs=1)


def test_teachers_share_the_targets_of_the_training_part(ferplus: Path, teacher: Path) -> None:
    copies = Copies({"ferplus": ferplus})
    plain = load_parts(SOFT, copies)
    taught = load_parts(replace(SOFT, teacher_share=0.25), copies, [teacher])
    answers = teacher_targets([teacher], plain.train, BASIC8)
    assert taught.train_targets == pytest.approx(
        0.75 * plain.train_targets + 0.25 * answers, abs=1e-6
    )
    assert np.array_equal(taught.held_targets, plain.held_targets)
    assert taught.identity != plain.identity
    softer = replace(SOFT, teacher_share=1.0, teacher_temperature=4.0)
    assert load_parts(softer, copies, [teacher]).train_targets == pytest.approx(
        teacher_targets([teacher], plain.train, BASIC8, 4.0), abs=1e-6
    )
    with pytest.raises(DataError, match="--teacher"):
        load_parts(replace(SOFT, teacher_share=0.25), copies)
    with pytest.raises(DataError, match="soft targets"):
        load_parts(replace(FER, teacher_share=0.25), copies, [teacher])


def test_faces_without_labels_join_as_coarse_as_the_others(
    ferplus: Path, teacher: Path, tmp_path: Path
) -> None:
    root = fairface_copy.write(tmp_path, 6)
    copies = Copies({"ferplus": ferplus})
    plain = load_parts(SOFT, copies)
    parts = load_parts(SOFT, copies, [teacher], root)
    assert parts.train.images.shape == (len(plain.train) + 6, 48, 48)
    added = PicturesInMemory(parts.train.images[-6:])
    answers = teacher_targets([teacher], added, BASIC8)
    assert np.array_equal(parts.train_targets[-6:], answers)
    assert np.array_equal(parts.train_targets[:-6], plain.train_targets)
    assert parts.train.names[-1] == "train/6.png"
    assert np.array_equal(parts.held.images, plain.held.images)
    assert parts.data.endswith(
        "; FairFace (Karkkainen and Joo 2021), training split, with the answers of other networks "
        "for labels"
    )
    assert parts.licence.endswith("; CC BY 4.0")
    assert any(note.startswith("FairFace train: 6 pictures") for note in parts.notes)
    with pytest.raises(DataError, match="soft targets"):
        load_parts(FER, copies, [teacher], root)
    with pytest.raises(DataError, match="--teacher"):
        load_parts(SOFT, copies, [], root)


def test_a_folder_of_faces_joins_pictures_in_files(
    rafdb: Path, teacher: Path, tmp_path: Path
) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"deep/er/{number}.png"), np.full((20, 20), 80 * number))
    (tmp_path / "readme.txt").write_text("no picture")
    recipe = replace(RAF, targets="soft", teacher_share=0.5, limit=14)
    parts = load_parts(recipe, Copies({"rafdb": rafdb}), [teacher], tmp_path)
    assert list(parts.train.names[-3:]) == [f"deep/er/{number}.png" for number in range(3)]
    assert parts.train_targets.shape == (len(parts.train), 7)
    assert parts.train_targets.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert [parts.train.picture(len(parts.train) - 3 + row)[0, 0, 0] for row in range(3)] == [
        *(0, 80, 160),
    ]
    faces = FaceDataset(parts.train, parts.train_targets, RAF.preprocess)
    assert float(faces[len(faces) - 1][0].mean()) == pytest.approx(160 / 127.5 - 1, abs=1e-5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no picture is here"):
        load_parts(recipe, Copies({"rafdb": rafdb}), [teacher], tmp_path / "empty")


def test_the_real_split_stays_what_it_is(shared_data: Path) -> None:
    parts = load_parts(
        FER.with_settings({"validation_share": 0.08}),
        Copies({"ferplus": shared_data / "ferplus.zip"}),
    )
    assert (len(parts.train), len(parts.held)) == (26_382, 2_173)
    digest = hashlib.sha256(parts.train_targets.tobytes()).hexdigest()
    assert digest == "c2b23b10dc97fcf0d4d3c89fa3b729719bae993f986dfb8afdb06b8afc50b5a5"
    assert not parts.notes


def test_real_faces_are_the_same_from_a_packed_file(shared_data: Path, tmp_path: Path) -> None:
    original, path = shared_data / "ferplus.zip", tmp_path / "packed.zip"
    report = pack([FERPlus(original, "public-test")], path)
    assert report.size < 1_650 * 3_579  # 1.6 kB a face: the training split fits, too
    source = Source("ferplus", "public-test", {"merge_votes": True})
    recipe = replace(SOFT, data=(source,))
    parts, again = (
        load_parts(recipe, Copies({"ferplus": original})),
        load_parts(recipe, Copies(packed=path)),
    )
    assert parts.identity == again.identity
