"""What the user names, a file, folder, glob, video, camera or array, as frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, MienError, Unreadable
from .images import decode_picture, read_picture
from .source_files import Source, begins_in, camera_index, find_files, is_video
from .video import Frame, read_camera, read_video

_Item = TypeVar("_Item")


def read_sources(
    sources: Sequence[Source], *, every: int = 1, leave_out: Path | None = None
) -> Iterator[Frame | MienError]:
    """Frames of all sources in order, in bounded memory.

    What cannot be read comes as an error in its place, and the rest goes on.

    Args:
        sources: files, folders (searched to the bottom, in order of their names), globs,
            ``camera:N`` or camera indices, the bytes of picture files, and arrays, uint8
            (H, W, 3) RGB or (H, W).
        every: of videos and cameras, every how many-th frame.
        leave_out: a folder that is not searched where it lies in one of the sources. A source
            that lies in it is looked through before anything is given, since what becomes of
            the frames may be written there.
    """
    leave_out = None if leave_out is None else Path(leave_out)
    lists = {} if leave_out is None else _listed_within(sources, leave_out)
    names = {kind: _names(sources, kind) for kind in (np.ndarray, bytes)}
    for number, source in enumerate(sources):
        if isinstance(source, np.ndarray):
            yield from guarded(_array(source, next(names[np.ndarray])))
        elif isinstance(source, bytes):
            yield from guarded(_decoded(source, next(names[bytes])))
        elif (index := camera_index(source)) is not None:
            yield from guarded(read_camera(index, every=every))
        elif not isinstance(source, str | Path):
            yield InputError(
                "a source is a path, a number, the bytes of a picture file or a uint8 array, "
                f"not {type(source).__name__}"
            )
        else:
            for path in lists.get(number) or guarded(find_files(str(source), leave_out)):
                if isinstance(path, MienError):
                    yield path
                elif is_video(path):
                    yield from guarded(read_video(path, every=every))
                else:
                    yield from guarded(_picture(path))


def _names(sources: Sequence[Source], kind: type) -> Iterator[str]:
    """What sources without a path are called, with a number where there are several."""
    name = {np.ndarray: "array", bytes: "bytes"}[kind]
    number = sum(isinstance(source, kind) for source in sources)
    return iter([name] if number == 1 else [f"{name}:{place}" for place in range(number)])


def _listed_within(sources: Sequence[Source], folder: Path) -> dict[int, list[Path | MienError]]:
    """The files of those sources, by their place, that lie in a folder."""
    return {
        place: list(guarded(find_files(str(one), folder)))
        for place, one in enumerate(sources)
        if begins_in(one, folder)
    }


def guarded(items: Iterator[_Item]) -> Iterator[_Item | MienError]:
    """Give what an iterator gives, and its error as the last item instead of raising.

    Of errors those that are of a file: :class:`MienError`, and ``OSError`` as one of these.
    """
    try:
        yield from items
    except MienError as error:
        yield error
    except OSError as error:  # a path that may not be looked at, or is too long to be one
        yield Unreadable(f"{error.filename}: cannot be read ({error.strerror})")


def _picture(path: Path) -> Iterator[Frame]:
    yield Frame(str(path), None, None, read_picture(path))


def _decoded(data: bytes, name: str) -> Iterator[Frame]:
    yield Frame(name, None, None, decode_picture(data, name))


def _array(array: NDArray[np.generic], name: str) -> Iterator[Frame]:
    colour = array.ndim == 3 and array.shape[2] == 3
    if array.dtype != np.uint8 or not (colour or array.ndim == 2) or array.size == 0:
        raise InputError(
            f"{name}: a picture is uint8 of shape (H, W, 3) RGB or (H, W) grey, "
            f"this is {array.dtype} of shape {array.shape}"
        )
    picture = array if colour else np.stack([array] * 3, axis=2)
    yield Frame(name, None, None, np.ascontiguousarray(picture, np.uint8))
