"""Targets that come from other networks: of labelled faces in part, of others alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.loading.pictures import (
    ChosenPictures,
    JoinedPictures,
    Pictures,
    PicturesInMemory,
    crops,
)
from ..data.unlabelled import open_unlabelled
from ..errors import DataError
from ..expressions import LabelSet
from ..preprocess import Preprocess
from .copies import checked
from .recipe import Recipe
from .teachers import mixed, teacher_targets


@dataclass(frozen=True, slots=True)
class Teaching:
    """Who teaches.

    Attributes:
        recipe: decides the share and the temperature.
        labels: classes of the student.
        teachers: their checkpoints.
        answers: folder that keeps their answers; ``None`` for none.
        device: torch's name of where they compute.
    """

    recipe: Recipe
    labels: LabelSet
    teachers: Sequence[Path] = ()
    answers: Path | None = None
    device: str = "cpu"

    def targets(self, pictures: Pictures) -> NDArray[np.float32]:
        """The teachers' answers to pictures, float32 (N, M).

        Raises:
            DataError: if there is no teacher, or targets are classes.
        """
        if self.recipe.targets != "soft":
            raise DataError(f"{self.recipe.name}: a teacher's answers need soft targets")
        return teacher_targets(
            self.teachers,
            pictures,
            self.labels,
            self.recipe.teacher_temperature,
            device=self.device,
            folder=self.answers,
        )

    def mixed(self, pictures: Pictures, targets: NDArray[np.generic]) -> NDArray[np.generic]:
        """Targets with the teachers' share; as they are where that is nothing."""
        if not self.recipe.teacher_share:
            return targets
        return mixed(targets, self.targets(pictures), self.recipe.teacher_share)


@dataclass(frozen=True, slots=True)
class Joined:
    """A training part with faces that have no labels.

    Attributes:
        pictures: all, those with labels first.
        targets: float32 (N, M).
        citation: what was added.
        licence: of these.
        notes: about that copy.
    """

    pictures: Pictures
    targets: NDArray[np.float32]
    citation: str
    licence: str
    notes: tuple[str, ...]


def with_unlabelled(
    teaching: Teaching,
    root: Path,
    pictures: Pictures,
    targets: NDArray[np.generic],
    preprocess: Preprocess,
) -> Joined:
    """Add faces without labels, with the teachers' answers for targets.

    Where pictures are in memory, the faces are brought there as coarse and as tightly cut as
    they are.

    Args:
        teaching: who answers.
        root: see :func:`mien.data.unlabelled.open_unlabelled`.
        pictures: the training part.
        targets: its targets.
        preprocess: how its faces are framed.

    Raises:
        DataError: if there is no teacher, targets are classes, or there are no faces.
    """
    found = open_unlabelled(root)
    notes = () if found.reader is None else checked(found.reader)
    number = min(teaching.recipe.limit or len(found.pictures), len(found.pictures))
    faces: Pictures = ChosenPictures(found.pictures, range(number))
    if isinstance(pictures, PicturesInMemory):
        images = pictures.images
        coarse = replace(
            preprocess, size=images.shape[1], colour="grey" if images.ndim == 3 else "rgb"
        )
        cut = crops(faces, coarse)
        faces = PicturesInMemory(np.stack([cut.picture(row) for row in range(number)]), faces.names)
        together: Pictures = PicturesInMemory(
            np.concatenate([images, faces.images]), [*pictures.names, *faces.names]
        )
    else:
        together = JoinedPictures([pictures, faces])
    answers = teaching.targets(faces)
    return Joined(
        pictures=together,
        targets=np.concatenate([targets.astype(np.float32), answers]),
        citation=found.citation,
        licence=found.licence,
        notes=notes,
    )
