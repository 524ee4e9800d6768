"""Copies and near copies: small pictures of known making, and FER+'s known numbers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.data.checking.copies import content_groups, has_copy_in, reduced
from mien.errors import DataError


def textures(number: int, seed: int = 0, side: int = 48) -> np.ndarray:
    """Unrelated pictures with structure at all scales."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 200, (number, 8, 8), dtype=np.uint8)
    fine = random.integers(0, 40, (number, side, side), dtype=np.uint8)
    large = np.stack([cv2.resize(one, (side, side)) for one in coarse])
    return large + fine


def test_identical_pictures_share_a_group() -> None:
    one, two, three = textures(3)
    groups = content_groups(np.stack([one, two, one, three, two, one]))
    assert groups.tolist() == [0, 1, 0, 2, 1, 0]


def test_brighter_flatter_and_recompressed_pictures_are_near_copies() -> None:
    picture, other = textures(2)
    brighter = (picture.astype(int) * 0.8 + 30).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])
    again = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
    images = np.stack([picture, brighter, other, again])
    assert content_groups(images).tolist() == [0, 0, 1, 0]
    assert content_groups(images, near=False).tolist() == [0, 1, 2, 3]


def test_groups_are_closed_over_chains_of_near_copies() -> None:
    first, second = textures(2, seed=3)
    shares = np.linspace(0, 1, 30)
    chain = np.stack([np.uint8((1 - share) * first + share * second) for share in shares])
    values = reduced(chain)
    assert values[0] @ values[-1] < 0.99 < values[0] @ values[1]
    assert set(content_groups(chain)) == {0}


def test_mirrored_and_unrelated_pictures_are_not_near_copies() -> None:
    images = textures(20, seed=1)
    both = np.concatenate([images, images[:, :, ::-1]])
    assert len(set(content_groups(both))) == 40


def test_pictures_of_one_brightness_are_copies_only_if_equal() -> None:
    flat = np.stack([np.full((48, 48), value, np.uint8) for value in (0, 0, 90)])
    assert content_groups(flat).tolist() == [0, 0, 1]
    assert has_copy_in(flat, flat[:1]).tolist() == [True, True, False]


def test_correlation_is_that_of_numpy() -> None:
    images = textures(5, seed=2)
    means = images.reshape(5, 8, 6, 8, 6).mean(axis=(2, 4)).reshape(5, 64)
    values = reduced(images)
    assert np.allclose(values @ values.T, np.corrcoef(means), atol=1e-5)


def test_has_copy_in_finds_copies_and_near_copies() -> None:
    images, others = textures(4), textures(3, seed=9)
    others = np.stack([others[0], images[2], images[0] // 2 + 20])
    assert has_copy_in(images, others).tolist() == [True, False, True, False]
    assert has_copy_in(images, others, near=False).tolist() == [False, False, True, False]


def test_nothing_has_no_copies() -> None:
    nothing = np.zeros((0, 48, 48), np.uint8)
    assert content_groups(nothing).shape == (0,)
    assert has_copy_in(nothing, textures(2)).shape == (0,)
    assert not has_copy_in(textures(2), nothing).any()


def test_colour_pictures_are_compared_in_colour() -> None:
    red, green, blue = textures(3)
    images = np.stack([np.dstack([red, green, blue]), np.dstack([blue, green, red])])
    assert content_groups(images).tolist() == [0, 1]
    with pytest.raises(DataError, match="both to grey or both to colour"):
        has_copy_in(images, textures(2))


def test_other_kinds_of_pictures_are_refused() -> None:
    with pytest.raises(DataError, match="float64"):
        content_groups(np.zeros((2, 48, 48)))
    with pytest.raises(DataError, match=r"\(48, 48\)"):
        has_copy_in(textures(1), textures(1)[0])


@pytest.fixture(scope="module")
def ferplus_faces(shared_data: Path) -> dict[str, np.ndarray]:
    """Training and PublicTest, read without mien's own reader."""
    faces = {}
    with zipfile.ZipFile(shared_data / "ferplus.zip") as archive:
        for folder in ("FER2013Train", "FER2013Valid"):
            table = io.TextIOWrapper(archive.open(f"{folder}/label.csv"), encoding="utf-8")
            names = [line.split(",")[0] for line in table if line.strip()]
            files = (np.frombuffer(archive.read(f"{folder}/{name}"), np.uint8) for name in names)
            faces[folder] = np.stack([cv2.imdecode(one, cv2.IMREAD_GRAYSCALE) for one in files])
    return faces


def test_ferplus_has_the_known_copies(ferplus_faces: dict[str, np.ndarray]) -> None:
    train, public = ferplus_faces["FER2013Train"], ferplus_faces["FER2013Valid"]
    assert (len(train), len(public)) == (28_558, 3_579)
    assert len(train) - len(set(content_groups(train, near=False))) == 1_224
    assert has_copy_in(public, train, near=False).sum() == 279
    assert has_copy_in(public, train).sum() == 375


def test_groups_of_ferplus_agree_with_a_search_by_pairs(
    ferplus_faces: dict[str, np.ndarray],
) -> None:
    public = ferplus_faces["FER2013Valid"]
    groups = content_groups(public)
    values = reduced(public)
    alike = values @ values.T > 0.99
    assert (groups[:, None] == groups[None, :])[alike].all()
    # A picture alone in its group resembles no other.
    alone = np.bincount(groups)[groups] == 1
    np.fill_diagonal(alike, False)
    assert not alike[alone].any()
    assert 0 < (~alone).sum() < 300
