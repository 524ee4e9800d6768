"""Pictures in memory, and several sources one after the other."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.data.loading.faces import FaceDataset  # noqa: E402
from mien.data.loading.pictures import (  # noqa: E402
    ChosenPictures,
    JoinedPictures,
    PicturesInMemory,
    crops,
)
from mien.errors import DataError  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

GREY = np.random.default_rng(0).integers(0, 256, (5, 20, 20), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (3, 30, 30, 3), np.uint8)


def test_pictures_in_memory_are_what_they_are() -> None:
    pictures = PicturesInMemory(GREY, list("abcde"))
    assert (len(pictures), list(pictures.names)) == (5, list("abcde"))
    assert np.array_equal(pictures.picture(3), GREY[3])
    assert PicturesInMemory(COLOUR).names[2] == "face 2"
    with pytest.raises(DataError, match="2 names do not fit 5 pictures"):
        PicturesInMemory(GREY, ["a", "b"])
    for wrong in (GREY.astype(np.float32), GREY[0]):
        with pytest.raises(DataError, match="no pictures of one size"):
            PicturesInMemory(wrong)


def test_joined_pictures_keep_their_order_and_their_ways() -> None:
    chosen = ChosenPictures(PicturesInMemory(COLOUR, list("xyz")), [2, 0])
    joined = JoinedPictures([PicturesInMemory(GREY, list("abcde")), chosen])
    assert list(joined.names) == [*"abcde", "z", "x"]
    assert len(joined) == 7
    assert np.array_equal(joined.picture(4), GREY[4])
    assert np.array_equal(joined.picture(5), COLOUR[2])
    way = Preprocess(size=8)
    faces = crops(joined, way)
    assert np.array_equal(faces.picture(1), way.cut(GREY[1]))
    assert np.array_equal(faces.picture(6), way.cut(COLOUR[0]))
    assert len(JoinedPictures([])) == 0


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
def test_more_than_fits_is_cut_when_it_is_wanted(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Preprocess(size=12)
    targets = np.arange(len(images))
    at_once = FaceDataset(PicturesInMemory(images), targets, way)
    monkeypatch.setattr("mien.data.loading.faces._MOST_BYTES", 100)
    later = FaceDataset(PicturesInMemory(images), targets, way)
    plain = FaceDataset(images, targets, way)
    assert type(at_once.faces) is not type(later.faces)
    for row in range(len(images)):
        assert torch.equal(at_once[row][0], later[row][0])
        assert torch.equal(at_once[row][0], plain[row][0])


def test_no_face_at_all_is_told() -> None:
    with pytest.raises(DataError, match="no face to learn from"):
        FaceDataset(PicturesInMemory(GREY[:0]), np.zeros(0, int), Preprocess(size=8))
