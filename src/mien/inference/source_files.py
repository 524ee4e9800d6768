"""Which files a path, a folder or a glob stands for, and whether a file is one of them."""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, NotFound, Unreadable
from ..image_header import SIGNATURE_LENGTH, kind_of
from .container import container_of
from .video import VIDEO_SUFFIXES

Source: TypeAlias = str | Path | int | bytes | NDArray[np.uint8]

PICTURE_SUFFIXES = frozenset(
    [
        ".avif",
        ".bmp",
        ".dib",
        ".gif",
        ".heic",  # refused, each by its name, so that no photo is passed over
        ".heif",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    ]
)

_SUFFIXES = PICTURE_SUFFIXES | VIDEO_SUFFIXES

CAMERA = "camera:"

log = logging.getLogger("mien")


def find_files(name: str, leave_out: Path | None = None) -> Iterator[Path]:
    """The files that a path or glob stands for, in order.

    Of folders those with a picture's or video's suffix, to the bottom, without hidden ones;
    folders in it that are links are passed over, so that nothing is read twice, and a warning
    says so.

    Args:
        name: path or glob.
        leave_out: a folder in folders that is not searched.

    Raises:
        NotFound: if nothing is there, or a folder holds no pictures and no videos.
        InputError: if it is a pipe or a device.
        Unreadable: at the end, if a folder may not be listed.
        OSError: if the path may not be looked at.
    """
    path = Path(name)
    if not name:
        raise NotFound("an empty path is given; name a file or a folder, such as .")
    if path.is_dir():
        yield from _folder(path, leave_out)
    elif path.exists():
        if not path.is_file():
            raise InputError(f"{name}: is no file or folder; cameras are called {CAMERA}N")
        yield path
    elif glob.has_magic(name):
        # Path.glob takes no absolute patterns.
        matches = sorted(_matches(name, leave_out))
        if not matches:
            raise NotFound(f"{name}: no file matches")
        for match in matches:
            if not match.is_dir():
                yield match
            elif "**" not in name:  # which names by itself what lies inside
                yield from _folder(match, leave_out)
    else:
        raise NotFound(f"{name}: there is no such file or folder")


def is_source(path: Path, sources: Sequence[Source], leave_out: Path | None = None) -> bool:
    """Whether a file is one that sources name, so that writing it would lose what is read.

    Args:
        path: of the file, which need not be there.
        sources: as for :func:`read_sources`.
        leave_out: as there.
    """
    whole = _whole(path)
    return path.exists() and whole in sources_in(whole.parent, sources, leave_out)


def sources_in(
    folder: Path, sources: Sequence[Source], leave_out: Path | None = None
) -> frozenset[Path]:
    """The files right in a folder that sources name, as absolute paths without links.

    Args:
        folder: whose files are sought.
        sources: as for :func:`read_sources`.
        leave_out: as there.
    """
    inside = _whole(folder)
    out = None if leave_out is None else _whole(leave_out)
    found: set[Path] = set()
    for one in sources:
        if not isinstance(one, str | Path) or camera_index(one) is not None or not str(one):
            continue
        with suppress(OSError):  # what may not be looked at is not read either
            named = Path(str(one))
            for path in [named] if named.exists() else _matches(str(one), out):
                if not path.is_dir():
                    found.add(_whole(path))
                elif _is_searched(inside, _whole(path), out):
                    found.update(one for one in inside.iterdir() if one.suffix.lower() in _SUFFIXES)
    return frozenset(path for path in found if path.parent == inside)


def _matches(pattern: str, leave_out: Path | None = None) -> Iterator[Path]:
    """What a glob stands for, but for a folder to leave out and what is in it.

    A pattern that begins in that folder means what is there.
    """
    matches = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207
    out = None if leave_out is None else _whole(leave_out)
    if out is None or _root(pattern).is_relative_to(out):
        return matches
    return (path for path in matches if not _whole(path).is_relative_to(out))


def _root(name: str) -> Path:
    """The folder from which a path or glob is looked for; a path itself."""
    parts = Path(name).parts
    plain = list(takewhile(lambda part: not glob.has_magic(part), parts))
    return _whole(Path(*(plain if len(plain) < len(parts) else parts)))


def _whole(path: Path) -> Path:
    """An absolute path without links, also of one that leads to itself, and of what is none."""
    with suppress(ValueError):  # of a null in it
        return Path(os.path.realpath(path))
    return path.absolute()


def begins_in(source: Source, folder: Path) -> bool:
    """Whether all that a path or glob stands for lies in a folder."""
    return (
        isinstance(source, str | Path)
        and camera_index(source) is None
        and str(source) != ""
        and _root(str(source)).is_relative_to(_whole(folder))
    )


def _is_searched(folder: Path, source: Path, out: Path | None) -> bool:
    """Whether a folder is searched because a folder is a source, all of them without links."""
    left_out = (
        out is not None
        and out != source
        and out.is_relative_to(source)
        and folder.is_relative_to(out)
    )
    return folder.is_relative_to(source) and not left_out


def _folder(path: Path, leave_out: Path | None) -> Iterator[Path]:
    out = None if leave_out is None else _whole(leave_out)
    refused: list[OSError] = []
    links: list[Path] = []
    empty = True
    for folder, folders, files in os.walk(path, onerror=refused.append):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (out is None or _whole(Path(folder, name)) != out)
        )
        links.extend(one for name in folders if (one := Path(folder, name)).is_symlink())
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES:
                empty = False
                yield Path(folder, name)
    if refused:
        first, more = refused[0], len(refused) - 1
        others = f", nor can {more} more below {path}" if more else ""
        raise Unreadable(f"{first.filename}: cannot be listed ({first.strerror}){others}")
    linked = ""
    if links:
        such = f"({len(links)}, such as {links[0]})"
        linked = f"links to folders {such} are not followed, name them to read them"
    if empty:
        nothing = f"{path}: the folder holds no pictures and no videos"
        raise NotFound(f"{nothing}; {linked}" if linked else nothing)
    if linked:
        log.warning("%s: %s", path, linked)


def is_video(path: Path) -> bool:
    """Whether to open a file as a video: by its suffix, else by its first bytes."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return True
    try:
        if not path.is_file():  # a pipe may never give a byte
            return False
        with path.open("rb") as file:
            start = file.read(SIGNATURE_LENGTH)
    except OSError:
        return False
    return kind_of(start) is None and container_of(start) is not None


def camera_index(source: object) -> int | None:
    """The N of ``camera:N`` or of a plain number; ``None`` for anything else."""
    if isinstance(source, int) and not isinstance(source, bool):
        return source
    text = str(source) if isinstance(source, str | Path) else ""
    number = text.removeprefix(CAMERA)
    return int(number) if text.startswith(CAMERA) and number.isdecimal() else None
