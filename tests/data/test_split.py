from dataclasses import replace
from pathlib import Path

import ferplus_copy
import numpy as np
import pytest
import rafdb_copy

from mien.data.annotations import Annotations
from mien.data.concatenation import Concatenation
from mien.data.ferplus import FERPlus
from mien.data.part import Part
from mien.data.rafdb import RAFDB
from mien.data.split import held_out, split_by, validation_part
from mien.errors import DataError
from mien.expressions import BASIC8


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2000, 16, 16), np.uint8)


def test_share_is_about_what_was_asked(images: np.ndarray) -> None:
    # A binomial of 2000 draws at 0.1 has a standard deviation of 13.4.
    assert abs(validation_part(images, 0.1).sum() - 200) < 5 * 13.4


def test_order_of_files_does_not_matter(images: np.ndarray) -> None:
    held = validation_part(images, 0.1)
    order = np.random.default_rng(1).permutation(len(images))
    assert np.array_equal(validation_part(images[order], 0.1), held[order])


def test_a_larger_share_contains_the_smaller(images: np.ndarray) -> None:
    assert not (validation_part(images, 0.05) & ~validation_part(images, 0.1)).any()


def test_copies_and_near_copies_stay_together(images: np.ndarray) -> None:
    brighter = np.clip(images[:500].astype(int) // 2 + 40, 0, 255).astype(np.uint8)
    held = validation_part(np.concatenate([images[:500], images[:500], brighter]), 0.3)
    first, same, near = np.split(held, 3)
    assert np.array_equal(first, same)
    assert np.array_equal(first, near)
    assert 0 < first.sum() < 500


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_bad_share(images: np.ndarray, share: float) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        validation_part(images, share)


def test_data_sets_in_files_are_split_by_group_or_name(tmp_path: Path) -> None:
    names = rafdb_copy.names_of("train", 400)
    data = RAFDB(rafdb_copy.write_list(tmp_path, dict.fromkeys(names, 1)))
    held = held_out(data, 0.25)
    # A binomial of 400 draws at 0.25 has a standard deviation of 8.7.
    assert abs(held.sum() - 100) < 5 * 8.7
    assert split_by(data) == "name"
    order = np.random.default_rng(0).permutation(400)
    data.keep(order)
    assert np.array_equal(held_out(data, 0.25), held[order])
    assert not (held_out(data, 0.1) & ~held_out(data, 0.25)).any()

    twice = [f"{one}#{number}" for one in "abcdefgh" for number in (2, 3)]
    listed_again = Annotations(names=twice, files=[""] * 16)
    data.table = listed_again
    pairs = held_out(data, 0.5).reshape(8, 2)
    assert np.array_equal(pairs[:, 0], pairs[:, 1])
    data.table = replace(listed_again, groups=["one"] * 8 + ["two"] * 8)
    halves = held_out(data, 0.5).reshape(2, 8)
    assert (halves == halves[:, :1]).all()
    assert split_by(data) == "group"
    with pytest.raises(DataError, match="between 0 and 1"):
        held_out(data, 1)


def test_faces_in_memory_are_split_by_content_also_in_a_concatenation(tmp_path: Path) -> None:
    faces = ferplus_copy.make_faces(50)
    fer = FERPlus(ferplus_copy.write_folders(tmp_path / "a", {"FER2013Train": faces}))
    held = held_out(fer, 0.4)
    assert np.array_equal(held, validation_part(faces[0], 0.4))
    assert split_by(fer) == "content"
    raf = RAFDB(
        rafdb_copy.write_list(tmp_path / "b", dict.fromkeys(rafdb_copy.names_of("train", 30), 1))
    )
    whole = Concatenation([raf, Part(fer, only=["happiness"])], BASIC8)
    happy = fer.table.classes == BASIC8.index("happiness")
    assert np.array_equal(held_out(whole, 0.4), np.concatenate([held_out(raf, 0.4), held[happy]]))
    assert split_by(whole) == "name and content"
