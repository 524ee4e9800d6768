"""What a teacher answered, kept beside a run, so that it is asked once.

A run that is continued asks its teachers again. From the file it gets the very same numbers,
also with another number of threads or on another machine, and in no time.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ..drafts import draft_of
from ..errors import OutputError

log = logging.getLogger("mien")

_SECONDS_BETWEEN_WRITES = 60.0


class Answers:
    """Answers of one network, by what it was shown.

    Args:
        path: the file that keeps them, ``None`` for none. A damaged one is begun anew.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known: dict[str, NDArray[np.float32]] = {}
        self._unwritten, self._written = False, time.monotonic()
        if path is not None and path.is_file():
            try:
                self._known = load_file(path)
            except (SafetensorError, OSError) as error:
                log.warning("%s: cannot be read (%s); teachers are asked again", path, error)

    def get(
        self, shown: NDArray[np.float32], ask: Callable[[], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """The answer to ``shown``: known, or asked for and remembered.

        Raises:
            OutputError: if the file cannot be written.
        """
        key = hashlib.sha256(shown.tobytes()).hexdigest()
        if key not in self._known:
            self._known[key] = ask()
            self._unwritten = True
            # Now and then: a run that is killed here goes on where it was.
            if time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
                self.write()
        return self._known[key]

    def write(self) -> None:
        """Bring what is new to the file, which is replaced only by a whole one.

        Raises:
            OutputError: if it cannot be written.
        """
        if self.path is None or not self._unwritten:
            return
        # Processes of one run may write at the same time, and what they write is the same.
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with draft_of(self.path) as draft:
                save_file(self._known, draft)
        except (OSError, SafetensorError) as error:
            raise OutputError(
                f"{self.path}: the teachers' answers cannot be written ({error})"
            ) from None
        self._unwritten, self._written = False, time.monotonic()
