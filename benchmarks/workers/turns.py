"""Several loops that take turns within the run of one of them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any


def in_turns(
    ways: dict[str, Callable[[], None]], *, rounds: int, steps: int, batch: int
) -> dict[str, list[float]]:
    """Every way once in each round, so that a busy moment hits them alike.

    Args:
        ways: functions that do one step.
        rounds: that count; one more before them only wakes everything up.
        steps: that are timed at a time.
        batch: pictures a step.

    Returns:
        Pictures a second of each round.
    """
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, step in ways.items():
            start = time.perf_counter()
            for _ in range(steps):
                step()
            if number:
                rates[name].append(batch * steps / (time.perf_counter() - start))
    return rates


class Enough(Exception):
    """All rounds are measured."""


class Turns:
    """Counts the optimiser steps of a run, times some, and lets the others have theirs.

    Args:
        others: loops that do one step whenever they are asked.
        clock: gives the seconds when everything that was asked of the device is done.
        batch: pictures a step.
        epoch: steps of the run between two validations, during which nothing is timed.
        rest: steps after a rest that are not timed.
        steps: that are.
        rounds: of everybody once.
    """

    def __init__(
        self,
        others: dict[str, Iterator[None]],
        clock: Callable[[], float],
        *,
        batch: int,
        epoch: int,
        rest: int,
        steps: int,
        rounds: int,
    ) -> None:
        self.others, self.clock = others, clock
        self.batch, self.epoch = batch, epoch
        self.rest, self.steps, self.rounds = rest, steps, rounds
        self.rates: dict[str, list[float]] = {"loop": [], **{name: [] for name in others}}
        self._done = self._began = 0
        self._start = 0.0
        self._others_turn = False

    def tick(self, *_: Any) -> None:
        """The hook: an optimiser, whosever, has done a step."""
        if self._others_turn:
            return
        self._done += 1
        since = self._done - self._began
        if since == self.rest:
            left = -self._done % self.epoch
            if left < self.steps:  # the validation would be within
                self._began = self._done + left
            self._start = self.clock()
        elif since == self.rest + self.steps:
            self._note("loop", self.clock() - self._start)
            self._others_turn = True
            for name, loop in self.others.items():
                self._note(name, self._time(loop))
            self._others_turn = False
            self._began = self._done
            if len(self.rates["loop"]) > self.rounds:
                raise Enough

    def _time(self, loop: Iterator[None]) -> float:
        for _ in itertools.islice(loop, self.rest):
            pass
        start = self.clock()
        for _ in itertools.islice(loop, self.steps):
            pass
        return self.clock() - start

    def _note(self, name: str, seconds: float) -> None:
        self.rates[name].append(self.batch * self.steps / seconds)

    def answer(self) -> dict[str, list[float]]:
        """The rates, without the first round, which only woke everything up."""
        return {name: rates[1:] for name, rates in self.rates.items()}
