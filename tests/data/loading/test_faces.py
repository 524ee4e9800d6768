from __future__ import annotations

import logging
import zipfile
from pathlib import Path

import cv2
import fairface_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torch.utils.data import DataLoader  # noqa: E402

from mien.data.annotations import Annotations  # noqa: E402
from mien.data.concatenation import Concatenation  # noqa: E402
from mien.data.fairface import FairFace  # noqa: E402
from mien.data.loading.augmentation import Augmentation  # noqa: E402
from mien.data.loading.augmentation_steps import Affine, Crop, Erasing, Flip, Jitter  # noqa: E402
from mien.data.loading.batches import FaceBatch, collate  # noqa: E402
from mien.data.loading.faces import FaceDataset  # noqa: E402
from mien.data.loading.pictures import ChosenPictures, Crops  # noqa: E402
from mien.data.part import Part  # noqa: E402
from mien.data.reader import Reader  # noqa: E402
from mien.errors import DataError, InputError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.preprocess import Picture, Preprocess  # noqa: E402

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 20, 20), np.uint8)
TARGETS = np.arange(6)
PREPROCESS = Preprocess(size=16, colour="grey", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
COLOUR = Preprocess(size=16, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
STRONG = Augmentation(
    load=20,
    steps=(
        Flip(),
        Affine(degrees=20, shift=0.1, zoom=(0.8, 1.2)),
        Crop(16),
        Jitter(brightness=0.3, contrast=0.3),
    ),
    after=(Erasing(0.5, value="noise"),),
)
# What torch says where it has fewer cores than workers.
FEWER_CORES = pytest.mark.filterwarnings("ignore:This DataLoader will create")


class Given:
    """Pictures that are given; ``None`` for damaged ones."""

    def __init__(self, pictures: list[Picture | None]) -> None:
        self.pictures = pictures
        self.names = [f"{row}.jpg" for row in range(len(pictures))]

    def __len__(self) -> int:
        return len(self.pictures)

    def picture(self, index: int) -> Picture:
        picture = self.pictures[index]
        if picture is None:
            raise DataError(f"copy: {self.names[index]} does not decode as a picture")
        return picture


def flat(*values: int | None) -> Given:
    return Given([None if one is None else np.full((16, 16, 3), one, np.uint8) for one in values])


def first_value(picture: torch.Tensor) -> int:
    return round(float((picture[0, 0, 0] * COLOUR.std[0] + COLOUR.mean[0]) * 255))


def test_without_augmentation_it_is_what_the_runtime_sees() -> None:
    data = FaceDataset(IMAGES, TARGETS, PREPROCESS)
    for index in range(len(data)):
        picture, target = data[index]
        assert picture.numpy() == pytest.approx(PREPROCESS(IMAGES[index]), abs=1e-5)
        assert target == index


@pytest.mark.parametrize("preprocess", [PREPROCESS, COLOUR], ids=["grey", "rgb"])
def test_a_readers_pictures_are_what_the_runtime_sees(
    tmp_path: Path, preprocess: Preprocess
) -> None:
    reader = FairFace(fairface_copy.write(tmp_path, 3))
    data = FaceDataset(reader, np.zeros((3, 8)), preprocess)
    for index in range(3):
        expected = preprocess(fairface_copy.picture(index + 1))
        assert data[index][0].numpy() == pytest.approx(expected, abs=1e-5)


def test_draws_depend_on_seed_epoch_and_index_alone() -> None:
    one, other = (FaceDataset(IMAGES, TARGETS, PREPROCESS, STRONG, seed=1) for _ in range(2))
    forwards = [one[(3, index)][0] for index in range(6)]
    torch.rand(100)
    backwards = [other[(3, index)][0] for index in reversed(range(6))][::-1]
    assert all(torch.equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    assert not torch.equal(one[(4, 0)][0], forwards[0])
    assert not torch.equal(one[(3, 1, 0)][0], forwards[0])
    third = FaceDataset(IMAGES, TARGETS, PREPROCESS, STRONG, seed=2)
    assert not torch.equal(third[(3, 0)][0], forwards[0])
    assert forwards[0].shape == (3, 16, 16)


def test_the_global_generator_is_left_alone() -> None:
    data = FaceDataset(IMAGES, TARGETS, PREPROCESS, STRONG)
    before = torch.get_rng_state()
    _ = data[(0, 0)]
    assert torch.equal(torch.get_rng_state(), before)


def test_flip_alone_gives_one_of_two_pictures() -> None:
    data = FaceDataset(IMAGES, TARGETS, PREPROCESS, Augmentation())
    plain = FaceDataset(IMAGES, TARGETS, PREPROCESS)[0][0]
    drawn = [data[(epoch, 0)][0] for epoch in range(40)]
    kept = [torch.equal(one, plain) for one in drawn]
    turned = [torch.equal(one, plain.flip(2)) for one in drawn]
    assert all(a or b for a, b in zip(kept, turned, strict=True))
    assert 8 <= sum(kept) <= 32


@FEWER_CORES
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_workers_give_the_same_batches(tmp_path: Path, packed: bool) -> None:
    root = fairface_copy.write(tmp_path / "copy", 24)
    if packed:
        root = tmp_path / "copy.zip"
        with zipfile.ZipFile(root, "w") as archive:
            for path in sorted((tmp_path / "copy").rglob("*.*")):
                archive.write(path, path.relative_to(tmp_path / "copy"))
    data = FaceDataset(FairFace(root), np.arange(24), COLOUR, STRONG, seed=3)
    keys = [(1, index) for index in np.random.default_rng(0).permutation(24).tolist()]
    expected = [data[key] for key in keys]
    # In one process first, so that the workers inherit an open file and its position.
    for workers, function in ((0, collate), (3, collate), (3, None)):
        loader = DataLoader(
            data, batch_size=5, sampler=keys, num_workers=workers, collate_fn=function
        )
        batches = list(loader)
        images = torch.cat([images for images, _ in batches])
        assert torch.equal(images, torch.stack([picture for picture, _ in expected]))
        targets = torch.cat([targets for _, targets in batches])
        assert targets.tolist() == [index for _, index in keys]


def test_workers_hand_over_batches_in_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    data = FaceDataset(IMAGES, TARGETS, PREPROCESS, STRONG)
    assert not data.__getitems__([(0, 0), (0, 1)]).images.is_shared()
    monkeypatch.setattr("mien.data.loading.batches.get_worker_info", lambda: "a worker")
    batch = data.__getitems__([(0, 0), (0, 1)])
    assert batch.images.is_shared()
    assert torch.equal(batch.images[1], data[(0, 1)][0])
    images, targets = collate(batch)
    assert images is batch.images
    assert targets.tolist() == [0, 1]


def test_a_batch_is_also_a_list_of_samples() -> None:
    batch = FaceBatch(torch.arange(12.0).view(3, 1, 2, 2), torch.tensor([5, 6, 7]))
    assert len(batch) == 3
    assert [int(target) for _, target in batch] == [5, 6, 7]
    assert torch.equal(batch[1:].images, batch.images[1:])
    assert torch.equal(collate(list(batch))[0], batch.images)


def test_opencv_starts_no_threads_for_a_face() -> None:
    threads: list[int] = []

    class Watching(Given):
        def picture(self, index: int) -> Picture:
            threads.append(cv2.getNumThreads())
            return super().picture(index)

    data = FaceDataset(Watching(flat(1, 2).pictures), TARGETS[:2], COLOUR)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        _ = data[0], data[1]
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
    assert threads == [1, 1]


def test_the_next_good_picture_takes_a_damaged_ones_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = FaceDataset(flat(0, None, None, 30, 40), np.arange(5), COLOUR, tolerated=0.4)
    with caplog.at_level(logging.WARNING, "mien"):
        for _ in range(3):
            drawn = [data[index] for index in range(5)]
            assert [first_value(picture) for picture, _ in drawn] == [0, 30, 30, 30, 40]
            assert [int(target) for _, target in drawn] == [0, 3, 3, 3, 4]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["1.jpg", "2.jpg"]
    assert "does not decode" in caplog.text
    assert data.damage.names == ["1.jpg", "2.jpg"]
    last = FaceDataset(flat(0, 10, None), np.arange(3), COLOUR)
    assert first_value(last[2][0]) == 0


def test_more_damage_than_tolerated_stops_the_run_with_the_list() -> None:
    damaged = FaceDataset(flat(0, None, 20, None), np.arange(4), COLOUR, tolerated=0.25)
    assert first_value(damaged[1][0]) == 20
    with pytest.raises(DataError, match=r"^2 of 4 pictures .* 1 are tolerated.*: 1.jpg, 3.jpg$"):
        _ = damaged[3]
    strict = FaceDataset(flat(0, None), np.arange(2), COLOUR, tolerated=0)
    with pytest.raises(DataError, match="1 of 2 pictures"):
        _ = strict[1]
    with pytest.raises(DataError, match="not one of 1 pictures"):
        _ = FaceDataset(flat(None), np.arange(1), COLOUR)[0]
    with pytest.raises(DataError, match="tolerated is 2"):
        FaceDataset(flat(0), np.arange(1), COLOUR, tolerated=2)


def test_at_least_one_of_few_and_a_thousandth_of_many_are_tolerated() -> None:
    few, many = (
        FaceDataset(Given([None] * number), np.zeros(number), COLOUR) for number in (10, 4000)
    )
    assert (few.damage.allowed, many.damage.allowed) == (1, 4)


@FEWER_CORES
def test_damage_is_counted_across_workers() -> None:
    values = [None if row % 5 == 0 else row for row in range(20)]
    data = FaceDataset(flat(*values), np.arange(20), COLOUR, tolerated=0.2)
    seen = [int(one) for _, targets in DataLoader(data, 2, num_workers=2) for one in targets]
    assert seen == [row + (row % 5 == 0) for row in range(20)]
    assert data.damage.names == ["0.jpg", "5.jpg", "10.jpg", "15.jpg"]
    strict = FaceDataset(flat(*values), np.arange(20), COLOUR, tolerated=0.15)
    with pytest.raises(DataError):
        list(DataLoader(strict, 2, num_workers=2))
    # What the worker said is wrapped in its traceback; this is in one line.
    with pytest.raises(DataError, match=r"^4 of 20 pictures .*: 0.jpg, 5.jpg, 10.jpg, 15.jpg$"):
        strict.damage.check()


class Boxed(Reader):
    """Two faces in one picture, and a row without a box."""

    name, title, splits = "boxed", "Boxed", ("train",)

    def _annotations(self) -> Annotations:
        return Annotations(
            names=["left", "right", "none"],
            files=["photo.png"] * 3,
            boxes=np.array([[0, 0, 16, 16], [16, 0, 16, 16], [np.nan] * 4]),
        )


def test_faces_are_cut_by_their_boxes(tmp_path: Path) -> None:
    photo = np.random.default_rng(1).integers(0, 256, (16, 32, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), photo[..., ::-1])
    reader = Boxed(tmp_path, "train")
    faces = Crops(reader, COLOUR)
    assert np.array_equal(faces.picture(0), photo[:, :16])
    assert np.array_equal(faces.picture(1), photo[:, 16:])
    with pytest.raises(DataError, match="none has no box"):
        faces.picture(2)
    chosen = FaceDataset(ChosenPictures(reader, [1, 0]), np.arange(2), COLOUR)
    assert chosen[0][0].numpy() == pytest.approx(COLOUR(photo[:, 16:]), abs=1e-5)
    # Also as one of several data sets, which has its boxes too.
    both = Concatenation(
        [Part(reader, unlabelled=True), Part(reader, unlabelled=True, name="again")], BASIC8
    )
    for pictures, row in ((both, 4), (ChosenPictures(both, [0, 4]), 1)):
        faces = FaceDataset(pictures, np.arange(len(pictures)), COLOUR)
        assert faces[row][0].numpy() == pytest.approx(COLOUR(photo[:, 16:]), abs=1e-5)


def test_chosen_pictures_keep_names_and_order() -> None:
    chosen = ChosenPictures(flat(0, 10, 20), [2, 0])
    assert (len(chosen), chosen.names) == (2, ["2.jpg", "0.jpg"])
    assert [int(chosen.picture(row)[0, 0, 0]) for row in range(2)] == [20, 0]
    for rows in ([3], [-1]):
        with pytest.raises(DataError, match="of 3 pictures"):
            ChosenPictures(flat(0, 10, 20), rows)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="6 faces do not fit 5 targets"):
        FaceDataset(IMAGES, TARGETS[:5], PREPROCESS)


def test_pictures_smaller_than_the_input_are_refused() -> None:
    with pytest.raises(InputError, match="too small"):
        FaceDataset(IMAGES, TARGETS, PREPROCESS, Augmentation(load=8))
