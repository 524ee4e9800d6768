"""The same work on many items, in several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from ...errors import MienError

Result = TypeVar("Result")
_AT_ONCE = 16  # items that travel together
_AHEAD = 3  # batches that wait for each process
_MOST_ON_WINDOWS = 61

_work: Callable[[int], Any] | None = None  # of a worker process


def at_most(jobs: int) -> int:
    """As many of so many processes as the system lets one program wait for."""
    return min(jobs, _MOST_ON_WINDOWS) if sys.platform == "win32" else jobs


def in_processes(
    work: Callable[[int], Result], items: Sequence[int], jobs: int
) -> Iterator[Result]:
    """Results of ``work`` for all items, in any order.

    With one job everything happens here. Else ``work`` is pickled into fresh processes (the
    main script needs ``if __name__ == "__main__"``), which end with this one, however that
    ends. On Ctrl-C what the processes have begun is finished and given before
    ``KeyboardInterrupt`` goes on.

    Raises:
        MienError: if a process dies, or whatever ``work`` raises.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    batches = (items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE))
    context = multiprocessing.get_context("spawn")
    jobs = at_most(jobs)
    pool = ProcessPoolExecutor(jobs, context, _start, (work,))
    pending: set[Future[list[Result]]] = set()
    try:
        while True:
            wanted = jobs * _AHEAD - len(pending)
            with _deaf_children():
                pending |= {pool.submit(_batch, one) for one in islice(batches, wanted)}
            if not pending:
                break
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield from future.result()
    except KeyboardInterrupt:
        pool.shutdown(cancel_futures=True)
        for future in pending:
            if not future.cancelled() and future.exception() is None:
                yield from future.result()
        raise
    except BrokenProcessPool:
        raise MienError(
            "a worker process died, perhaps for lack of memory; run the same command again with "
            "fewer jobs, and it goes on where it stopped"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started herein get no Ctrl-C, not even while they import; ours comes after."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(work: Callable[[int], Any]) -> None:
    global _work
    _work = work
    # Ctrl-C is for the parent, which lets us finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # Without this, workers of a killed process would wait for work for ever.
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _batch(items: Sequence[int]) -> list[Any]:
    if _work is None:
        raise MienError("the worker process was not started")
    return [_work(item) for item in items]
