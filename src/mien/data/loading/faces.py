"""A torch data set of faces, prepared as the model's card says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from ...errors import DataError
from ...preprocess import Picture, Preprocess
from .augmentation import Augmentation
from .batches import FaceBatch, empty_batch
from .damage import Damage
from .draws import kept_generator, mixed_seed
from .pictures import Pictures, PicturesInMemory, crops

Key: TypeAlias = int | tuple[int, ...]
Change: TypeAlias = Callable[[Tensor], Tensor]

_LEVEL = np.float32(1 / 255)
_MOST_BYTES = 6 << 30
"""Of faces in memory that are cut at once; of more, each is cut whenever it is wanted."""


class FaceDataset(Dataset[tuple[Tensor, Tensor]]):
    """Pictures with one target each; decoded, cut and varied when they are asked for.

    The augmentation of picture ``i`` in epoch ``e`` depends on the seed, ``e`` and ``i``
    alone, not on the number of workers nor on what was drawn before, so that a run that is
    continued sees the same pictures as an undisturbed one.

    A picture that cannot be read is named in the log, and the next one that can takes its
    place, with its own target. When more than the tolerated share is damaged, the error
    lists them all.

    A loader may collate by :func:`~mien.data.loading.batches.collate`, which saves a copy.

    Args:
        pictures: a reader, a cache, or any other :class:`~mien.data.loading.pictures.Pictures`; or
            uint8 (N, H, W[, 3]) in memory.
        targets: float (N, M) distributions, or int (N,) class indices.
        preprocess: how a picture becomes the network's input.
        augmentation: ``None`` for evaluation.
        seed: of the run.
        tolerated: largest share of damaged pictures; above zero at least one is tolerated.
            Where every picture is to be measured, 0.

    Attributes:
        damage: the damaged pictures found so far, by whichever worker.

    Raises:
        DataError: if the numbers of pictures and targets differ.
        InputError: if the augmentation does not fit the network's input.
    """

    def __init__(
        self,
        pictures: Pictures | NDArray[np.uint8],
        targets: NDArray[np.generic],
        preprocess: Preprocess,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        *,
        tolerated: float = 0.001,
    ) -> None:
        if len(pictures) != len(targets):
            raise DataError(f"{len(pictures)} faces do not fit {len(targets)} targets")
        size = preprocess.size
        loaded = replace(preprocess, size=augmentation.loaded(size) if augmentation else size)
        if isinstance(pictures, np.ndarray):
            pictures = PicturesInMemory(pictures)
        # Pictures in memory are cut once, and not in every epoch.
        at_once = isinstance(pictures, PicturesInMemory) and _bytes(pictures, loaded) <= _MOST_BYTES
        self.faces: Pictures = (
            _CutInMemory(pictures, loaded)
            if isinstance(pictures, PicturesInMemory) and at_once
            else crops(pictures, loaded)
        )
        self.targets = torch.from_numpy(np.ascontiguousarray(targets))
        self.mean = torch.tensor(preprocess.mean)[:, None, None]
        self.gain = 1 / torch.tensor(preprocess.std)[:, None, None]
        self.transform = _Chained(augmentation.transform(size)) if augmentation else None
        self.transform_after = (
            _Chained(augmentation.transform_after(size))
            if augmentation and augmentation.after
            else None
        )
        self.seed = seed
        self.damage = Damage(self.faces.names, tolerated)

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, key: Key) -> tuple[Tensor, Tensor]:
        """One picture, float32 (3, size, size), and its target.

        Args:
            key: the picture's ``index``, or ``(epoch, index)``, or more numbers in front of
                the index that the augmentation is to depend on.
        """
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: Sequence[Key]) -> FaceBatch:
        """Several of them, which is how loaders ask."""
        faces, rows = [], []
        with _one_thread(), kept_generator() as generator:
            for key in keys:
                *drawn, index = key if isinstance(key, tuple) else (0, key)
                picture, row = self._readable(index)
                rows.append(row)
                values = _values(picture)
                if self.transform is not None:
                    generator.manual_seed(mixed_seed(self.seed, *drawn, index))
                    values = self.transform(values)
                if self.transform_after is not None:
                    values = self.transform_after((values - self.mean) * self.gain)
                faces.append(values)
        if not faces:
            raise DataError("no pictures were asked for")
        return FaceBatch(self._gathered(faces), self.targets[rows])

    def _gathered(self, faces: Sequence[Tensor]) -> Tensor:
        """A batch of faces (C, H, W), all normalised at once; grey becomes three channels."""
        images = empty_batch(len(faces), len(self.mean), *faces[0].shape[1:])
        if self.transform_after is not None:
            return torch.stack(list(faces), out=images)
        return torch.sub(torch.stack(list(faces)), self.mean, out=images).mul_(self.gain)

    def _readable(self, index: int) -> tuple[Picture, int]:
        """The picture, or the next that can be read, and its row."""
        count = len(self.faces)
        for step in range(count):
            row = (index + step) % count
            try:
                return self.faces.picture(row), row
            except DataError as error:
                self.damage.add(row, error)
        raise DataError(f"not one of {count} pictures can be read; check the copy")


class _CutInMemory:
    """Faces in memory, which workers share."""

    def __init__(self, pictures: PicturesInMemory, preprocess: Preprocess) -> None:
        if not len(pictures):
            raise DataError("there is no face to learn from or to measure on")
        cut = np.stack([preprocess.cut(image) for image in pictures.images])
        self.crops, self.names = torch.from_numpy(cut), pictures.names

    def __len__(self) -> int:
        return len(self.crops)

    def picture(self, index: int) -> Picture:
        """A face, uint8 (size, size[, 3])."""
        picture: Picture = self.crops.numpy()[index]
        return picture


def _bytes(pictures: PicturesInMemory, preprocess: Preprocess) -> int:
    """How much memory the faces take when they are cut."""
    return len(pictures) * preprocess.size**2 * (1 if preprocess.colour == "grey" else 3)


class _Chained:
    """Steps one after the other, without what torch does around each call of a module."""

    def __init__(self, steps: nn.Sequential) -> None:
        self.changes: list[Change] = [step.forward for step in steps]

    def __call__(self, values: Tensor) -> Tensor:
        for change in self.changes:
            values = change(values)
        return values


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV starts no threads, which takes longer than to change a face, and torch has its own."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _values(picture: Picture) -> Tensor:
    """Bytes (H, W[, C]) to values (C, H, W) between 0 and 1."""
    planes = picture[None] if picture.ndim == 2 else picture.transpose(2, 0, 1)
    if not planes.flags.c_contiguous:
        # By OpenCV in a quarter of the time.
        planes = np.empty(planes.shape, np.uint8)
        cv2.split(picture, list(planes))
    return torch.from_numpy(np.multiply(planes, _LEVEL, dtype=np.float32))
