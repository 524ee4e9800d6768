"""Progress over several passes of networks, told as progress of one."""

from __future__ import annotations

from .answering import Progress


class Passes:
    """Adds up the faces of passes that follow each other.

    Args:
        total: faces in all passes.
        progress: told the faces done and the faces in all; may be ``None``.
    """

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress, self._done = total, progress, 0

    def __call__(self, done: int, faces: int) -> None:
        """Progress of the pass at hand; the next one begins when all its faces are done."""
        if self._progress is not None:
            self._progress(self._done + done, self._total)
        if done == faces:
            self._done += faces
