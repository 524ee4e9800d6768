import threading
from collections.abc import Iterator

import pytest

from mien.inference.ahead import ahead


def test_order_is_kept() -> None:
    assert list(ahead(one for one in range(100))) == list(range(100))


def test_it_runs_in_another_thread() -> None:
    def names() -> Iterator[str]:
        yield threading.current_thread().name

    assert list(ahead(names())) == ["mien-ahead"]  # type: ignore[arg-type]


def test_an_error_comes_after_what_was_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("the third")

    items = ahead(failing())  # type: ignore[arg-type]
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(items)


def test_it_stays_two_ahead_and_closes_its_source() -> None:
    made, closed = [], threading.Event()

    def endless() -> Iterator[int]:
        try:
            number = 0
            while True:
                made.append(number)
                yield number
                number += 1
        finally:
            closed.set()

    items = ahead(endless())  # type: ignore[arg-type]
    for expected in range(5):
        assert next(items) == expected
        assert len(made) <= expected + 3
    items.close()  # type: ignore[attr-defined]
    assert closed.is_set()
    assert not [one for one in threading.enumerate() if one.name == "mien-ahead"]
