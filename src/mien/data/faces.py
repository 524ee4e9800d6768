"""A torch data set of faces in memory, prepared as the model's card says."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ..errors import DataError
from ..preprocess import Preprocess
from .augmentation import Augmentation


class FaceDataset(Dataset[tuple[Tensor, Tensor]]):
    """Faces (N, H, W[, 3]) with one target each.

    The augmentation of picture ``i`` in epoch ``e`` depends on the seed, ``e`` and ``i``
    alone, not on the number of workers nor on what was drawn before, so that a run that is
    continued sees the same pictures as an undisturbed one.

    Args:
        images: uint8, face crops.
        targets: float (N, M) distributions, or int (N,) class indices.
        preprocess: how a crop becomes the network's input.
        augmentation: ``None`` for evaluation.
        seed: of the run.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        targets: NDArray[np.generic],
        preprocess: Preprocess,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        if len(images) != len(targets):
            raise DataError(f"{len(images)} faces do not fit {len(targets)} targets")
        cuts = np.stack([preprocess.cut(image) for image in images])
        self.crops = torch.from_numpy(cuts if cuts.ndim == 4 else cuts[..., None])
        self.targets = torch.from_numpy(np.ascontiguousarray(targets))
        self.mean = torch.tensor(preprocess.mean)[:, None, None]
        self.std = torch.tensor(preprocess.std)[:, None, None]
        self.transform = augmentation.transform() if augmentation else None
        self.seed = seed

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        """The picture ``index``, or ``(epoch, index)``, and its target."""
        epoch, index = key if isinstance(key, tuple) else (0, key)
        picture = self.crops[index].permute(2, 0, 1).float() / 255
        if self.transform is not None:
            # Only the generator that the transforms draw from: torch.manual_seed seeds those
            # of all devices, which takes longer than the transforms.
            before = torch.get_rng_state()
            torch.default_generator.manual_seed(_mix(self.seed, epoch, index))
            picture = self.transform(picture)
            torch.set_rng_state(before)
        return (picture - self.mean) / self.std, self.targets[index]


class EpochSampler(torch.utils.data.Sampler[tuple[int, int]]):
    """A fresh shuffle every epoch, decided by seed and epoch; yields ``(epoch, index)``."""

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed, self.epoch = length, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self):  # type: ignore[no-untyped-def]
        """Keys of one epoch."""
        generator = torch.Generator().manual_seed(_mix(self.seed, self.epoch, self.length))
        order = torch.randperm(self.length, generator=generator).tolist()
        return iter([(self.epoch, index) for index in order])


def _mix(*numbers: int) -> int:
    """One 63-bit seed from several numbers."""
    words = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return int(words[0] >> 1)
