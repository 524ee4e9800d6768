"""Targets that come from other networks: of labelled faces in part, of others alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..data.checking.copies import has_copy_in
from ..data.concatenation import Concatenation
from ..data.loading.pictures import (
    ChosenPictures,
    JoinedPictures,
    Pictures,
    PicturesInMemory,
    crops,
)
from ..data.part import AnnotatedPictures
from ..data.unlabelled import Unlabelled, open_unlabelled
from ..errors import DataError
from ..expressions import LabelSet
from ..preprocess import Picture, Preprocess
from .copies import checked
from .copy_identity import copy_identity
from .recipe import Recipe
from .teachers import mixed, teacher_targets

Face: TypeAlias = tuple[str, str, str]
"""Name of a data set, a split of it, and the group, or else the name, of a picture there."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """Who teaches.

    Attributes:
        recipe: decides the share and the temperature.
        labels: classes of the student.
        teachers: their checkpoints or ONNX models.
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
class Held:
    """What nothing may be learned from: the held-out part.

    Attributes:
        pictures: the part.
        faces: the same, as tables name them.
    """

    pictures: Pictures
    faces: frozenset[Face]

    @classmethod
    def of(cls, pictures: Pictures, data: AnnotatedPictures, rows: NDArray[np.intp]) -> Held:
        """The pictures that are in these rows of the data."""
        return cls(pictures, frozenset(_faces(data, rows)))


@dataclass(frozen=True, slots=True)
class Joined:
    """A training part with faces that have no labels.

    Attributes:
        pictures: all, those with labels first.
        targets: float32 (N, M).
        citation: what was added.
        licence: of these.
        notes: about that copy, and what of it is left out.
        copies: what tells it from others, see :func:`copy_identity`, where it is read later.
    """

    pictures: Pictures
    targets: NDArray[np.float32]
    citation: str
    licence: str
    notes: tuple[str, ...]
    copies: tuple[str, ...] = ()


def with_unlabelled(
    teaching: Teaching,
    root: Path,
    pictures: Pictures,
    targets: NDArray[np.generic],
    preprocess: Preprocess,
    held: Held,
) -> Joined:
    """Add faces without labels, with the teachers' answers for targets.

    Where pictures are in memory, the faces are brought there as coarse and as tightly cut as
    they are. Faces of the held-out part are left out, by what their tables call them, and in
    memory also by content, with near copies.

    Args:
        teaching: who answers.
        root: see :func:`mien.data.unlabelled.open_unlabelled`.
        pictures: the training part.
        targets: its targets.
        preprocess: how its faces are framed.
        held: what must not be among the faces.

    Raises:
        DataError: if there is no teacher, targets are classes, there are no faces, or all of
            them are held out.
    """
    found = open_unlabelled(root)
    notes = () if found.reader is None else checked(found.reader)
    number = min(teaching.recipe.limit or len(found.pictures), len(found.pictures))
    faces: Pictures = _unknown(found, number, held)
    in_memory = isinstance(pictures, PicturesInMemory)
    if isinstance(pictures, PicturesInMemory):
        faces = _without_copies(faces, pictures, held.pictures, preprocess)
    if not len(faces):
        raise DataError(f"{root}: all its faces are in the held-out part; name others")
    answers = teaching.targets(faces)
    rows = _balanced(answers, teaching.recipe.unlabelled_per_class)
    return Joined(
        pictures=_together(pictures, faces, rows),
        targets=np.concatenate([targets.astype(np.float32), answers[rows]]),
        citation=found.citation,
        licence=found.licence,
        notes=(
            *notes,
            *_left_out(number - len(faces), number),
            *_kept(len(rows), len(faces), teaching.recipe.unlabelled_per_class),
        ),
        copies=() if in_memory else _copies(found),
    )


def _balanced(answers: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    """Rows of which no class has more than ``most``, from all over the data; 0 for all rows."""
    if not most:
        return np.arange(len(answers))
    classes = answers.argmax(axis=1)
    chosen = []
    for one in np.unique(classes):
        rows = np.flatnonzero(classes == one)
        places = np.linspace(0, len(rows) - 1, min(most, len(rows)))
        chosen.append(rows[places.round().astype(np.intp)])
    return np.sort(np.concatenate(chosen))


def _together(pictures: Pictures, faces: Pictures, rows: NDArray[np.intp]) -> Pictures:
    """The pictures and, after them, the faces in these rows."""
    if isinstance(pictures, PicturesInMemory) and isinstance(faces, PicturesInMemory):
        names = [faces.names[row] for row in rows]
        return PicturesInMemory(
            np.concatenate([pictures.images, faces.images[rows]]), [*pictures.names, *names]
        )
    return JoinedPictures([pictures, ChosenPictures(faces, rows)])


def _kept(number: int, of: int, most: int) -> tuple[str, ...]:
    note = f"faces without labels: {number:,} of {of:,}, at most {most:,} of each class"
    return (note,) if most else ()


def _copies(found: Unlabelled) -> tuple[str, ...]:
    copy = "" if found.reader is None else copy_identity(found.reader)
    return (copy,) if copy else ()


def _left_out(number: int, of: int) -> tuple[str, ...]:
    note = (
        f"faces without labels: {number:,} of {of:,} are left out, as they are in the held-out "
        "part, or copies of faces there"
    )
    return (note,) if number else ()


def _faces(data: AnnotatedPictures, rows: Iterable[int]) -> list[Face]:
    """What tables call the pictures in these rows."""
    keys = data.table.groups or data.table.names
    if not isinstance(data, Concatenation):
        return [(data.name, data.split, keys[row]) for row in rows]
    parts = {part.prefix: part.data for part in data.parts}
    divided = (keys[row].partition("/") for row in rows)
    return [(parts[prefix].name, parts[prefix].split, key) for prefix, _, key in divided]


def _unknown(found: Unlabelled, number: int, held: Held) -> ChosenPictures:
    """The first faces, without those that the held-out part has by name."""
    rows = range(number)
    if found.reader is None:
        return ChosenPictures(found.pictures, rows)
    if found.reader.packed is not None:
        found.reader.packed.load()
    faces = _faces(found.reader, rows)
    new = [row for row, face in zip(rows, faces, strict=True) if face not in held.faces]
    return ChosenPictures(found.pictures, new)


def _without_copies(
    faces: Pictures, pictures: PicturesInMemory, held: Pictures, preprocess: Preprocess
) -> PicturesInMemory:
    """Faces as coarse as the pictures in memory, without copies and near copies of held ones."""
    size, grey = pictures.images.shape[1], pictures.images.ndim == 3
    coarse = replace(preprocess, size=size, colour="grey" if grey else "rgb")
    images = _cut(faces, coarse)
    rows = np.flatnonzero(~has_copy_in(images, _cut(held, coarse))).tolist()
    names = faces.names
    return PicturesInMemory(images[rows], [names[row] for row in rows])


def _cut(faces: Pictures, preprocess: Preprocess) -> Picture:
    """Faces as a model sees them, uint8 (N, size, size[, 3])."""
    cut = crops(faces, preprocess)
    shape = (preprocess.size,) * 2 + (() if preprocess.colour == "grey" else (3,))
    images = np.empty((len(cut), *shape), np.uint8)
    for row in range(len(cut)):
        images[row] = cut.picture(row)
    return images
