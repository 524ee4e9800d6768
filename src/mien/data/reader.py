"""The small base of all readers: a table of annotations, and pictures when they are asked for.

A reader is one split of one copy of a data set. Constructing it reads the annotations and no
picture. Its native label set stands in its own file; classes are mapped onto other sets by
name (:meth:`Reader.classes_in`), never by number.

Every reader also reads what ``mien data prepare`` made of its data set: the same names,
classes and votes, with the faces cut out and aligned. What an option would choose in the
original, such as a folder of pictures or a column, is chosen for good in such a copy. One rule
holds for all readers: an option of that kind is handed on, as in
``super().__init__(root, split, originals={"images": images})``, and a prepared copy refuses
it unless it has its default. Options that choose rows work on both kinds of copies.
"""

from __future__ import annotations

import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UnknownName, Unreadable
from ..expressions import BASIC8, LabelSet
from ..image_header import read_header
from ..preprocess import Picture, Preprocess
from .annotations import Annotations, Published, Sample
from .archive import Archive
from .preparing.prepared import read_prepared


class Reader(ABC):
    """One split of one data set.

    Args:
        root: the copy: a folder, a zip file, or what ``mien data prepare`` made of one.
        split: one of :attr:`splits`.
        originals: values of those of the reader's own options that only an original copy can
            follow, by their names; see above.

    Attributes:
        name: of the data set, as the command line knows it.
        title: of the data set, as its authors call it.
        labels: the native label set, where the data set has expressions.
        splits: names of the splits.
        units: numbers of the action units, in the order of their columns.
        published: sizes of the splits according to the papers.
        side: width and height of every picture where the set fixes them.
        has_faces: whether the pictures show faces.
        preprocess: how the faces of a prepared copy are cut; ``None`` for an original one.
        absent: how many pictures of the original a prepared copy leaves out.
        table: the annotations.
        notes: sentences about what is left out, for people to read.

    Raises:
        NotFound: if there is nothing at ``root``.
        UnknownName: if there is no such split.
        DataError: if the layout is another one, the annotations are damaged, or the copy is
            prepared and an option needs the original.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    labels: LabelSet = BASIC8
    splits: tuple[str, ...]
    units: ClassVar[tuple[int, ...]] = ()
    published: ClassVar[tuple[Published, ...]] = ()
    side: int | None = None
    has_faces: ClassVar[bool] = True
    preprocess: Preprocess | None = None
    absent: int = 0

    def __init__(
        self, root: Path | str, split: str, *, originals: Mapping[str, object] | None = None
    ) -> None:
        if split not in self.splits:
            raise UnknownName(f"split of {self.title}", split, self.splits)
        self.root, self.split = Path(root), split
        self.notes: list[str] = []
        self.archive = Archive(self.root, self.title)
        prepared = read_prepared(self.archive, self.name, split)
        self.prepared = prepared is not None
        if prepared is not None:
            self._refuse(originals or {})
            self.side, self.preprocess = prepared.side, prepared.preprocess
            self.absent = prepared.absent
            self.table = prepared.annotations(self.labels, self.units)
        else:
            self.table = self._annotations()
        if not len(self.table):
            raise DataError(f"{self.root}: no picture of {self.title}'s split {split} is listed")

    def _refuse(self, originals: Mapping[str, object]) -> None:
        """Raise for the first option that a prepared copy cannot follow, see the module."""
        for option, value in originals.items():
            if value != _default(type(self), option):
                raise DataError(
                    f"{self.root}: {option}={value!s} chooses something in an original copy of "
                    f"{self.title}, and this one is prepared; leave it out, or prepare the "
                    "original with it"
                )

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the numbers of the classes stand for: the expressions of :attr:`labels`.

        A data set with other classes names them here, and its :attr:`labels` mean nothing.
        """
        return tuple(map(str, self.labels))

    @abstractmethod
    def _annotations(self) -> Annotations:
        """Read the table of an original copy."""

    def __len__(self) -> int:
        return len(self.table)

    @property
    def names(self) -> Sequence[str]:
        """The identities of the pictures."""
        return self.table.names

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB.

        Raises:
            DataError: if it is missing or does not decode.
        """
        return self._decoded(self.table.files[index])

    def __getitem__(self, index: int) -> Sample:
        """A picture with its annotations."""
        table = self.table
        label = None if table.classes is None else int(table.classes[index])
        box = None if table.boxes is None else tuple(table.boxes[index].tolist())
        return Sample(
            name=table.names[index],
            picture=self.picture(index),
            label=None if label == -1 else label,
            votes=_row(table.votes, index),
            action_units=_row(table.action_units, index),
            box=None if box is None or np.isnan(box).any() else box,
            landmarks=_row(table.landmarks, index),
            group=None if table.groups is None else table.groups[index],
        )

    def classes_in(self, labels: LabelSet) -> NDArray[np.int64]:
        """Class of every picture as positions in another label set, mapped by name.

        Returns:
            int64 (N,); -1 for pictures without a class, or with one that ``labels`` lacks.

        Raises:
            DataError: if the data set has no expressions.
        """
        if self.table.classes is None or self.class_names != tuple(self.labels):
            raise DataError(f"{self.title} has no expressions")
        places = [labels.index(one) if one in labels else -1 for one in self.labels]
        # The last entry is for -1.
        return np.array([*places, -1], np.int64)[self.table.classes]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names, annotations and files: which data exactly a number stands for."""
        contents = (self.archive.read(file) or b"" for file in self.table.files)
        return fingerprint_of(self.table, (hashlib.sha256(one).digest() for one in contents))

    def _decoded(self, member: str) -> Picture:
        return np.asarray(cv2.cvtColor(self._read_image(member), cv2.COLOR_BGR2RGB), np.uint8)

    def _read_image(self, member: str, flags: int = cv2.IMREAD_COLOR) -> Picture:
        """What OpenCV decodes, (H, W, 3) in the order blue, green, red, or (H, W) grey."""
        data = self.archive.read(member)
        if data is None:
            raise DataError(f"{self.root}: {member} is missing")
        if not data:
            raise DataError(f"{self.root}: {member} is empty")
        try:
            # OpenCV gives half a picture of a file that was cut off.
            read_header(data)
            # Upright: OpenCV turns pictures as their EXIF says.
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except Unreadable as error:
            raise DataError(f"{self.root}: {member} {error}") from None
        except cv2.error:  # more pixels than OpenCV agrees to decode
            image = None
        if image is None:
            raise DataError(f"{self.root}: {member} does not decode as a picture")
        return np.asarray(image, np.uint8)


def fingerprint_of(table: Annotations, digests: Iterable[bytes]) -> str:
    """SHA-256 over names, annotations and the SHA-256 of each picture's file, in hexadecimal."""
    digest = hashlib.sha256("\n".join(table.names).encode())
    for column in (table.classes, table.votes, table.action_units):
        if column is not None:
            digest.update(column.astype("<i8").tobytes())
    for one in digests:
        digest.update(one)
    return digest.hexdigest()


def _default(reader: type[Reader], option: str) -> object:
    for one in reader.__mro__:  # a class derived from a reader may hand all options on
        parameters = inspect.signature(one).parameters if issubclass(one, Reader) else {}
        if option in parameters:
            return parameters[option].default
    raise TypeError(f"{reader.__name__} has no option {option}")


def _row(column: NDArray[Any] | None, index: int) -> NDArray[Any] | None:
    return None if column is None else column[index]
