"""Batches of a recipe's two parts, shared out among the processes of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

from torch.utils.data import DataLoader, Dataset

from ..data.loading.batches import collate
from ..data.loading.faces import FaceDataset
from ..data.loading.samplers import EpochLoader, EpochSampler
from ..data.loading.sampling import make_plan
from ..data.loading.views import Views
from .parts import Parts
from .recipe import Recipe
from .targets import column_of_classes

Loader: TypeAlias = DataLoader[Any]
"""Gives images (N, 3, H, W) and targets (N, ...)."""

_START = "fork" if sys.platform == "linux" else None
"""How workers begin. What is forked shares packed pictures, which others must decode anew."""


class _Batches:
    """Batches of rows in their order; process r of w gets those numbered r, r + w, ..."""

    def __init__(self, pictures: int, batch: int, rank: int, world: int) -> None:
        self.pictures, self.batch = pictures, batch
        self.firsts = range(rank * batch, pictures, world * batch)

    def __len__(self) -> int:
        return len(self.firsts)

    def __iter__(self) -> Iterator[list[int]]:
        for first in self.firsts:
            yield list(range(first, min(first + self.batch, self.pictures)))


def training_loader(
    recipe: Recipe, parts: Parts, rank: int = 0, world: int = 1, *, pinned: bool = False
) -> Loader:
    """Of the training part, varied and drawn as the recipe says.

    Args:
        recipe: whose batch is that of all processes together.
        parts: what to load.
        rank: which process this is.
        world: number of processes.
        pinned: in memory that an accelerator copies from directly.
    """
    faces = FaceDataset(
        parts.train, parts.train_targets, recipe.preprocess, recipe.augmentation, recipe.seed
    )
    plan = make_plan(recipe.sampling, column_of_classes(parts.train_targets))
    views = recipe.objective.views
    shown: Dataset[Any] = faces if views == 1 else Views(*[faces] * views)
    return EpochLoader(
        shown,
        batch_size=recipe.batch // world,
        sampler=EpochSampler(plan, recipe.seed, rank, world),
        drop_last=True,
        collate_fn=collate,
        num_workers=recipe.workers,
        persistent_workers=recipe.workers > 0,
        multiprocessing_context=_START if recipe.workers else None,
        pin_memory=pinned,
    )


def held_loader(
    recipe: Recipe, parts: Parts, rank: int = 0, world: int = 1, *, pinned: bool = False
) -> Loader:
    """Of the held-out part, every picture once; arguments as those of :func:`training_loader`.

    Pictures are as they are; where a loss compares views, all but the first are varied, in
    every epoch in the same way. All processes must take part in a validation: of a part with
    fewer batches than processes, batches are smaller.
    """
    size, pictures = recipe.batch, len(parts.held)
    if -(-pictures // size) < world:
        size = max(pictures // world, 1)
    faces, *varied = (
        FaceDataset(
            parts.held, parts.held_targets, recipe.preprocess, changes, recipe.seed, tolerated=0
        )
        for changes in (None, recipe.augmentation)[: recipe.objective.views]
    )
    shown: Dataset[Any] = faces
    if varied:
        shown = Views(faces, *varied * (recipe.objective.views - 1))
    return DataLoader(
        shown,
        batch_sampler=_Batches(pictures, size, rank, world),
        collate_fn=collate,
        num_workers=recipe.workers,
        persistent_workers=recipe.workers > 0,
        multiprocessing_context=_START if recipe.workers else None,
        pin_memory=pinned,
    )


def steps_of_epoch(recipe: Recipe, parts: Parts) -> int:
    """Whole batches of an epoch, on any number of processes."""
    plan = make_plan(recipe.sampling, column_of_classes(parts.train_targets))
    return len(plan) // recipe.batch
