"""Annotated pictures and videos as files in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2

from ..drafts import output_file, output_folder
from ..errors import OutputError
from ..preprocess import Picture
from .annotate import annotate
from .annotated_video import AnnotatedVideo
from .annotation_mark import is_marked, mark_picture
from .results import Face
from .source_files import Source, is_source, sources_in
from .video import Frame

_JPEG_QUALITY = 92
_JPEG_SIDE = 65_500  # the longest that libjpeg writes


class Annotator:
    """Writes annotated pictures and videos into a folder.

    A picture becomes ``<name>.jpg`` if it was called a JPEG and fits into one, else
    ``<name>.png``; a video becomes ``<name>.mp4``. Sources of equal names get a number, so
    that none replaces another. What earlier runs wrote is replaced, and nothing else.

    Args:
        folder: made if it is not there.
        on_error: called with what could not be written; everything else goes on.
        sources: all that is read, none of which is replaced.

    Raises:
        OutputError: if the folder cannot be made.
    """

    def __init__(
        self,
        folder: str | Path,
        on_error: Callable[[OutputError], None],
        sources: Sequence[Source] = (),
    ) -> None:
        self._folder = Path(folder)
        self._sources = sources
        self._on_error = on_error
        self._names: set[str] = set()
        self._video: AnnotatedVideo | None = None
        self._source: str | None = None
        output_folder(self._folder)

    def write(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Annotate one frame and write it."""
        picture = annotate(frame.picture, faces)
        if frame.number is None:
            self.close()
            self._guard(self._write_picture, frame, picture)
            return
        if frame.source != self._source or frame.number == 0:
            self.close()
            self._source = frame.source
            self._guard(self._open_video, frame.source)
        # Where a video cannot be written, that is said once, and its other frames are left out.
        if self._video is not None and not self._guard(self._video.write, frame, picture):
            self._video = None

    def _open_video(self, source: str) -> None:
        self._video = AnnotatedVideo(self._path(source, ".mp4"))

    def close(self) -> None:
        """Finish the video that is being written, if there is one."""
        video, self._video, self._source = self._video, None, None
        if video is not None:
            self._guard(video.close)

    def __enter__(self) -> Annotator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _guard(self, action: Callable[..., None], *arguments: Any) -> bool:
        """Whether something could be written; if not, tell."""
        try:
            action(*arguments)
        except OutputError as error:
            self._on_error(error)
            return False
        except OSError as error:  # of a folder that may not be looked into
            where = error.filename or self._folder
            self._on_error(OutputError(f"{where}: cannot be written ({error.strerror})"))
            return False
        return True

    def _write_picture(self, frame: Frame, picture: Picture) -> None:
        suffix = Path(frame.source).suffix.lower()
        jpeg = suffix in (".jpg", ".jpeg", ".jpe", ".jfif") and max(picture.shape) <= _JPEG_SIDE
        kind = ".jpg" if jpeg else ".png"
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if jpeg else []
        _, data = cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
        path = self._path(frame.source, kind)
        with output_file(path) as draft:
            draft.write_bytes(mark_picture(data.tobytes()))

    @cached_property
    def _here(self) -> frozenset[Path]:
        """The sources in the folder: looked for once, and only where a file is there already."""
        return sources_in(self._folder, self._sources, self._folder)

    def _path(self, source: str, suffix: str) -> Path:
        """A file name that no other source of this run has."""
        stem = Path(source).stem if Path(source).suffix else Path(source).name.replace(":", "-")
        name, number = stem + suffix, 2
        while name.casefold() in self._names:
            name, number = f"{stem}-{number}{suffix}", number + 1
        self._names.add(name.casefold())
        path = self._folder / name
        if path.exists() and (is_source(path, [source]) or path.resolve() in self._here):
            raise OutputError(
                f"{path}: annotating would replace the source; "
                "choose another folder with --annotate"
            )
        if path.exists() and not is_marked(path):
            raise OutputError(
                f"{path}: bears no mark of mien predict, and would be lost; "
                "choose another folder with --annotate"
            )
        return path
