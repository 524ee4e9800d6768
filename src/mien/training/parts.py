"""What a recipe trains on: the two parts of a training set, with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.fairface import FairFace
from ..data.ferplus import FERPlus
from ..data.ferplus_protocols import vote_distribution
from ..data.split import validation_part
from ..errors import DataError
from .recipe import Recipe
from .teachers import teacher_targets


@dataclass(frozen=True, slots=True)
class Parts:
    """The two parts of a training set: faces uint8 (N, H, W) and their targets."""

    train_images: NDArray[np.uint8]
    train_targets: NDArray[np.generic]
    validation_images: NDArray[np.uint8]
    validation_targets: NDArray[np.generic]


def load_parts(
    recipe: Recipe,
    root: Path,
    teachers: Sequence[Path] = (),
    unlabelled: Path | None = None,
) -> Parts:
    """Read FER+'s training split and hold out the validation part by content.

    Args:
        recipe: decides the targets, the held-out share and the limit.
        root: the copy of FER+.
        teachers: checkpoints that the recipe's share of targets comes from.
        unlabelled: a copy of FairFace, whose faces join the training part with the
            teachers' answers as their only targets (self-training).

    Raises:
        DataError: if a copy is damaged, or teachers are needed and there are none.
    """
    data = FERPlus(root, "train", merge_votes=recipe.merge_votes)
    distribution, usable = vote_distribution(data.votes)
    held = validation_part(data.images, recipe.validation_share)
    targets: NDArray[np.generic] = distribution
    if recipe.targets == "hard":
        targets = distribution.argmax(axis=1)
    chosen, tested = np.flatnonzero(usable & ~held), np.flatnonzero(usable & held)
    if recipe.limit:
        chosen, tested = chosen[: recipe.limit], tested[: recipe.limit]
    parts = Parts(data.images[chosen], targets[chosen], data.images[tested], targets[tested])
    if recipe.teacher_share:
        parts = _taught(recipe, parts, teachers)
    return parts if unlabelled is None else _joined(recipe, parts, teachers, unlabelled)


def _taught(recipe: Recipe, parts: Parts, teachers: Sequence[Path]) -> Parts:
    """Mix the teachers' answers into the targets of the training part."""
    if recipe.targets != "soft":
        raise DataError(f"{recipe.name}: a teacher's answers need soft targets")
    answers = teacher_targets(teachers, parts.train_images, FERPlus.labels)
    share = np.float32(recipe.teacher_share)
    mixed = (1 - share) * parts.train_targets.astype(np.float32) + share * answers
    return replace(parts, train_targets=mixed)


def _joined(recipe: Recipe, parts: Parts, teachers: Sequence[Path], unlabelled: Path) -> Parts:
    """Add faces without labels, as coarse and as tightly cut as those of FER+."""
    if recipe.targets != "soft":
        raise DataError(f"{recipe.name}: faces without labels need soft targets")
    data = FairFace(unlabelled)
    number = min(recipe.limit, len(data)) if recipe.limit else len(data)
    side = parts.train_images.shape[1]
    coarse = replace(recipe.preprocess, size=side, colour="grey")
    faces = data.faces(coarse, range(number))
    answers = teacher_targets(teachers, faces, FERPlus.labels)
    return replace(
        parts,
        train_images=np.concatenate([parts.train_images, faces]),
        train_targets=np.concatenate([parts.train_targets.astype(np.float32), answers]),
    )
