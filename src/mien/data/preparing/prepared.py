"""Prepared copies: what ``mien data prepare`` writes and every reader reads.

``prepared.json`` tells how the faces were found and cut and which splits are done. Each split
has a table, ``<split>.csv``, with a row for each picture: the same names, classes, votes,
action units, groups and attributes as in the original copy. Classes are there by name, so
that no number is ever read in another order. Boxes and landmarks, which were those of the
original pictures, are left out.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CardError, DataError, LabelMismatch
from ...expressions import LabelSet
from ...preprocess import Preprocess
from ..annotations import Annotations
from .prepared_table import ATTRIBUTE, FIRST, FOUND, UNIT, VOTES

if TYPE_CHECKING:
    from ..archive import Archive

MANIFEST = "prepared.json"
FORMAT = 1


@dataclass(frozen=True)
class PreparedSplit:
    """What a manifest says of one split that is done.

    Attributes:
        table: name of its table.
        listed: how many pictures the original lists.
        pictures: how many it has.
        found: in how many of these the face was found.
        missing: in how many pictures of the original it was not, kept here or not.
        unreadable: how many pictures of the original could not be read, and are left out.
        source: :func:`source_of` the original.
        class_names: what the classes of the original are called.
    """

    table: str
    listed: int
    pictures: int
    found: int
    missing: int
    unreadable: int
    source: str
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What ``prepared.json`` says.

    Attributes:
        dataset: name of the data set.
        settings: how all splits were prepared; ``preprocess`` is how their faces are cut.
        splits: those that are done.
        version: of mien, that began the copy.
    """

    dataset: str
    settings: Mapping[str, Any]
    splits: Mapping[str, PreparedSplit] = field(default_factory=dict)
    version: str = ""

    @property
    def preprocess(self) -> Preprocess:
        """How the faces are cut."""
        return Preprocess.from_dict(self.settings["preprocess"])

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: bytes, where: str) -> Manifest:
        """Read it back.

        Raises:
            DataError: if it is damaged, or of a newer format.
        """
        try:
            values = json.loads(text)
            if values["format"] > FORMAT:
                raise DataError(
                    f"{where}: written by a newer mien (format {values['format']}, this one "
                    f"reads {FORMAT}); upgrade mien"
                )
            splits = {
                name: PreparedSplit(**one | {"class_names": tuple(one["class_names"])})
                for name, one in values["splits"].items()
            }
            found = cls(values["dataset"], values["settings"], splits, values["version"])
            _ = found.preprocess
        except (ValueError, KeyError, TypeError, AttributeError, CardError) as error:
            reason = " ".join(str(error).split())
            raise DataError(
                f"{where}: damaged ({type(error).__name__}: {reason}); prepare the copy "
                "anew, into another folder"
            ) from None
        return found


def read_manifest(archive: Archive) -> Manifest | None:
    """What a copy says of its preparation; ``None`` for an original copy.

    Raises:
        DataError: if the manifest is damaged, or of a newer format.
    """
    data = archive.read(MANIFEST)
    return None if data is None else Manifest.from_json(data, f"{archive.root}: {MANIFEST}")


def read_prepared(archive: Archive, dataset: str, split: str) -> Prepared | None:
    """A split of a prepared copy; ``None`` for an original copy.

    Raises:
        DataError: if the copy is of another data set, the split is not done, or the manifest
            is damaged or of a newer format.
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
    if split not in manifest.splits:
        done = ", ".join(manifest.splits) or "none"
        raise DataError(
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
    def preprocess(self) -> Preprocess:
        """How the faces are cut."""
        return self.manifest.preprocess

    @property
    def side(self) -> int:
        """Width and height of every picture."""
        return self.preprocess.size

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
            raise DataError(f"{self.archive.root}: {done.table} is missing; prepare it again")
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
        return DataError(f"{self.archive.root}: {table} is damaged: {what}; prepare it again")


def _are_expressions(names: Sequence[str]) -> bool:
    try:
        LabelSet.of(names)
    except LabelMismatch:
        return False
    return True
