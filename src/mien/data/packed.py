"""Packed copies: splits of a data set, cut to one size, in a single zip file.

A packed file is what a run needs on another machine. It holds ``prepared.json``, which tells
how it was made, a table for each split with all that the data set says of its pictures, and
the pictures in lossless mosaics. Every reader opens it in the place of an original copy, see
:mod:`mien.data.preparing.prepared`. The same data gives the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..drafts import output_file, refuse_source
from ..errors import DataError, InputError
from ..preprocess import Picture, Preprocess
from .ferplus import FERPlus
from .loading.pictures import Crops
from .mosaics import Mosaic
from .preparing.manifest import MANIFEST, Manifest, PreparedSplit
from .preparing.prepared_table import folder_of, source_of, table_text
from .reader import Reader

Progress: TypeAlias = Callable[[int, int], None]
"""Takes how many of how many pictures are done."""

_SIDE = 112  # where pictures have different sizes
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that zip files know


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed.

    Attributes:
        path: the file.
        pictures: how many of each split.
        mosaic: their size and colour.
        size: of the file in bytes.
    """

    path: Path
    pictures: dict[str, int]
    mosaic: Mosaic
    size: int

    def sentence(self) -> str:
        """What to say of it."""
        splits = ", ".join(f"{split} {number:,}" for split, number in self.pictures.items())
        kind = "as in the original" if self.mosaic.unchanged else "brought to this size"
        side = f"{self.mosaic.side}x{self.mosaic.side} {self.mosaic.colour}, {kind}"
        return f"{self.path}: {splits}; {side}; {self.size / 1e6:.1f} MB"


def default_preprocess(reader: Reader) -> Preprocess:
    """Pictures as they are, where all have one size; FER+'s in grey."""
    colour = "grey" if isinstance(reader, FERPlus) else "rgb"
    return Preprocess(size=reader.side or _SIDE, colour=colour)  # type: ignore[arg-type]


def pack(
    readers: Sequence[Reader],
    path: Path | str,
    preprocess: Preprocess | None = None,
    *,
    progress: Progress | None = None,
) -> Packed:
    """Write splits of one copy into one file, in the place of what was there.

    Args:
        readers: the splits, of one copy, opened with the same options.
        path: the file.
        preprocess: size and colour; where the data set has boxes of faces also how they are
            cut. By default :func:`default_preprocess`.
        progress: called now and then.

    Raises:
        DataError: if there are no readers, they are of several data sets, or a picture cannot
            be read.
        InputError: if the file is the copy itself.
        OutputError: if the file cannot be written, as on a full disk.
    """
    path = Path(path)
    _check(readers, path)
    cut = preprocess or default_preprocess(readers[0])
    mosaic = Mosaic.of(cut.size, cut.colour)
    packing = _Packing(readers, cut, mosaic, progress)
    with output_file(path) as draft:
        with zipfile.ZipFile(draft, "w") as file:
            splits = {reader.split: packing.split(file, reader) for reader in readers}
            mosaic = replace(mosaic, unchanged=packing.unchanged)
            manifest = Manifest(readers[0].name, _settings(readers[0], cut), splits, mosaic=mosaic)
            _write(file, MANIFEST, manifest.to_json().encode(), zipfile.ZIP_DEFLATED)
        size = draft.stat().st_size
    return Packed(path, {name: one.pictures for name, one in splits.items()}, mosaic, size)


class _Packing:
    """Splits on their way into a file."""

    def __init__(
        self,
        readers: Sequence[Reader],
        preprocess: Preprocess,
        mosaic: Mosaic,
        progress: Progress | None,
    ) -> None:
        self.preprocess, self.mosaic, self._progress = preprocess, mosaic, progress
        self.unchanged = True
        self._done, self._all = 0, sum(map(len, readers))

    def split(self, file: zipfile.ZipFile, reader: Reader) -> PreparedSplit:
        """Write one split."""
        folder, table = folder_of(reader.split), reader.table
        per = self.mosaic.pictures
        files = {row: f"{folder}/{row // per:04d}.png" for row in range(len(reader))}
        digest = hashlib.sha256()
        for first, pictures in self._chunks(reader):
            digest.update(pictures.data)
            _write(file, files[first], self.mosaic.encode(pictures), zipfile.ZIP_STORED)
        everything = dict.fromkeys(files, 0)
        found = dict.fromkeys(files, True)
        names, units = reader.class_names, reader.units
        text = table_text(table, files, found, everything, names, units)
        _write(file, f"{folder}.csv", text.encode(), zipfile.ZIP_DEFLATED)
        return PreparedSplit(
            table=f"{folder}.csv",
            listed=len(reader) + reader.absent,
            pictures=len(reader),
            found=len(reader),
            missing=reader.absent,
            unreadable=0,
            source=source_of(table, names, units),
            class_names=names,
            pixels=digest.hexdigest(),
        )

    def _chunks(self, reader: Reader) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """The pictures of each mosaic, and the row of its first."""
        per = self.mosaic.pictures
        cut = _cuts(reader)
        faces = Crops(reader, self.preprocess)
        self.unchanged &= not cut and reader.as_given
        for first in range(0, len(reader), per):
            pictures = []
            for row in range(first, min(first + per, len(reader))):
                if cut:
                    pictures.append(faces.picture(row))
                    continue
                original = reader.picture(row)
                pictures.append(self.preprocess.cut(original))
                self.unchanged &= _equal(pictures[-1], original)
            yield first, np.stack(pictures)
            self._done += len(pictures)
            if self._progress is not None:
                self._progress(self._done, self._all)


def _equal(packed: Picture, original: Picture) -> bool:
    """Whether a picture was not changed; grey ones may be stored as such."""
    shown = np.repeat(packed[..., None], 3, axis=-1) if packed.ndim == 2 else packed
    return np.array_equal(shown, original)


def _cuts(reader: Reader) -> bool:
    """Whether faces are cut out of larger pictures."""
    return reader.table.boxes is not None


def _settings(reader: Reader, cut: Preprocess) -> dict[str, Any]:
    """How the pictures came to be what they are, in values of JSON."""
    way = cut if _cuts(reader) else None
    if reader.preprocess is not None:  # a prepared copy
        way = replace(reader.preprocess, size=cut.size, colour=cut.colour)
    settings = {
        "preprocess": None if way is None else way.to_dict(),
        "originals": {name: _plain(value) for name, value in reader.originals.items()},
    }
    values: dict[str, Any] = json.loads(json.dumps(settings))
    return values


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else str(value)


def _check(readers: Sequence[Reader], path: Path) -> None:
    if not readers:
        raise DataError("there is no split to pack")
    if len({(one.name, one.root) for one in readers}) > 1:
        raise DataError("a packed file holds splits of one copy of one data set")
    if len({one.split for one in readers}) < len(readers):
        raise DataError("a split is to be packed twice; name each once")
    refuse_source(path, readers[0].root)
    if path.is_file() and _lies_in(path, readers[0].root) and not _is_packed(path):
        raise InputError(f"{path}: is a file of the copy, and would be lost; write to another file")
    for reader in readers:
        if len(set(reader.names)) < len(reader):
            raise DataError(f"{reader.root}: two pictures of {reader.split} have one name")


def _lies_in(path: Path, folder: Path) -> bool:
    return folder.is_dir() and path.resolve().is_relative_to(folder.resolve())


def _is_packed(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as file:
        return MANIFEST in file.namelist()


def _write(file: zipfile.ZipFile, name: str, content: bytes, how: int) -> None:
    file.writestr(zipfile.ZipInfo(name, _DATE), content, how, 9 if how else None)
