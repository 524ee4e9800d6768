"""People in Aff-Wild2's videos: what is annotated of their frames, and which have a picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..annotations import Annotations

TOLERANCE = 0.02
"""Share of frames that annotations and pictures may disagree on: they were made by programs
that count frames a little differently."""

FEW = 5
"""Frames that they may disagree on in any video, however short."""

_PICTURE = re.compile(r"(?:.*/)?([0-9]+)\.(?:jpe?g|png)", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"([^/]+)/([0-9]+)\.jpg")


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of F frames, or rows, or pictures; ``None`` for a task that is not wanted.

    Attributes:
        classes: int64 (F,), -1 for none.
        action_units: int8 (F, K), -1 for unknown.
    """

    classes: NDArray[np.int64] | None
    action_units: NDArray[np.int8] | None

    def known(self) -> NDArray[np.bool_]:
        """(F,) whether there is a class, or any action unit."""
        if self.classes is None and self.action_units is None:
            return np.zeros(0, np.bool_)
        found = np.zeros(1, np.bool_)
        if self.classes is not None:
            found = found | (self.classes >= 0)
        if self.action_units is not None:
            found = found | (self.action_units >= 0).any(axis=1)
        return found

    def rows(self, chosen: NDArray[np.intp]) -> Labels:
        """The chosen ones alone."""
        return Labels(
            None if self.classes is None else self.classes[chosen],
            None if self.action_units is None else self.action_units[chosen],
        )


@dataclass(frozen=True, slots=True)
class Person:
    """The labelled pictures of one person in one video.

    Attributes:
        name: of the annotation and of the folder.
        files: (n,) pictures, in order of their names.
        numbers: (n,) of their frames from 1, with zeros as in the names of the files.
        labels: n of them.
    """

    name: str
    files: Sequence[str]
    numbers: Sequence[str]
    labels: Labels


def video_of(person: str) -> str:
    """The video that a person is in: two people of one video end in ``_left``, ``_right``."""
    return person.removesuffix("_left").removesuffix("_right")


def labels_of(
    classes: NDArray[np.int64] | None,
    action_units: NDArray[np.int8] | None,
    columns: int,
    what: str,
) -> Labels:
    """Put a person's annotations for two tasks side by side; the absent one is unknown.

    Args:
        classes: (F,), or ``None`` if there is no such annotation.
        action_units: (G, K), or ``None``.
        columns: K.
        what: whose they are, for messages.

    Raises:
        DataError: if F and G are too different.
    """
    lengths = [len(one) for one in (classes, action_units) if one is not None]
    if max(lengths) - min(lengths) > _allowed(max(lengths)):
        raise DataError(
            f"{what} has {lengths[0]} frames with expressions and {lengths[1]} with action "
            "units; copy both annotations from one release"
        )
    both = Labels(
        np.full(max(lengths), -1, np.int64), np.full((max(lengths), columns), -1, np.int8)
    )
    for whole, part in ((both.classes, classes), (both.action_units, action_units)):
        if whole is not None and part is not None:
            whole[: len(part)] = part
    return both


def numbered(files: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Those files that are pictures of frames, such as ``00001.jpg``, and the others.

    Returns:
        The pictures by their numbers, as text, in the order of ``files``; and the files that
        are no pictures, have no number, or are of a frame that an earlier one shows.
    """
    pictures: dict[str, str] = {}
    others: list[str] = []
    for file in files:
        found = _PICTURE.fullmatch(file)
        if found is None or found[1] in pictures:
            others.append(file)
        else:
            pictures[found[1]] = file
    return pictures, others


def person_and_frame(name: str) -> tuple[str, int]:
    """Whom a picture's name says that it shows, and which frame, from 1.

    Raises:
        DataError: if it is no name of this data set.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise DataError(f"{name!r} is no name of a picture of Aff-Wild2, such as video1/00001.jpg")
    return found[1], int(found[2])


def pictured(
    name: str, pictures: Mapping[str, str], labels: Labels, what: str
) -> tuple[Person, int]:
    """Match a person's pictures, ``00001.jpg`` and so on, with the labels of their frames.

    Args:
        name: of the person.
        pictures: files by the numbers of their frames.
        labels: of all frames; the first frame's picture has the number 1.
        what: the copy, for messages.

    Returns:
        The person, and the number of pictures that come after the last frame.

    Raises:
        DataError: if there are too many of these, or numbers begin at 0.
    """
    numbers, files = list(pictures), list(pictures.values())
    frames = np.array(list(map(int, numbers)), np.intp) - 1
    known = labels.known()
    if len(frames) and frames.min() < 0:
        raise DataError(
            f"{what}: the pictures of {name} are numbered from 0; those of Aff-Wild2 are from 1, "
            "so that labels would be one frame off"
        )
    late = int((frames >= len(known)).sum())
    if late > _allowed(len(known)):
        raise DataError(
            f"{what}: {late} of {len(files)} pictures of {name} come after its last annotated "
            f"frame, {len(known)}; copy annotations and pictures from one release"
        )
    places = np.flatnonzero(frames < len(known))
    places = places[known[frames[places]]]
    chosen = places.tolist()
    person = Person(
        name,
        [files[place] for place in chosen],
        [numbers[place] for place in chosen],
        labels.rows(frames[places]),
    )
    return person, late


def table_of(people: Sequence[Person]) -> Annotations:
    """One table of everybody's pictures.

    Names are ``<person>/<number>.jpg``, however the files' own end.
    """
    files = [file for person in people for file in person.files]
    owners = [person.name for person in people for _ in person.files]
    classes = [one.labels.classes for one in people if one.labels.classes is not None]
    units = [one.labels.action_units for one in people if one.labels.action_units is not None]
    return Annotations(
        names=[f"{person.name}/{number}.jpg" for person in people for number in person.numbers],
        files=files,
        classes=np.concatenate(classes) if classes else None,
        action_units=np.concatenate(units) if units else None,
        groups=[
            video for person in people for video in [video_of(person.name)] * len(person.files)
        ],
        attributes={"person": owners},
    )


def _allowed(frames: int) -> float:
    """How many frames of a video may lack their counterpart."""
    return max(FEW, TOLERANCE * frames)
