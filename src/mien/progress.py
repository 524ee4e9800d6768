"""How far the command is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inference.video import Frame

_SECONDS_BETWEEN_LINES = 10.0


class Lines:
    """Says on standard error, every ten seconds, how much is done."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._frames = 0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, frame: Frame) -> None:
        """One more frame or picture is done."""
        self._frames += 1
        where = frame.source if frame.number is None else f"{frame.source} {frame.number}"
        self._say(self._frames, f"at {where}")

    def count(self, done: int, total: int) -> None:
        """So many of so many faces are done."""
        self._say(done, f"of {total}")

    def _say(self, done: int, where: str) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            rate = done / (now - self._start)
            print(f"mien: {done} done, {rate:.1f} a second, {where}", file=sys.stderr, flush=True)


class Bar:
    """A bar on standard error: within the video or data set, or over the pictures so far."""

    def __init__(self) -> None:
        # Slow to import, and needed on a terminal only.
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: Any = None

    def __enter__(self) -> Bar:
        self._progress.start()
        self._task = self._progress.add_task("", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def step(self, frame: Frame) -> None:
        """One more frame or picture is done."""
        name = frame.source[-40:]
        if frame.number is None:
            self._progress.update(self._task, description=name, advance=1, total=None)
        else:
            self._progress.update(
                self._task, description=name, completed=frame.number + 1, total=frame.total
            )

    def count(self, done: int, total: int) -> None:
        """So many of so many faces are done."""
        self._progress.update(self._task, description="faces", completed=done, total=total)


def create_progress(*, rows_on_terminal: bool) -> Bar | Lines:
    """A bar if standard error is a terminal that does not show the rows themselves."""
    return Bar() if sys.stderr.isatty() and not rows_on_terminal else Lines()
