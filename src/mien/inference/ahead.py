"""Read ahead: what comes next is decoded while the networks work on what is there."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

_PATIENCE = 0.05  # seconds between two looks at whether the reader has gone


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more comes; ``error`` is what ended it before its time."""

    error: BaseException | None


def ahead(items: Generator[Item, None, None]) -> Iterator[Item]:
    """Give the same items in the same order, produced in another thread.

    At most two items exist besides the one that was given last: one that waits and one that
    is being made. An error of the producer is raised where its next item would have come. If
    the reader stops early, so does the producer, and it is closed.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(maxsize=1)
    gone = threading.Event()

    def put(item: Item | _End) -> bool:
        while not gone.is_set():
            try:
                waiting.put(item, timeout=_PATIENCE)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        error = None
        try:
            with closing(items):
                for item in items:
                    if not put(item):
                        return
        except BaseException as raised:
            error = raised
        put(_End(error))

    thread = threading.Thread(target=produce, name="mien-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        gone.set()
        thread.join()
