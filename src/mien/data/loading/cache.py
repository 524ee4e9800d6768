"""Decoded faces of one split in one memory-mapped file.

Decoding takes most of the time of loading small pictures. A cache holds every face of a
split, brought to one size, as plain bytes: it is built once, and then shared by all workers
and runs through the memory of the system.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ...errors import DataError
from ...faces.session import cores
from ...preprocess import Picture, Preprocess
from ..reader import Reader
from .cache_file import AGAIN, FORMAT, Chunk, checksum, map_faces, read, write
from .pictures import Crops

Progress: TypeAlias = Callable[[int, int], None]
"""Takes how many of how many pictures are done."""

_CHUNK = 64
_LOOKED_AT = 8
_NAMED = 20


class PictureCache:
    """The decoded faces of one split; a source of pictures like its reader.

    Opening looks at what the file says of itself, at its length, and at eight of its faces
    beside the reader's own; :meth:`verify` looks at every byte.

    Args:
        reader: the split.
        path: the file.
        preprocess: how faces are cut, at the size of the cache. Mean and deviation do not
            matter, and without boxes nor do alignment, scale and shift.

    Raises:
        NotFound: if there is no such file.
        DataError: if it is no cache, is cut off or altered, or is one of other data, of
            another version of the data, size or colour.
    """

    def __init__(self, reader: Reader, path: Path | str, preprocess: Preprocess) -> None:
        self.reader, self.path = reader, Path(path)
        self._crops = Crops(reader, preprocess)
        self._shape = _shape(len(reader), preprocess)
        self._sums, self._damaged = read(self.path, _described(reader, preprocess), self._shape)
        self._faces = map_faces(self.path, self._shape)
        self._look()

    @classmethod
    def build(
        cls,
        reader: Reader,
        path: Path | str,
        preprocess: Preprocess,
        *,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> PictureCache:
        """Decode the split into a file, in the place of what was there, and open it.

        A picture that cannot be read is asked of the reader again whenever it is wanted.

        Args:
            reader: the split.
            path: the file.
            preprocess: how faces are cut, at the size of the cache.
            threads: how many decode; by default one for each core.
            progress: called now and then.

        Raises:
            OutputError: if the file cannot be written, as on a full disk.
            DataError: if not a single picture can be read.
        """
        chunks = _decoded(Crops(reader, preprocess), threads or cores(), progress)
        write(Path(path), _described(reader, preprocess), chunks)
        return cls(reader, path, preprocess)

    @classmethod
    def in_folder(
        cls,
        reader: Reader,
        folder: Path | str,
        preprocess: Preprocess,
        *,
        progress: Progress | None = None,
    ) -> PictureCache:
        """Open the split's cache in a folder, and build it if it is not there.

        Raises:
            OutputError: if it cannot be written.
            DataError: if it is there and damaged, or not a single picture can be read.
        """
        described = json.dumps(_described(reader, preprocess), sort_keys=True)
        key = hashlib.sha256(described.encode()).hexdigest()[:12]
        path = Path(folder) / f"{reader.name}-{reader.split}-{preprocess.size}-{key}.pictures"
        if path.exists():
            return cls(reader, path, preprocess)
        return cls.build(reader, path, preprocess, progress=progress)

    def __len__(self) -> int:
        return len(self.reader)

    @property
    def names(self) -> Sequence[str]:
        """The identities of the pictures."""
        return self.reader.names

    def picture(self, index: int) -> Picture:
        """A face, uint8 (size, size, 3) RGB, or (size, size) grey; not to be written to.

        Raises:
            DataError: if it could not be read when the cache was built, and cannot now.
        """
        if self._damaged[index]:
            return self._crops.picture(index)
        face: Picture = self._faces[index]
        return face if face.ndim == 2 else face.transpose(1, 2, 0)

    def verify(self) -> None:
        """Read the whole file.

        Raises:
            DataError: if a face was altered since the cache was built; with the names.
        """
        wrong = [
            self.names[row]
            for row, (face, known) in enumerate(zip(self._faces, self._sums, strict=True))
            if checksum(face) != known
        ]
        if wrong:
            more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
            listed = ", ".join(wrong[:_NAMED]) + more
            raise DataError(f"{self.path}: altered since it was built: {listed}; {AGAIN}")

    def __getstate__(self) -> dict[str, Any]:
        """Another process maps the file itself instead of being sent its content."""
        return {name: value for name, value in vars(self).items() if name != "_faces"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._faces = map_faces(self.path, self._shape)

    def _look(self) -> None:
        """Compare some faces with the reader's: another copy may have the same names."""
        readable = np.flatnonzero(~self._damaged)
        places = np.linspace(0, len(readable) - 1, _LOOKED_AT).round().astype(int)
        for row in np.unique(readable[places]).tolist():
            if not np.array_equal(self.picture(row), self._crops.picture(row)):
                raise DataError(
                    f"{self.path}: {self.names[row]} is another picture in {self.reader.root}; "
                    f"if the cache was altered or is of an older copy, {AGAIN}"
                )


def _shape(number: int, preprocess: Preprocess) -> tuple[int, ...]:
    # Planes of colours, as networks want them.
    channels = () if preprocess.colour == "grey" else (3,)
    return (number, *channels, preprocess.size, preprocess.size)


def _described(reader: Reader, preprocess: Preprocess) -> dict[str, Any]:
    """What a file must say of itself to be the cache of this split, cut this way."""
    digest = hashlib.sha256()
    for column in (reader.names, reader.table.files):
        digest.update("\n".join(column).encode("utf-8", "surrogateescape") + b"\0")
    kept = ["interpolation"]
    if reader.table.boxes is not None:
        digest.update(reader.table.boxes.astype("<f8").tobytes())
        kept += ["align", "scale", "shift", "template"]
    cut = preprocess.to_dict()
    described = {
        "format": FORMAT,
        "data set": reader.name,
        "split": reader.split,
        "pictures": len(reader),
        "size": preprocess.size,
        "colour": preprocess.colour,
        **{name: cut[name] for name in kept},
        "names": digest.hexdigest(),
    }
    values: dict[str, Any] = json.loads(json.dumps(described))
    return values


def _decoded(crops: Crops, threads: int, progress: Progress | None) -> Iterator[Chunk]:
    """Chunks of faces in their order, decoded ahead by threads: OpenCV lets them run."""
    ahead: deque[Future[Chunk]] = deque()
    everything = range(len(crops))
    chunks = (everything[first : first + _CHUNK] for first in everything[::_CHUNK])
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        ahead.extend(pool.submit(_decode, crops, rows) for rows in islice(chunks, 2 * threads))
        while ahead:
            faces, unread = ahead.popleft().result()
            ahead.extend(pool.submit(_decode, crops, rows) for rows in islice(chunks, 1))
            yield faces, unread
            done += len(faces)
            if progress is not None:
                progress(done, len(crops))


def _decode(crops: Crops, rows: range) -> Chunk:
    faces = np.zeros(_shape(len(rows), crops.preprocess), np.uint8)
    unread = [False] * len(rows)
    for place, row in enumerate(rows):
        try:
            face = crops.picture(row)
            faces[place] = face if face.ndim == 2 else face.transpose(2, 0, 1)
        except DataError:
            unread[place] = True
    return faces, unread
