"""Prepared and packed copies: what ``mien data prepare`` and ``pack`` write and all readers read.

``prepared.json`` tells how the faces were found and cut and which splits are done. Each split
has a table, ``<split>.csv``, with a row for each picture: the same names, classes, votes,
action units, groups and attributes as in the original copy. Classes are there by name, so
that no number is ever read in another order. Boxes and landmarks, which were those of the
original pictures, are left out.

A packed copy is the same in one zip file, with the pictures in mosaics; see
:mod:`mien.data.packed`. Its pictures may also be those of the original, brought to one size,
so that there is no way in which faces were cut.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, LabelMismatch, SplitMissing
from ...expressions import LabelSet
from ...preprocess import Preprocess
from ..annotations import Annotations
from ..mosaics import AGAIN, PackedPictures
from .manifest import Manifest, read_manifest
from .prepared_table import ATTRIBUTE, FIRST, FOUND, UNIT, VOTES

if TYPE_CHECKING:
    from ..archive import Archive


def read_prepared(archive: Archive, dataset: str, split: str) -> Prepared | None:
    """A split of a prepared copy; ``None`` for an original copy.

    Raises:
        SplitMissing: if the split is not done.
        DataError: if the copy is of another data set, or the manifest is damaged or of a newer
            format.
    """
    manifest = read_manifest(archive)
    if manifest is None:
        return None
    where = archive.root
    if manifest.dataset != dataset:
        raise DataError(
            f"{where}: prepared from {manifest.dataset}, not from {dataset}; "
            f"open it as {manifest.dataset}"
        )
    if split not in manifest.splits and manifest.mosaic is not None:
        held = ", ".join(manifest.splits)
        raise SplitMissing(
            f"{where}: the split {split} is not in this packed file (it has: {held}); pack it anew "
            f"from the original, with --split {split} too"
        )
    if split not in manifest.splits:
        done = ", ".join(manifest.splits) or "none"
        raise SplitMissing(
            f"{where}: the split {split} is not prepared, or not to its end (done: {done}); "
            "run mien data prepare for it with this output, which goes on where it stopped"
        )
    return Prepared(archive, manifest, split)


@dataclass(frozen=True)
class Prepared:
    """One split of a prepared copy."""

    archive: Archive
    manifest: Manifest
    split: str

    @property
    def preprocess(self) -> Preprocess | None:
        """How the faces are cut; ``None`` if they are not."""
        return self.manifest.preprocess

    @property
    def side(self) -> int | None:
        """Width and height of every picture."""
        return self.manifest.side

    @property
    def originals(self) -> Mapping[str, object]:
        """Options that chose something in the original when the copy was packed."""
        chosen: Mapping[str, object] = self.manifest.settings.get("originals", {})
        return chosen

    def packed(self, table: Annotations) -> PackedPictures | None:
        """The pictures of a packed copy; ``None`` where each has a file of its own.

        Args:
            table: of :meth:`annotations`.
        """
        mosaic = self.manifest.mosaic
        if mosaic is None:
            return None
        pixels = self.manifest.splits[self.split].pixels
        return PackedPictures(self.archive, mosaic, table.names, table.files, pixels)

    @property
    def absent(self) -> int:
        """How many pictures of the original it leaves out."""
        done = self.manifest.splits[self.split]
        return done.listed - done.pictures

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes of the original are called, in its order."""
        return self.manifest.splits[self.split].class_names

    def annotations(self, labels: LabelSet, units: Sequence[int]) -> Annotations:
        """The table, as the reader of an original copy would have it.

        Args:
            labels: what the classes are to be positions in. Of a data set whose classes are
                no expressions, they are positions in :attr:`class_names`.
            units: action units of the columns.

        Raises:
            DataError: if the table is missing or damaged, or lacks a class or an action unit.
        """
        columns = self._columns()
        names = columns["name"]
        votes = [one for one in columns if one.startswith(VOTES)]
        wanted = [f"{UNIT}{number}" for number in units]
        has_units = any(one.startswith(UNIT) for one in columns)
        if has_units and (lacking := [one for one in wanted if one not in columns]):
            raise self._damaged(f"lacks the column {lacking[0]!r}")
        return Annotations(
            names=names,
            files=columns["file"],
            classes=self._classes(columns["class"], labels) if "class" in columns else None,
            votes=self._numbers(columns, votes) if votes else None,
            action_units=self._numbers(columns, wanted).astype(np.int8) if has_units else None,
            groups=columns.get("group"),
            attributes={
                name.removeprefix(ATTRIBUTE): column
                for name, column in columns.items()
                if name.startswith(ATTRIBUTE)
            },
        )

    def found(self) -> NDArray[np.bool_]:
        """Whether the face was found, (N,); else the picture was kept by the rule."""
        return np.array([one == FOUND[True] for one in self._columns()["found"]], np.bool_)

    def sizes(self) -> dict[str, int]:
        """The files and how many bytes each had when it was written.

        Raises:
            DataError: if the table is missing or damaged.
        """
        columns = self._columns()
        sizes = self._numbers(columns, ["bytes"])[:, 0].tolist()
        return dict(zip(columns["file"], sizes, strict=True))

    def _columns(self) -> dict[str, list[str]]:
        done = self.manifest.splits[self.split]
        data = self.archive.read(done.table)
        if data is None:
            raise DataError(f"{self.archive.root}: {done.table} is missing; {self._remedy}")
        if not data.endswith(b"\n"):
            raise self._damaged("cut off")
        try:
            reader = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
            header, *rows = reader
        except (ValueError, csv.Error) as error:
            raise self._damaged(str(error) or "empty") from None
        if header[: len(FIRST)] != FIRST or len(rows) != done.pictures:
            raise self._damaged(f"it has {len(rows)} rows of {done.pictures}, or no header")
        for number, row in enumerate(rows, 1):
            if len(row) != len(header) or row[2] not in FOUND:
                raise self._damaged(f"row {number}, {row[0] if row else 'empty'}")
        return {name: [row[place] for row in rows] for place, name in enumerate(header)}

    def _classes(self, column: Sequence[str], labels: LabelSet) -> NDArray[np.int64]:
        own = self.class_names
        known = own if not _are_expressions(own) else tuple(map(str, labels))
        places = {name: place for place, name in enumerate(known)} | {"": -1}
        for number, name in enumerate(column, 1):
            if name not in places:
                raise self._damaged(f"row {number} has the class {name!r}, not of {known}")
        return np.array([places[name] for name in column], np.int64)

    def _numbers(
        self, columns: Mapping[str, Sequence[str]], names: Sequence[str]
    ) -> NDArray[np.int64]:
        try:
            return np.array([list(map(int, columns[name])) for name in names], np.int64).T.copy()
        except (ValueError, OverflowError) as error:
            raise self._damaged(str(error)) from None

    def _damaged(self, what: str) -> DataError:
        table = self.manifest.splits[self.split].table
        return DataError(f"{self.archive.root}: {table} is damaged: {what}; {self._remedy}")

    @property
    def _remedy(self) -> str:
        return "prepare it again" if self.manifest.mosaic is None else AGAIN


def _are_expressions(names: Sequence[str]) -> bool:
    try:
        LabelSet.of(names)
    except LabelMismatch:
        return False
    return True
