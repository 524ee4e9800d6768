"""Faces without a copy in Training, found once and remembered as long as nothing changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import ferplus_copy
import numpy as np
import pytest
import rafdb_copy

from mien.data.ferplus import FERPlus
from mien.data.packed import default_preprocess, pack
from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.evaluation import clean
from mien.evaluation.clean import clean_faces

CLEAN = [False, False, *[True] * 18]


@pytest.fixture(params=["folder", "zip"])
def ferplus(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """PublicTest of 20 faces, the first two of which Training holds, too."""
    return copy_of(tmp_path, request.param, repeated=2)


def copy_of(place: Path, kind: str, *, repeated: int) -> Path:
    train, tested = ferplus_copy.make_faces(12), ferplus_copy.make_faces(20, seed=1)
    tested[0][:repeated] = train[0][:repeated]
    splits = {"FER2013Train": train, "FER2013Valid": tested}
    shutil.rmtree(place / "ferplus", ignore_errors=True)
    folder = ferplus_copy.write_folders(place / "ferplus", splits)
    if kind == "folder":
        return folder
    return Path(shutil.make_archive(str(folder), "zip", folder))


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were compared, each time that any were."""
    counts: list[int] = []

    def counting(images: np.ndarray, others: np.ndarray) -> np.ndarray:
        counts.append(len(images))
        return original(images, others)

    original = clean.has_copy_in
    monkeypatch.setattr(clean, "has_copy_in", counting)
    return counts


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))


def of_public_test(root: Path) -> list[bool]:
    found = clean_faces(FERPlus(root, "public-test"))
    assert found is not None
    assert found.flags.writeable
    return found.tolist()


def test_copies_are_sought_once(ferplus: Path, compared: list[int]) -> None:
    assert of_public_test(ferplus) == of_public_test(ferplus) == CLEAN
    assert compared == [20]


def test_a_thinned_split_is_another(ferplus: Path, compared: list[int]) -> None:
    assert of_public_test(ferplus) == CLEAN
    reader = FERPlus(ferplus, "public-test")
    reader.table = reader.table.rows([1, 5])
    assert np.array_equal(clean_faces(reader), [False, True])
    assert compared == [20, 2]


def test_changed_pictures_are_compared_again(ferplus: Path, compared: list[int]) -> None:
    assert of_public_test(ferplus) == CLEAN
    kind = "zip" if ferplus.suffix else "folder"
    copy_of(ferplus.parent, kind, repeated=3)
    assert of_public_test(ferplus) == [False, *CLEAN[:-1]]
    if kind == "folder":
        # The size may stay the same; the time of the change does not.
        face = next((ferplus / "FER2013Train").glob("*.png"))
        os.utime(face, ns=(0, 0))
        of_public_test(ferplus)
    assert compared == [20] * (3 if kind == "folder" else 2)


def test_a_cache_that_cannot_be_written_does_no_harm(
    ferplus: Path, compared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(ferplus.parent / "file" / "cache"))
    (ferplus.parent / "file").write_bytes(b"")
    assert of_public_test(ferplus) == of_public_test(ferplus) == CLEAN
    assert compared == [20, 20]


def test_training_and_other_sets_have_no_clean_part(ferplus: Path, tmp_path: Path) -> None:
    names = rafdb_copy.names_of("test", 2)
    rafdb = rafdb_copy.write_list(tmp_path / "rafdb", dict(zip(names, [1, 2], strict=True)))
    assert clean_faces(FERPlus(ferplus, "train")) is None
    assert clean_faces(RAFDB(rafdb, "test")) is None


def test_a_copy_without_training_has_no_clean_part(tmp_path: Path) -> None:
    splits = {"FER2013Valid": ferplus_copy.make_faces(4)}
    folder = ferplus_copy.write_folders(tmp_path / "ferplus", splits)
    assert clean_faces(FERPlus(folder, "public-test")) is None


@pytest.mark.parametrize("packed", [True, False])
def test_a_made_copy_without_training_has_none_either(packed: bool, tmp_path: Path) -> None:
    splits = {
        "FER2013Valid": ferplus_copy.make_faces(4),
        "FER2013Train": ferplus_copy.make_faces(4),
    }
    reader = FERPlus(ferplus_copy.write_folders(tmp_path / "ferplus", splits), "public-test")
    made = tmp_path / "made"
    if packed:
        pack([reader], made, default_preprocess(reader))
    else:
        prepare(reader, made, detector="none", jobs=1)
    assert clean_faces(FERPlus(made, "public-test")) is None
