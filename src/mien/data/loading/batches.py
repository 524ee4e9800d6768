"""Batches that are filled where they will be read.

torch collates a batch by copying every picture into shared memory. A batch of faces is made
there in the first place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, overload

import torch
from torch import Tensor
from torch.utils.data import default_collate, get_worker_info

_FLOAT = torch.float32.itemsize


class FaceBatch(Sequence[tuple[Tensor, Tensor]]):
    """Pictures float32 (N, 3, H, W) and targets (N, ...), also one by one."""

    def __init__(self, images: Tensor, targets: Tensor) -> None:
        self.images, self.targets = images, targets

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]: ...

    @overload
    def __getitem__(self, place: slice) -> FaceBatch: ...

    def __getitem__(self, place: int | slice) -> tuple[Tensor, Tensor] | FaceBatch:
        """One picture and its target, or a part of the batch."""
        if isinstance(place, slice):
            return FaceBatch(self.images[place], self.targets[place])
        return self.images[place], self.targets[place]


def collate(samples: Any) -> Any:
    """What a loader makes of its samples: images and targets; a batch is one already."""
    if isinstance(samples, FaceBatch):
        return samples.images, samples.targets
    return default_collate(samples)


def empty_batch(*shape: int) -> Tensor:
    """Memory for a batch, float32; in a loader's worker shared with the process it works for."""
    if get_worker_info() is None:
        return torch.empty(shape)
    # As in torch's own collate function; share_memory_() would copy what is not there yet.
    new_shared: Callable[[int], torch.UntypedStorage] = torch.UntypedStorage._new_shared
    batch: Tensor = torch.empty(0).set_(new_shared(math.prod(shape) * _FLOAT), 0, shape)  # type: ignore[call-overload]
    return batch
