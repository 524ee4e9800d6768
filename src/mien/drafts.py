"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InputError, OutputError

ENDING = ".part"
"""What names of unfinished files end in."""
_LONGEST = 200


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to, which takes its place when the block ends well.

    What was at ``path`` stays until then. A process that is killed leaves its draft behind,
    hidden and named after the process. What the system says of a full disk or a missing
    folder passes through: the caller knows what could not be written, and what to do.

    A pipe or a device, such as ``/dev/null``, is written to itself. Of a link the file that it
    leads to is replaced.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        yield path
        return
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    # File systems cut names at 255 bytes, and the draft's is to be longer than the file's.
    name = os.fsencode(path.name)[:_LONGEST].decode("utf-8", "ignore")
    draft = path.with_name(f".{name}.{os.getpid()}{ENDING}")
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


@contextmanager
def output_file(path: Path, what: str = "", remedy: str = "") -> Iterator[Path]:
    """A draft of a file that the user asked for, in a folder that is made if need be.

    Args:
        path: of the file.
        what: it is, for the message, such as ``"the report"``.
        remedy: what to do if it cannot be written.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(path) as draft:
            yield draft
    except OSError as error:
        said = f"{what} cannot be written".lstrip()
        reason = error.strerror or error
        raise OutputError(f"{path}: {said} ({reason}){remedy and f'; {remedy}'}") from None


def refuse_source(output: Path, *sources: str | Path | None) -> None:
    """Keep a file that is read from being written over.

    Args:
        output: to be written.
        sources: what is read; names of anything else than files do no harm.

    Raises:
        InputError: if the output is one of them.
    """
    for source in sources:
        # A name too long for a file, or with a null in it, is none.
        with suppress(OSError, ValueError):
            if source is not None and output.samefile(source):
                raise InputError(
                    f"{output}: is read here, and would be lost; write to another file"
                )


def output_folder(path: Path) -> None:
    """Make a folder that the user asked for, if it is not there.

    Raises:
        OutputError: if it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: the folder cannot be made ({error.strerror})") from None


def refuse_ending(output: Path, ending: str, content: str) -> None:
    """Refuse to write under an ending that stands for another kind of file.

    Args:
        output: of the user's choice.
        ending: that it may not have.
        content: what is to be written.

    Raises:
        InputError: if it has it.
    """
    if output.suffix.lower() == ending:
        raise InputError(f"{output}: would be {content}, and {ending} files are none")


def try_to_write(path: Path) -> None:
    """Find out before the work whether a file can be written; what is there stays as it is.

    Raises:
        OutputError: if it cannot, or its folder cannot be made.
    """
    new = not path.exists()
    if not (new or path.is_file() or path.is_dir()):
        return  # a pipe would take this for its end
    path = Path(os.path.realpath(path))
    output_folder(path.parent)
    try:
        path.open("ab").close()
        if new:
            path.unlink()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
