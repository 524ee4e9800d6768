"""What survives a kill: files that appear whole, and a journal of what is done."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ...drafts import ENDING, draft_of
from ...errors import OutputError

State = Literal["found", "kept", "dropped", "unreadable"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one picture.

    Attributes:
        index: of the picture in its split.
        state: the face was found and stored; not found, and the picture kept by the rule or
            dropped; or the picture could not be read.
        size: of the stored file in bytes; 0 without one.
        reason: why it could not be read.
    """

    index: int
    state: State
    size: int = 0
    reason: str = ""

    def line(self) -> str:
        """How the journal has it."""
        known = [self.index, self.state, self.size]
        return json.dumps([*known, self.reason] if self.reason else known)


class Journal:
    """One line for each picture that is done, written after the picture is in place.

    A line that a kill has cut off is forgotten. The first line tells what the journal
    belongs to.

    Args:
        path: continued if it is there.
        belongs_to: to be written in JSON.
        first: entries that a new journal begins with.

    Attributes:
        entries: by the pictures' indices.

    Raises:
        OutputError: if it belongs to something else, is damaged, or cannot be written.
    """

    def __init__(
        self, path: Path, belongs_to: Mapping[str, Any], first: Iterable[Entry] = ()
    ) -> None:
        self.path = path
        self.entries: dict[int, Entry] = {}
        header = json.dumps(belongs_to, sort_keys=True)
        if (lines := [one.line() for one in first]) and not path.exists():
            write_whole(path, "".join(f"{line}\n" for line in (header, *lines)).encode())
        with writing(path):
            whole = self._read(header) if path.exists() else 0
            self._file = path.open("ab", buffering=0)
            self._file.truncate(whole)
            if not whole:
                self._file.write(f"{header}\n".encode())

    def _read(self, header: str) -> int:
        """Read what there is, and tell how many bytes of it are whole lines."""
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        first, *lines = data[:whole].split(b"\n")[:-1] or [b""]
        if whole and first != header.encode():
            raise OutputError(
                f"{self.path}: begun with other annotations or another mien; prepare into "
                "another folder, or delete this file to begin again"
            )
        for number, line in enumerate(lines, 2):
            try:
                index, state, size, *reason = json.loads(line)
            except (ValueError, TypeError):
                state = None
            if state not in get_args(State):
                raise OutputError(
                    f"{self.path}: line {number} is damaged; delete this file to begin again"
                )
            self.entries[index] = Entry(index, state, size, *reason[:1])
        return whole

    def add(self, entry: Entry) -> None:
        """Note that a picture is done.

        Raises:
            OutputError: if the line cannot be written.
        """
        with writing(self.path):
            data = f"{entry.line()}\n".encode()
            if self._file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.entries[entry.index] = entry

    def close(self) -> None:
        """Close the file; nothing is left to be written."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into one line.

    Raises:
        OutputError: naming ``path``.
    """
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        above = (one for one in (path, *path.parents) if one.exists() and not one.is_dir())
        raise OutputError(
            f"{next(above, path)}: is a file where a folder is needed; name another folder"
        ) from None
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); check the free space and "
            "the permissions, and run the same command again, which goes on from here"
        ) from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, whatever happens meanwhile.

    Raises:
        OutputError: if it cannot be written.
    """
    with writing(path), draft_of(path) as draft:
        draft.write_bytes(data)


def remove_parts(folder: Path) -> None:
    """Delete what killed processes have left of unfinished files, at any depth."""
    for part in folder.rglob(f".*{ENDING}"):
        with writing(part):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from preparing into the same folder, where the system can.

    Raises:
        OutputError: if another process is at it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    # Gone with the process, however that ends; a file of its own would stay behind.
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise OutputError(f"{folder}: another process is preparing pictures here") from None
    except OSError:
        pass  # a file system without locks
    try:
        yield
    finally:
        os.close(handle)
