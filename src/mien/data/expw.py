"""ExpW, Expression in-the-Wild (Zhang et al. 2018): faces of web pictures, with their boxes.

The layout is the official one, as a folder or a zip file: ``label/label.lst`` (or
``label.lst``) and the pictures in ``image/origin``, ``origin`` or ``image``. A line of the
list is one face::

    image_name face_id_in_image face_box_top face_box_left face_box_right face_box_bottom
    face_box_confidence expression_label

The set has no splits of its own. Ours are those of APViT: 75, 10 and 15 % at random, which
are 68,845, 9,179 and 13,769 of 91,793 faces. The rule:

- Pictures are put in the order of the SHA-256 of :data:`SEED` and their name, so that the
  splits depend on neither the list's order nor a library's generator.
- In this order each picture goes, with all its faces, into the first of train, val and test
  that still has room for them. So no picture is in two splits, and a picture with one face
  fills what a picture with two could not.

The sizes are exact as long as pictures with one face remain when a split is nearly full, as
in the whole list; otherwise they are off by a few faces of the last pictures.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..expressions import LabelSet
from .annotations import Annotations, Published
from .parts.layouts import guess_layout
from .parts.repeated_names import told_apart
from .reader import Reader

SEED = 0
SHARES = {"train": 0.75, "val": 0.10, "test": 0.15}

_LISTS = ("label/label.lst", "label.lst")
_FOLDERS = ("image/origin", "origin", "image")
_COLUMNS = 8
_TRIED = 20  # pictures that are looked for to find their folder
_SOURCE = "APViT, a random split of 75, 10 and 15 %"


class ExpW(Reader):
    """One split of ExpW. A row is a face; its picture is the whole one, its box is given.

    A face's name is ``<image_name>#<face_id_in_image>``; where the list has it again, ``#2``
    and so on follow, so that every line stays one row. A box without an area counts as none.
    The confidence of the list's face detector is the attribute ``confidence``.

    Args:
        root: folder or zip file.
        split: ``"train"``, ``"val"`` or ``"test"``.
    """

    name = "expw"
    title = "ExpW"
    citation = "ExpW (Zhang et al. 2018)"
    labels = LabelSet.of(
        ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    )
    splits = tuple(SHARES)
    published = (
        Published("train", 68_845, _SOURCE),
        Published("val", 9_179, _SOURCE),
        Published("test", 13_769, _SOURCE),
    )

    def __init__(self, root: Path | str, split: str = "train") -> None:
        super().__init__(root, split)

    def _annotations(self) -> Annotations:
        file, text = self._list()
        images, faces, values = _parsed(text, f"{self.root}: {file}", len(self.labels))
        folder = self._folder(images)
        top, left, right, bottom = values[:, :4].T
        boxes = np.stack([left, top, right - left, bottom - top], axis=1)
        boxes[(boxes[:, 2] <= 0) | (boxes[:, 3] <= 0)] = np.nan
        table = Annotations(
            names=told_apart(
                [f"{image}#{face}" for image, face in zip(images, faces, strict=True)]
            ),
            files=[f"{folder}/{image}" for image in images],
            classes=values[:, 5].astype(np.int64),
            boxes=boxes,
            groups=images,
            attributes={"confidence": [f"{value:g}" for value in values[:, 4]]},
        )
        wanted = self.splits.index(self.split)
        return table.rows(np.flatnonzero(parts(images) == wanted))

    def _list(self) -> tuple[str, str]:
        for file in _LISTS:
            data = self.archive.read(file)
            if data is None:
                continue
            try:
                return file, data.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise DataError(f"{self.root}: {file} is not UTF-8 text ({error})") from None
        alone = any(True for _ in self.archive.files("origin"))
        hint = "it looks like ExpW's pictures alone" if alone else guess_layout(self.archive)
        raise DataError(f"{self.root}: neither {' nor '.join(_LISTS)} is here; {hint}")

    def _folder(self, images: Sequence[str]) -> str:
        """Where the pictures are, told by the first ones of the list."""
        for image in images[:_TRIED]:
            for folder in _FOLDERS:
                if self.archive.has(f"{folder}/{image}"):
                    return folder
        raise DataError(
            f"{self.root}: none of the list's first pictures, such as {images[0]}, is in "
            f"{', '.join(_FOLDERS)}; unpack the pictures into {_FOLDERS[0]}"
        )


def parts(images: Sequence[str]) -> NDArray[np.intp]:
    """Split of every face by the rule above, as positions in :data:`SHARES`.

    Args:
        images: (N,) the name of each face's picture.

    Returns:
        (N,) 0 for train, 1 for val, 2 for test.
    """
    room = [round(share * len(images)) for share in SHARES.values()]
    room[-1] = len(images) - sum(room[:-1])
    faces = Counter(images)
    part_of = {}
    for image in sorted(faces, key=_order):
        roomiest = room.index(max(room))
        part = next((part for part, free in enumerate(room) if free >= faces[image]), roomiest)
        room[part] -= faces[image]
        part_of[image] = part
    return np.array([part_of[image] for image in images], np.intp)


def _order(image: str) -> tuple[bytes, str]:
    return hashlib.sha256(f"{SEED} {image}".encode()).digest(), image


def _parsed(text: str, what: str, classes: int) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Images, face numbers, and (N, 6): top, left, right, bottom, confidence, class."""
    # Split from the right: an image's name may contain spaces.
    rows = [line.rsplit(maxsplit=_COLUMNS - 1) for line in text.splitlines() if line.strip()]
    if not rows:
        raise DataError(f"{what} is empty; copy it again")
    try:
        numbers = [float(value) for row in rows for value in row[2:]]
        values = np.array(numbers).reshape(len(rows), _COLUMNS - 2)
        faces = all(row[1].isdecimal() for row in rows)
        good = np.isfinite(values).all() and np.isin(values[:, 5], np.arange(classes)).all()
    except ValueError:
        faces = good = False
    if not (faces and good):
        bad = next(number for number, row in enumerate(rows, 1) if not _is_face(row, classes))
        raise DataError(
            f"{what}: face {bad} is damaged: {' '.join(rows[bad - 1])[:80]!r}; it needs a name, a "
            f"number, a box, a confidence and a class from 0 to {classes - 1}"
        )
    return [row[0] for row in rows], [row[1] for row in rows], values


def _is_face(row: list[str], classes: int) -> bool:
    try:
        values = [float(value) for value in row[2:]]
    except ValueError:
        return False
    whole = len(row) == _COLUMNS and row[1].isdecimal() and all(map(math.isfinite, values))
    return whole and values[-1] in range(classes)
