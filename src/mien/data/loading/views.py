"""Several views of each picture in one batch, for losses that compare them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch.utils.data import Dataset

from ...errors import DataError
from .batches import FaceBatch
from .faces import FaceDataset, Key


class Views(Dataset[FaceBatch]):
    """Every picture as often as there are views, each varied independently.

    A batch of N keys becomes V N rows, all first views first: row ``v N + n`` is view ``v`` of
    the n-th picture. The targets come as often as the pictures.

    A view's variation depends on seed, epoch, picture and view alone. The first view is just
    what the data set gives without this class; the others have keys of their own.

    For training: ``Views(dataset, dataset)``. For validation the first view as it is and the
    second varied: ``Views(plain, varied)``. Loaders, samplers and
    :func:`~mien.data.loading.batches.collate` stay the same; a loader's ``batch_size`` counts
    pictures.

    Args:
        datasets: for each view that of its pictures; all of the same pictures in the same
            order, often one and the same.

    Raises:
        DataError: if there is none, or they differ in length.
    """

    def __init__(self, *datasets: FaceDataset) -> None:
        if len({len(one) for one in datasets}) != 1:
            lengths = ", ".join(str(len(one)) for one in datasets) or "none"
            raise DataError(f"views need data sets of the same pictures, not of {lengths}")
        self.datasets = datasets

    def __len__(self) -> int:
        return len(self.datasets[0])

    def __getitem__(self, key: Key) -> FaceBatch:
        """The views of one picture, (V, 3, size, size)."""
        return self.__getitems__([key])

    def __getitems__(self, keys: Sequence[Key]) -> FaceBatch:
        """The views of several, (V N, 3, size, size), and their targets."""
        batches = []
        # One data set fills one batch for all its views, which saves a copy.
        for _, run in groupby(enumerate(self.datasets), key=lambda one: id(one[1])):
            views = list(run)
            asked = [_key(key, view) for view, _ in views for key in keys]
            batches.append(views[0][1].__getitems__(asked))
        if len(batches) == 1:
            return batches[0]
        return FaceBatch(
            torch.cat([one.images for one in batches]),
            torch.cat([one.targets for one in batches]),
        )


def _key(key: Key, view: int) -> Key:
    """The first view keeps its key; others count down, which no time of a repeated draw does."""
    if view == 0:
        return key
    *drawn, index = key if isinstance(key, tuple) else (0, key)
    return (*drawn, -view, index)
