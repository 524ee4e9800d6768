"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ENDING = ".part"
"""What names of unfinished files end in."""


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to, which takes its place when the block ends well.

    What was at ``path`` stays until then. A process that is killed leaves its draft behind,
    hidden and named after the process. What the system says of a full disk or a missing
    folder passes through: the caller knows what could not be written, and what to do.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}{ENDING}")
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
