"""Aff-Wild2 (Kollias and Zafeiriou 2019): videos with a label for every frame.

The layout is the one that the ABAW challenges gave out, as a folder or a zip file:

- ``cropped_aligned/<video>/00001.jpg``: the faces of a video, 112 pixels, numbered by frame
  from 1. A frame without a face has no picture, and is no row.
- ``annotations/EXPR_Set/Train_Set/<video>.txt``: names of the classes, then a number for each
  frame, -1 where nobody labelled it. ``Training_Set`` and ``Validation_Set``, and the later
  names ``EXPR_Classification_Challenge`` and ``EXPR_Recognition_Challenge``, are known too.
- ``annotations/AU_Set/Train_Set/<video>.txt`` (``AU_Detection_Challenge``): names of action
  units, then 1, 0 or -1 for each. Columns are taken by name; -1 stands where there is none.

From the third challenge on there is a class ``Other``. It is no expression: its frames have
no class. Two people of one video have an annotation each, ``<video>_left`` and
``<video>_right``, of which one may go without its ending. Their group is the video, and frames
are numbered for each of them: see :attr:`AffWild2.people` and :attr:`AffWild2.frames`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..expressions import LabelSet
from ..options import check_choice
from .annotations import Annotations, Published
from .loading.sampling import strided_rows
from .parts.affwild2_people import (
    TOLERANCE,
    Labels,
    Person,
    labels_of,
    numbered,
    person_and_frame,
    pictured,
    table_of,
    video_of,
)
from .parts.affwild2_text import action_units_of, classes_of
from .parts.layouts import guess_layout
from .reader import Reader

Task = Literal["expression", "action_units", "both"]
TASKS = ("expression", "action_units", "both")

_Sets: TypeAlias = dict[str, dict[str, str]]
"""The annotation files of one task, by split and person."""

_SETS = {"train": ("Train_Set", "Training_Set"), "val": ("Validation_Set",)}
_EXPRESSION = ("EXPR_Set", "EXPR_Classification_Challenge", "EXPR_Recognition_Challenge")
_ACTION_UNITS = ("AU_Set", "AU_Detection_Challenge")
_ANNOTATIONS = (
    *("annotations", "annotations/annotations", "Annotations", "", "Annotation/annotations"),
    *(f"{edition}ABAW{space}Annotations" for space in " _" for edition in ("", f"Third{space}")),
    *(
        f"{edition}{space}ABAW{space}Annotations"
        for space in " _"
        for edition in ("3rd", "5th", "6th", "7th", "8th")
    ),
)
_FACES = ("cropped_aligned", "cropped_aligned_new_50_vids")
_OUTER = ("", "cropped_aligned/", "cropped_aligned_images/", "cropped_images_aligned/")
_COUNTS = {
    "train": (546_039, 25_634, 11_490, 19_279, 171_902, 102_934, 43_306),
    "val": (174_827, 7_389, 7_699, 18_216, 61_307, 35_334, 23_710),
}
_LABELS = LabelSet.of(
    ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise"),
)


def _published(split: str) -> Published:
    by_class = dict(zip(map(str, _LABELS), _COUNTS[split], strict=True))
    return Published(split, sum(_COUNTS[split]), "Aff-Wild2 of 2020, LLA-Net Table 1", by_class)


class AffWild2(Reader):
    """One split of Aff-Wild2: the frames that have a face and a label.

    No video is in two splits. Where one of the chosen tasks has a video in its validation set,
    the other task's annotation of it, or that of another person in it, is left out of
    training. With ``"both"``, validation has the videos of either task's validation set.

    Constructing it reads the annotations, and lists the folder of each person of the split.
    A person, which is the name of an annotation, is the attribute ``person`` of a row.

    Args:
        root: folder or zip file.
        split: ``"train"`` or ``"val"``; labels of the test set are not public.
        task: which annotations make a row: ``"expression"``, ``"action_units"``, or ``"both"``
            for frames that have either.
        annotations: the folder within the copy that holds ``EXPR_Set`` and ``AU_Set``, if it
            has none of the usual names. Not for prepared copies.

    Attributes:
        notes: a sentence for each person that is left out, has no picture, has annotations of
            two lengths, pictures after the last annotated frame, or files that are no pictures
            of frames; such pictures and files are no rows. More than 2 % of people or frames
            without their counterpart are an error, though five frames never are.
    """

    name = "affwild2"
    title = "Aff-Wild2"
    citation = "Aff-Wild2 (Kollias and Zafeiriou 2019)"
    labels = _LABELS
    splits = tuple(_SETS)
    units = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
    published = (_published("train"), _published("val"))

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        task: Task = "expression",
        annotations: str | None = None,
    ) -> None:
        check_choice("task", task, TASKS)
        self.task = task
        self._places = _ANNOTATIONS if annotations is None else (annotations.strip("/"),)
        super().__init__(root, split, originals={"annotations": annotations})
        if self.prepared:
            self.table = self._rows_of_task(self.table)

    @property
    def people(self) -> list[str]:
        """Whom each picture shows, (N,): the name of a video, or of one of its two people."""
        return [person_and_frame(name)[0] for name in self.names]

    @property
    def frames(self) -> NDArray[np.int64]:
        """Which frame of the video each picture is, int64 (N,), from 1."""
        return np.array([person_and_frame(name)[1] for name in self.names], np.int64)

    def thinned(self, strides: Mapping[str, int]) -> NDArray[np.intp]:
        """Rows that stay when frequent expressions are thinned, see :func:`strided_rows`.

        Every person's frames are counted by themselves. Frames without a class all stay, and
        end no run. ``{"neutral": 12, "happiness": 2}`` is LLA-Net's choice.

        Args:
            strides: k by expression; of each run, the first of every k frames stays.

        Returns:
            Positions of the rows that stay, ascending.

        Raises:
            LabelMismatch: if the data set has no such expression.
            InputError: if a stride is below 1.
            DataError: if the reader has action units alone.
        """
        classes = self.table.classes
        if classes is None:
            raise DataError(f"{self.root}: the task {self.task!r} has no expressions to thin by")
        steps = {self.labels.index(name): stride for name, stride in strides.items()}
        labelled = np.flatnonzero(classes >= 0)
        people, frames = np.array(self.people)[labelled], self.frames[labelled]
        kept = labelled[strided_rows(people, classes[labelled], frames, steps)]
        return np.union1d(kept, np.flatnonzero(classes < 0))

    def _annotations(self) -> Annotations:
        expressions = self._sets(_EXPRESSION) if self.task != "action_units" else {}
        action_units = self._sets(_ACTION_UNITS) if self.task != "expression" else {}
        chosen = self._chosen([one for one in (expressions, action_units) if one])
        people, missing = [], []
        for name in chosen:
            labels = self._labels(name, expressions, action_units)
            if labels.known().any():
                person = self._person(name, labels)
                people.append(person)
                missing += [] if person.files else [name]
        if len(missing) > TOLERANCE * len(chosen):
            raise DataError(
                f"{self.root}: {len(missing)} of {len(chosen)} annotated people, such as "
                f"{missing[0]}, have no picture in {_FACES[0]}; the copy is incomplete"
            )
        self.notes += [f"{name} has labels and no picture" for name in missing]
        return table_of(people)

    def _sets(self, names: Sequence[str]) -> _Sets:
        for place in self._places:
            for base in (PurePosixPath(place, name) for name in names):
                found = {split: self._texts(base, folders) for split, folders in _SETS.items()}
                if all(found.values()):
                    return found
                for split, files in found.items():
                    if not files and any(found.values()):
                        raise DataError(
                            f"{self.root}: {base}/{_SETS[split][0]} has no annotations; without "
                            "them nothing tells that no video is in two splits"
                        )
        raise DataError(
            f"{self.root}: no folder {' or '.join(names)} is in {self._places[0] or 'it'}; "
            f"annotations=... names another place; {guess_layout(self.archive)}"
        )

    def _texts(self, base: PurePosixPath, folders: Sequence[str]) -> dict[str, str]:
        """Annotations by person, from the first of the folders that has any."""
        for folder in folders:
            files = [PurePosixPath(file) for file in self.archive.files(f"{base / folder}")]
            texts = {one.stem: str(one) for one in files if one.suffix == ".txt"}
            if texts:
                return texts
        return {}

    def _chosen(self, tasks: Sequence[_Sets]) -> list[str]:
        """The people of this split, see the class."""
        for sets in tasks:
            if both := sets["train"].keys() & sets["val"].keys():
                raise DataError(
                    f"{self.root}: {min(both)} is annotated both for training and for validation; "
                    "one of the two files does not belong there"
                )
        people = sorted({person for sets in tasks for person in sets[self.split]})
        if self.split == "val":
            return people
        validated = {video_of(person) for sets in tasks for person in sets["val"]}
        self.notes += [
            f"{person} is left out of training, since its video is in a validation set"
            for person in people
            if video_of(person) in validated
        ]
        return [person for person in people if video_of(person) not in validated]

    def _labels(self, person: str, expressions: _Sets, action_units: _Sets) -> Labels:
        """What the wanted tasks say of all frames of a person, in whichever set."""
        text, other = self._text(expressions, person), self._text(action_units, person)
        classes = None if text is None else classes_of(*text, self.labels)
        units = None if other is None else action_units_of(*other, self.units)
        both = labels_of(classes, units, len(self.units), f"{self.root}: {person}")
        if classes is not None and units is not None and len(classes) != len(units):
            self.notes.append(
                f"{person} has {len(classes)} frames with expressions and {len(units)} with "
                "action units"
            )
        return self._wanted(both)

    def _text(self, sets: _Sets, person: str) -> tuple[bytes, str] | None:
        """Content of a person's annotation, and what to call it in messages."""
        for files in sets.values():
            if file := files.get(person):
                return self.archive.read(file) or b"", f"{self.root}: {file}"
        return None

    def _wanted(self, labels: Labels) -> Labels:
        return Labels(
            None if self.task == "action_units" else labels.classes,
            None if self.task == "expression" else labels.action_units,
        )

    def _person(self, name: str, labels: Labels) -> Person:
        person, late = pictured(name, self._pictures(name), labels, str(self.root))
        if late:
            what = "picture of {} comes" if late == 1 else "pictures of {} come"
            self.notes.append(f"{late} {what.format(name)} after its last annotated frame")
        return person

    def _pictures(self, person: str) -> dict[str, str]:
        """Files by the numbers of their frames, from the first folder that has any."""
        for folder in (outer + inner for outer in _OUTER for inner in _FACES):
            files, others = numbered(self.archive.files(f"{folder}/{person}"))
            if others:
                self.notes.append(
                    f"{len(others)} of {len(files) + len(others)} files in {folder}/{person} are "
                    f"no pictures of further frames, such as {PurePosixPath(others[0]).name}"
                )
            if files:
                return files
        return {}

    def _rows_of_task(self, table: Annotations) -> Annotations:
        """Of a prepared table, the rows and columns that the task wants."""
        labels = self._wanted(Labels(table.classes, table.action_units))
        if labels.classes is None and labels.action_units is None:
            raise DataError(
                f"{self.root}: the prepared copy has no labels for the task {self.task!r}; "
                f"prepare it with this task, or with 'both'"
            )
        rows = np.flatnonzero(labels.known())
        if not len(rows):
            raise DataError(f"{self.root}: no picture has a label for the task {self.task!r}")
        return replace(table, classes=labels.classes, action_units=labels.action_units).rows(rows)
