"""Copies of data sets are folders, or zip files that are read as they are.

Zip files often hold one folder that holds everything: its name is no part of the members'
names. What operating systems leave behind, such as ``.DS_Store``, ``__MACOSX`` and
``Thumbs.db``, and all else that is hidden is never listed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from ..errors import DataError, NotFound
from .parts.layout_signs import begins_layout

log = logging.getLogger("mien")

_LEFT_BEHIND = frozenset(("__MACOSX", "Thumbs.db", "desktop.ini"))
_OUTER = 2
"""How many folders, one in the other, are taken for outer ones."""


class Archive:
    """Read access to the files of a copy. Members are named with ``/``, below the root.

    Opening one reads a zip file's directory, and of a folder nothing. Where a zip file holds
    a single folder, or that a single one again, this is the root, unless a layout is known to
    begin above it.

    Args:
        root: a folder or a zip file.
        dataset: the data set's name, for messages.

    Raises:
        NotFound: if there is nothing at ``root``.
        DataError: if ``root`` is neither.
    """

    def __init__(self, root: Path | str, dataset: str) -> None:
        self.root = Path(root)
        if not self.root.exists():
            raise NotFound(f"{root}: there is no {dataset} at this path")
        self._zip = None if self.root.is_dir() else self._open()
        self._outer = "" if self._zip is None else _outer(self._zip.namelist())

    def _open(self) -> zipfile.ZipFile:
        self._owner = os.getpid()
        try:
            return zipfile.ZipFile(self.root)
        except (zipfile.BadZipFile, OSError) as error:
            what = "neither a folder nor a zip file"
            if _begins_zip(self.root):
                what = "a zip file that is cut off or damaged, copy it again"
            raise DataError(f"{self.root}: {what} ({error})") from None

    def __getstate__(self) -> dict[str, object]:
        """A zip file is opened again in another process: a shared position would mix reads."""
        return {"root": self.root, "_zip": self._zip is not None, "_outer": self._outer}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.root, self._outer = Path(str(state["root"])), str(state["_outer"])
        self._zip = self._open() if state["_zip"] else None

    def read(self, member: str) -> bytes | None:
        """A file's content; ``None`` if it is missing.

        Raises:
            DataError: if it is there and cannot be read.
        """
        if self._zip is None:
            path = self.root / member
            try:
                return path.read_bytes() if path.is_file() else None
            except OSError as error:
                raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        if self._owner != os.getpid():  # a forked process shares the position, too
            self._zip = self._open()
        if member not in self._members:
            return None
        entry = self._zip.getinfo(self._outer + member)
        try:
            return self._zip.read(entry)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError) as error:
            why = f"cannot be read ({error}); copy the zip file again"
            if isinstance(error, NotImplementedError):
                why = f"cannot be read ({error}); unpack the zip file first"
            if entry.flag_bits & 1:
                why = "is encrypted; unpack the zip file with its password first"
            raise DataError(f"{self.root}: {member} {why}") from None

    def has(self, member: str) -> bool:
        """Whether there is such a file."""
        if self._zip is None:
            return (self.root / member).is_file()
        return member in self._members

    def files(self, folder: str = "", *, deep: bool = False) -> Iterator[str]:
        """The members of a folder in order of their names; with ``deep`` of those below too.

        A folder that is not there gives nothing. Below it, folders that are links are passed
        over, so that nothing is read twice, and a warning says so.
        """
        if self._zip is None:
            links: list[str] = []
            yield from sorted(_listed(self.root, PurePosixPath(folder), deep, links))
            if links:
                _tell_of_links(self.root, len(links), links[0])
            return
        base = _plain(folder)
        if not deep:
            yield from self._files.get(base, ())
            return
        found = sorted(one for files in self._files.values() for one in files)
        yield from (one for one in found if not base or one.startswith(f"{base}/"))

    def folders(self, folder: str = "") -> list[str]:
        """Names of the folders in a folder, in their order.

        A folder that is not there gives nothing; in a zip file, an empty one is not there.
        """
        if self._zip is not None:
            above = f"{_plain(folder)}/".lstrip("/")
            below = (one[len(above) :] for one in self._files if one.startswith(above))
            return sorted({one.partition("/")[0] for one in below if one})
        if not (self.root / folder).is_dir():
            return []
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted(one.name for one in entries if _shown(one.name) and one.is_dir())
        except OSError as error:
            raise _unlistable(self.root / folder, error) from None

    def stamp(self) -> str:
        """SHA-256 that changes with the files, without reading them.

        Of a zip file's directory it takes names, sizes and checksums; of a folder names, sizes
        and times of the last change.
        """
        digest = hashlib.sha256()
        if self._zip is not None:
            for entry in self._zip.infolist():
                digest.update(f"{entry.filename}\n{entry.file_size} {entry.CRC}\n".encode())
            return digest.hexdigest()
        for name in self.files(deep=True):
            state = (self.root / name).stat()
            digest.update(f"{name}\n{state.st_size} {state.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    @cached_property
    def _members(self) -> frozenset[str]:
        """All files of a zip file, hidden ones too."""
        names = self._zip.namelist() if self._zip is not None else []
        inside = (one for one in names if one.startswith(self._outer) and not one.endswith("/"))
        return frozenset(one[len(self._outer) :] for one in inside)

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        """The members of a zip file by their folder: videos have thousands of folders."""
        folders: dict[str, list[str]] = {}
        for member in sorted(self._members):
            if _shown(member):
                folders.setdefault(member.rpartition("/")[0], []).append(member)
        return folders


def _begins_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return False


def _outer(names: Sequence[str]) -> str:
    """What is left out of all names in a zip file: nothing, ``a/`` or ``a/b/``."""
    if len({top for one in names if _shown(top := one.partition("/")[0])}) != 1:
        return ""  # at once, for most of the large ones
    files = (one for one in names if not one.endswith("/") and _shown(one))
    starts = {tuple(one.split("/")[: _OUTER + 3]) for one in files}
    outer = ""
    for _ in range(_OUTER):
        tops = {one[0] for one in starts}
        if len(tops) != 1 or min(map(len, starts)) == 1 or begins_layout(starts):
            break
        outer += f"{tops.pop()}/"
        starts = {one[1:] for one in starts}
    return outer


def _plain(folder: str) -> str:
    return "" if folder in ("", ".") else folder.rstrip("/")


def _shown(path: str) -> bool:
    """Whether nothing in a path is hidden or left behind by an operating system."""
    return not any(one.startswith(".") or one in _LEFT_BEHIND for one in path.split("/"))


@cache
def _tell_of_links(root: Path, count: int, first: str) -> None:
    """Once for each, as a copy is listed again for other questions."""
    log.warning(
        "%s: links to folders are not followed (%d, such as %s); copy what they lead to",
        root,
        count,
        first,
    )


def _listed(root: Path, folder: PurePosixPath, deep: bool, links: list[str]) -> Iterator[str]:
    """Files of a folder in any order; sets have hundreds of thousands, so no ``Path`` for each.

    Folders in it that are links are added to ``links`` if it is to be deep.
    """
    if not (root / folder).is_dir():
        return
    try:
        prefix = "" if folder == PurePosixPath() else f"{folder}/"
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if not _shown(entry.name):
                    continue
                if entry.is_file():
                    yield prefix + entry.name
                elif deep and entry.is_dir(follow_symlinks=False):
                    yield from _listed(root, folder / entry.name, deep, links)
                elif deep and entry.is_dir():
                    links.append(prefix + entry.name)
    except OSError as error:
        raise _unlistable(root / folder, error) from None


def _unlistable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: cannot be listed ({error.strerror})")
