"""What a recipe trains on: the two parts of a training set, with their targets."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.checking.completeness import completeness
from ..data.fairface import FairFace
from ..data.ferplus import FERPlus
from ..data.ferplus_protocols import vote_distribution
from ..data.reader import Reader
from ..data.split import validation_part
from ..errors import DataError
from ..preprocess import Preprocess
from .recipe import Recipe
from .teachers import teacher_targets

log = logging.getLogger("mien")


@dataclass(frozen=True, slots=True)
class Parts:
    """The two parts of a training set: faces uint8 (N, H, W) and their targets.

    ``preprocess`` is the recipe's; of a prepared copy with the way in which its faces were cut,
    which is the way to cut faces in use. ``notes`` stand on the card of what is trained: what
    each copy lacks that is smaller than any source says its data set is, and how it was prepared.
    """

    train_images: NDArray[np.uint8]
    train_targets: NDArray[np.generic]
    validation_images: NDArray[np.uint8]
    validation_targets: NDArray[np.generic]
    preprocess: Preprocess
    notes: tuple[str, ...] = ()


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
        DataError: if a copy is damaged or lacks files, or teachers are needed and there are
            none.
    """
    # Before the votes of copies are merged, which needs every picture.
    notes = _checked(FERPlus(root, "train"))
    data = FERPlus(root, "train", merge_votes=recipe.merge_votes)
    distribution, usable = vote_distribution(data.votes)
    held = validation_part(data.images, recipe.validation_share)
    targets: NDArray[np.generic] = distribution
    if recipe.targets == "hard":
        targets = distribution.argmax(axis=1)
    chosen, tested = np.flatnonzero(usable & ~held), np.flatnonzero(usable & held)
    if recipe.limit:
        chosen, tested = chosen[: recipe.limit], tested[: recipe.limit]
    parts = Parts(
        data.images[chosen],
        targets[chosen],
        data.images[tested],
        targets[tested],
        _as_cut(recipe.preprocess, data),
        notes,
    )
    if recipe.teacher_share:
        parts = _taught(recipe, parts, teachers)
    return parts if unlabelled is None else _joined(recipe, parts, teachers, unlabelled)


def _checked(data: Reader) -> tuple[str, ...]:
    """What a card should say of a copy.

    Raises:
        DataError: if files are missing.
    """
    found = completeness(data)
    found.require()
    notes = []
    if found.too_few:
        log.warning("%s", found.sentence())
        notes.append(found.sentence())
    if data.preprocess is not None:
        way = f"{data.preprocess.size} pixels, {data.preprocess.align}"
        notes.append(f"{data.title} {data.split}: a prepared copy, faces cut anew ({way})")
    return tuple(notes)


def _as_cut(preprocess: Preprocess, data: Reader) -> Preprocess:
    """The recipe's preprocessing, with faces framed as in a prepared copy."""
    cut = data.preprocess
    if cut is None:
        return preprocess
    return replace(
        preprocess, align=cut.align, template=cut.template, scale=cut.scale, shift=cut.shift
    )


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
    notes = _checked(data)
    number = min(recipe.limit, len(data)) if recipe.limit else len(data)
    side = parts.train_images.shape[1]
    coarse = replace(parts.preprocess, size=side, colour="grey")
    faces = data.faces(coarse, range(number))
    answers = teacher_targets(teachers, faces, FERPlus.labels)
    return replace(
        parts,
        train_images=np.concatenate([parts.train_images, faces]),
        train_targets=np.concatenate([parts.train_targets.astype(np.float32), answers]),
        notes=parts.notes + notes,
    )
