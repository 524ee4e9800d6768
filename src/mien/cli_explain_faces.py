"""The faces of pictures for the verb ``explain``, found and cut as in prediction."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InputError, MienError
from .progress import create_progress

if TYPE_CHECKING:
    from .explain.subjects import FaceCut
    from .faces import Detector

_LONGEST = 150
"""Bytes of a picture's name in the names of its maps."""


class FaceFinder:
    """The faces of pictures, found and cut as in prediction; what fails is named.

    Args:
        detector: finds them.
        pictures: files, folders or globs.
        leave_out: the folder of the maps, which is not searched for pictures.
    """

    def __init__(
        self, detector: Detector, pictures: Sequence[str], leave_out: Path | None = None
    ) -> None:
        self.failures = 0
        self._detector = detector
        self._leave_out = leave_out
        self._taken: set[str] = set()
        self.files = [file for name in pictures for file in self._files(name)]

    def __iter__(self) -> Iterator[FaceCut]:
        with create_progress(rows_on_terminal=False) as progress:
            for number, file in enumerate(self.files):
                yield from self._faces(file)
                progress.count(number + 1, len(self.files))

    def _fail(self, error: MienError) -> None:
        self.failures += 1
        print(f"mien: error: {' '.join(str(error).splitlines())}", file=sys.stderr, flush=True)

    def _files(self, name: str) -> Iterator[Path]:
        from .inference.source_files import find_files, is_video
        from .inference.sources import guarded

        for file in guarded(find_files(name, self._leave_out)):
            if isinstance(file, MienError):
                self._fail(file)
            elif is_video(file):
                self._fail(InputError(f"{file}: is a video; mien explain takes pictures"))
            else:
                yield file

    def _faces(self, file: Path) -> Iterator[FaceCut]:
        from .explain.subjects import FaceCut
        from .inference.images import read_picture

        try:
            picture = read_picture(file)
        except MienError as error:
            self._fail(error)
            return
        (found,) = self._detector([picture])
        if not found:
            remedy = "if the picture is a face crop, take --detector none"
            self._fail(InputError(f"{file}: no face was found; {remedy}"))
        for number, one in enumerate(found):
            part = f".face{number}" if len(found) > 1 else ""
            # Room for what is added to a name, which file systems cut at 255 bytes.
            name = os.fsencode(file.stem)[:_LONGEST].decode("utf-8", "replace") + part
            yield FaceCut(self._free(name), picture, one.box, one.landmarks)

    def _free(self, stem: str) -> str:
        """A name that no other face of this call has, whatever the file system thinks of case."""
        name, number = stem, 2
        while name.casefold() in self._taken:
            name, number = f"{stem}-{number}", number + 1
        self._taken.add(name.casefold())
        return name
