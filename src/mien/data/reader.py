"""The small base of all readers: a table of annotations, and pictures when they are asked for.

A reader is one split of one copy of a data set. Constructing it reads the annotations and no
picture. Its native label set stands in its own file; classes are mapped onto other sets by
name (:meth:`Reader.classes_in`), never by number.

Every reader also reads what ``mien data prepare`` made of its data set: the same names,
classes and votes, with the faces cut out and aligned. What an option would choose in the
original, such as a folder of pictures or a column, is chosen for good in such a copy. One rule
holds for all readers: an option of that kind is handed on, as in
``super().__init__(root, split, originals={"images": images})``, and a prepared copy refuses
it unless it has its default. Options that choose rows work on both kinds of copies. What
``mien data pack`` made is such a copy, too; it remembers such options, and agrees to the same.
"""

from __future__ import annotations

import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, PreparedCopy, UnknownName
from ..expressions import BASIC8, LabelSet
from ..preprocess import Picture, Preprocess
from .annotations import Annotations, Published, Sample
from .archive import Archive
from .decoding import read_picture
from .mosaics import PackedPictures
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
        citation: the data set with authors and year, for the cards of models.
        licence: of pictures and labels.
        labels: the native label set, where the data set has expressions.
        splits: names of the splits.
        units: numbers of the action units, in the order of their columns.
        published: sizes of the splits according to the papers.
        side: width and height of every picture where the set fixes them.
        has_faces: whether the pictures show faces.
        preprocess: how the faces of a prepared copy are cut; ``None`` for an original one.
        finds_labels: whether :attr:`labels` are merely the expressions that its pictures have.
        absent: how many pictures of the original a prepared copy leaves out.
        prepared: whether the copy was made by ``mien data prepare`` or ``pack``.
        packed: the pictures of a packed copy.
        table: the annotations.
        notes: sentences about what is left out, for people to read.

    Raises:
        NotFound: if there is nothing at ``root``.
        UnknownName: if there is no such split.
        DataError: if the layout is another one, or the annotations are damaged.
        PreparedCopy: if the copy is prepared and an option needs the original.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str] = ""
    licence: ClassVar[str] = "research use; see the data set's terms"
    labels: LabelSet = BASIC8
    splits: tuple[str, ...]
    units: ClassVar[tuple[int, ...]] = ()
    published: ClassVar[tuple[Published, ...]] = ()
    side: int | None = None
    has_faces: ClassVar[bool] = True
    finds_labels: bool = False
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
        self.prepared, self.originals = prepared is not None, dict(originals or {})
        self.packed: PackedPictures | None = None
        if prepared is not None:
            self._refuse(prepared.originals, packed=prepared.manifest.mosaic is not None)
            self.side, self.preprocess = prepared.side, prepared.preprocess
            self.absent = prepared.absent
            self.table = prepared.annotations(self.labels, self.units)
            self.packed = prepared.packed(self.table)
        else:
            self.table = self._annotations()
        if not len(self.table):
            raise DataError(f"{self.root}: no picture of {self.title}'s split {split} is listed")

    def _refuse(self, chosen: Mapping[str, object], *, packed: bool) -> None:
        """Raise for the first option that a prepared copy cannot follow, see the module.

        Args:
            chosen: what was chosen when the copy was packed.
            packed: whether it was.
        """
        for option, value in self.originals.items():
            known = option in chosen and str(chosen[option]) == str(value)
            if not known and value != _default(type(self), option):
                raise PreparedCopy(
                    f"{self.root}: {option}={value!s} chooses something in an original copy of "
                    f"{self.title}, and this one is prepared; leave it out, or prepare the "
                    "original with it",
                    option,
                    packed=packed,
                )

    @property
    def as_given(self) -> bool:
        """Whether the pictures are surely those that the data set is given out with."""
        return not self.prepared or (self.packed is not None and self.packed.mosaic.unchanged)

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
        if self.packed is not None:
            return self.packed.picture(self.table.names[index])
        return read_picture(self.archive, self.table.files[index])

    def keep(self, rows: NDArray[np.intp] | Sequence[int]) -> None:
        """Forget all pictures but those of the chosen rows, in their order."""
        self.table = self.table.rows(rows)
        for cached in ("images", "fingerprint"):
            self.__dict__.pop(cached, None)

    def __getitem__(self, index: int) -> Sample:
        """A picture with its annotations."""
        table = self.table
        label = None if table.classes is None else int(table.classes[index])
        return Sample(
            name=table.names[index],
            picture=self.picture(index),
            label=None if label == -1 else label,
            votes=_row(table.votes, index),
            action_units=_row(table.action_units, index),
            box=table.box(index),
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
        if self.packed is not None:
            pictures = (self.picture(row).tobytes() for row in range(len(self)))
            return fingerprint_of(self.table, (hashlib.sha256(one).digest() for one in pictures))
        contents = (self.archive.read(file) or b"" for file in self.table.files)
        return fingerprint_of(self.table, (hashlib.sha256(one).digest() for one in contents))


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
