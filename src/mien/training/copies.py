"""Where the data sets of a recipe lie on this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..data.affwild2 import AffWild2
from ..data.archive import Archive
from ..data.catalogue import READERS, open_reader
from ..data.checking.completeness import completeness
from ..data.parts.expression_names import expression_named
from ..data.preparing.manifest import read_manifest
from ..data.reader import Reader
from ..errors import DataError, PreparedCopy, UnknownName
from .sources import Source

log = logging.getLogger("mien")

_NOTHING: Mapping[str, Path | str] = MappingProxyType({})


class Copies:
    """The copies of data sets that a run may read.

    Args:
        roots: folder, zip file or packed file by name of the data set.
        packed: a file of ``mien data pack``, which says itself what it holds.

    Raises:
        UnknownName: if there is no data set of that name.
        NotFound: if there is no packed file.
        DataError: if ``packed`` is damaged, or no packed file.
    """

    def __init__(
        self, roots: Mapping[str, Path | str] = _NOTHING, packed: Path | None = None
    ) -> None:
        for name in roots:
            if name not in READERS:
                raise UnknownName("data set", name, READERS)
        self.roots, self.packed = dict(roots), packed
        if packed is not None:
            held = _dataset_in(packed)
            if held in self.roots:
                raise DataError(
                    f"{packed} holds {held}, of which {self.roots[held]} is a copy, too; name one"
                )
            self.roots[held] = packed

    def require(self, sources: Iterable[Source], what: str) -> None:
        """Refuse to begin without the copies of all ``sources``.

        Args:
            sources: what is going to be opened.
            what: needs them, such as a recipe's name.

        Raises:
            DataError: naming all that are missing.
        """
        missing = [
            name for name in dict.fromkeys(one.dataset for one in sources) if name not in self.roots
        ]
        if missing:
            options = " ".join(f"--data {name}=ROOT" for name in missing)
            held = "" if self.packed is None else f"; {self.packed} holds {', '.join(self.roots)}"
            raise DataError(f"{what} needs a copy of {' and of '.join(missing)}: {options}{held}")

    def whole(self, source: Source) -> Reader:
        """The split of a source, without regard to what is taken of it.

        Raises:
            DataError: if there is no copy of it, or the copy is damaged or of another layout.
        """
        self.require((source,), f"the split {source.split}")
        root, options = self.roots[source.dataset], dict(source.options)
        while True:
            try:
                return open_reader(source.dataset, root, source.split, **options)
            except PreparedCopy as refused:
                # What a recipe chooses in the authors' layout was chosen when a copy was
                # prepared; a packed file says itself what was.
                if refused.option not in options or refused.packed:
                    raise
                del options[refused.option]

    def open(self, source: Source) -> Reader:
        """What a recipe takes of a source.

        Raises:
            DataError: if there is no copy of it, the copy is damaged or of another layout, or
                nothing is left.
            LabelMismatch: if an expression to take is none of the data set's.
        """
        return taken(self.whole(source), source)


def taken(reader: Reader, source: Source) -> Reader:
    """A reader with the rows that a source takes of its split.

    Raises:
        DataError: if nothing is left, or the data set has no expressions or videos to go by.
        LabelMismatch: if an expression is none of the data set's.
    """
    if source.strides:
        if not isinstance(reader, AffWild2):
            raise DataError(f"{reader.title} has no videos to be thinned by strides")
        reader.keep(reader.thinned(source.strides))
    if source.only is not None:
        reader.keep(_rows_of(reader, source.only))
    return reader


def checked(data: Reader) -> tuple[str, ...]:
    """What the card of a model should say of a copy.

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
    elif data.packed is not None and not data.packed.mosaic.unchanged:
        mosaic = data.packed.mosaic
        way = f"{mosaic.side} pixels, {mosaic.colour}"
        notes.append(f"{data.title} {data.split}: a packed copy, pictures brought to {way}")
    return tuple(notes)


def _rows_of(reader: Reader, only: Iterable[str]) -> NDArray[np.intp]:
    """Rows of the pictures with one of these expressions."""
    classes = reader.classes_in(reader.labels)
    rows = np.flatnonzero(
        np.isin(classes, [reader.labels.index(expression_named(one)) for one in only])
    )
    if not len(rows):
        raise DataError(f"{reader.root}: no picture of {', '.join(only)} is in {reader.split}")
    return rows


def _dataset_in(packed: Path) -> str:
    """Name of the data set that a packed file holds."""
    manifest = read_manifest(Archive(packed, "packed file"))
    if manifest is None or manifest.mosaic is None:
        raise DataError(f"{packed}: is no packed file; make one with mien data pack")
    return manifest.dataset
