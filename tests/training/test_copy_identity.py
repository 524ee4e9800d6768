"""What tells copies apart whose pictures are in files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import ferplus_copy
import numpy as np
import pytest
import rafdb_copy

pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.data.ferplus import FERPlus
from mien.data.packed import pack
from mien.data.preparing.prepare import prepare
from mien.data.rafdb import RAFDB
from mien.expressions import BASIC7
from mien.preprocess import Preprocess
from mien.training.copies import Copies
from mien.training.copy_identity import copy_identity
from mien.training.parts import load_parts
from mien.training.recipe import Recipe
from mien.training.sources import Source

RAF = Recipe(
    name="tried",
    model="small",
    data=(Source("rafdb"),),
    preprocess=Preprocess(size=16),
    validation_share=0.3,
)


def write(root: Path) -> Path:
    names = rafdb_copy.names_of("train", 20)
    labels = {name: 1 + place % 7 for place, name in enumerate(names)}
    return rafdb_copy.write_pictures(rafdb_copy.write_list(root, labels), names)


def identity(root: Path, recipe: Recipe = RAF, **others: Path) -> str:
    return load_parts(recipe, Copies({"rafdb": root, **others})).identity


def test_an_original_is_its_names_and_targets(tmp_path: Path) -> None:
    root = write(tmp_path)
    assert copy_identity(RAFDB(root)) == ""
    parts = load_parts(RAF, Copies({"rafdb": root}))
    text = str(parts.labels)
    digest = hashlib.sha256(text.encode())
    for pictures, targets in (
        (parts.train, parts.train_targets),
        (parts.held, parts.held_targets),
    ):
        digest.update(f"{targets.dtype} {targets.shape} ".encode())
        digest.update("\n".join(pictures.names).encode() + targets.tobytes())
    assert parts.copies == ()
    assert parts.identity == digest.hexdigest()


def test_packed_copies_are_told_apart_by_their_pixels(tmp_path: Path) -> None:
    root = write(tmp_path / "rafdb")
    ways = {"a": (20, "rgb"), "b": (24, "rgb"), "c": (20, "grey"), "d": (20, "rgb")}
    for name, (size, colour) in ways.items():
        pack([RAFDB(root)], tmp_path / f"{name}.zip", Preprocess(size=size, colour=colour))
    picture = root / "Image/aligned/train_00004_aligned.jpg"
    cv2.imwrite(str(picture), np.full((100, 100, 3), 200, np.uint8))
    pack([RAFDB(root)], tmp_path / "e.zip", Preprocess(size=20))
    found = {name: identity(tmp_path / f"{name}.zip") for name in "abcde"}
    assert found["a"] == found["d"]
    assert len({*found.values(), identity(root)}) == 5
    mosaic = RAFDB(tmp_path / "a.zip")
    pixels = np.stack([mosaic.picture(row) for row in range(20)])
    assert hashlib.sha256(pixels.tobytes()).hexdigest() in copy_identity(mosaic)


def test_prepared_copies_are_told_apart_by_their_settings(tmp_path: Path) -> None:
    root = write(tmp_path / "rafdb")
    for name, size in (("a", 20), ("b", 24), ("c", 20)):
        prepare(RAFDB(root), tmp_path / name, size=size, detector="none", align="square", jobs=1)
    found = [identity(tmp_path / name) for name in "abc"]
    assert found[0] == found[2]
    assert len({*found, identity(root)}) == 3


def test_pictures_in_memory_speak_for_themselves(tmp_path: Path) -> None:
    faces = {"FER2013Train": ferplus_copy.make_faces(60)}
    root = ferplus_copy.write_folders(tmp_path / "ferplus", faces)
    pack([FERPlus(root)], tmp_path / "packed.zip")
    recipe = replace(RAF, data=(Source("ferplus"),))
    one, other = (
        load_parts(recipe, Copies({"ferplus": path})) for path in (root, tmp_path / "packed.zip")
    )
    assert one.identity == other.identity
    assert one.copies == other.copies == ()
    # Of the test split, which is in files, something is to be said nevertheless.
    rafdb = write(tmp_path / "rafdb")
    pack([RAFDB(rafdb)], tmp_path / "rafdb.zip", Preprocess(size=20))
    tested = replace(
        recipe,
        data=(Source("ferplus", only=tuple(map(str, BASIC7))),),
        labels=BASIC7,
        selection="test",
        test=Source("rafdb"),
    )
    packed = load_parts(tested, Copies({"ferplus": root, "rafdb": tmp_path / "rafdb.zip"}))
    assert packed.copies == (copy_identity(RAFDB(tmp_path / "rafdb.zip")),)
    assert packed.identity != identity(rafdb, tested, ferplus=root)
