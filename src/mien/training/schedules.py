"""How the learning rate changes: pure functions of the step.

A schedule gives the factor by which the recipe's rate is multiplied, so that its curve can be
computed without a run. Those that count epochs change at the first step of an epoch.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..errors import InputError

Unit: TypeAlias = Literal["epoch", "step"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a run is.

    Attributes:
        step: optimiser steps done before this one.
        per_epoch: steps of an epoch.
        total: steps of the whole run.
    """

    step: int
    per_epoch: int
    total: int

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return self.step // self.per_epoch

    def count(self, unit: Unit) -> int:
        """Epochs or steps done."""
        return self.epoch if unit == "epoch" else self.step

    def end(self, unit: Unit) -> int:
        """Epochs (the last may be a part) or steps of the whole run."""
        return -(-self.total // self.per_epoch) if unit == "epoch" else self.total


class Schedule(ABC):
    """A curve of the learning rate."""

    @abstractmethod
    def factor(self, clock: Clock) -> float:
        """What the rate is multiplied by at this step, at least 0."""


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """The same rate from the first step to the last."""

    def factor(self, clock: Clock) -> float:
        """One."""
        del clock
        return 1.0


@dataclass(frozen=True, slots=True)
class Cosine(Schedule):
    """Half a cosine down to zero (Loshchilov and Hutter 2017), after a straight rise.

    Attributes:
        warm_up: share of all steps in which the rate rises.
        start: factor that it rises from.
        by: ``"step"``, or ``"epoch"`` for a rate that holds for an epoch, as APViT's code has
            it: 0.5 (1 + cos(pi e / E)) in epoch e = 0, 1, ..., E - 1, without a rise.
    """

    warm_up: float = 0.0
    start: float = 0.0
    by: Unit = "step"

    def __post_init__(self) -> None:
        if not (0 <= self.warm_up < 1 and 0 <= self.start <= 1):
            raise InputError("warm_up and start of a cosine lie between 0 and 1")
        if self.by == "epoch" and self.warm_up:
            raise InputError("a cosine by epoch has no warm_up")

    def factor(self, clock: Clock) -> float:
        """Rise, then fall."""
        done, end = clock.count(self.by), clock.end(self.by)
        rise = self.warm_up * end
        if done < rise:
            return self.start + (1 - self.start) * done / rise
        return 0.5 * (1 + math.cos(math.pi * (done - rise) / (end - rise)))


@dataclass(frozen=True, slots=True)
class Every(Schedule):
    """Times ``rate`` after every ``every`` epochs.

    DAN on RAF-DB and MSA-Net: every 10, 0.1; DAN on AffectNet: every one, 0.6.

    Attributes:
        every: epochs from one change to the next.
        rate: of each change.
        start: epochs before counting begins; the first change comes ``every`` later.
    """

    every: int
    rate: float = 0.1
    start: int = 0

    def __post_init__(self) -> None:
        if self.every < 1 or self.start < 0 or not 0 <= self.rate <= 1:
            raise InputError("every is at least 1, start at least 0, rate between 0 and 1")

    def factor(self, clock: Clock) -> float:
        """rate ** (number of changes so far)."""
        return float(self.rate ** (max(clock.epoch - self.start, 0) // self.every))


@dataclass(frozen=True, slots=True)
class Milestones(Schedule):
    """Times ``rate`` at each of ``at``.

    Attributes:
        at: epochs or steps, counted from 0 and ascending.
        rate: of each change.
        by: what ``at`` counts.
    """

    at: tuple[int, ...]
    rate: float = 0.1
    by: Unit = "epoch"

    def __post_init__(self) -> None:
        if list(self.at) != sorted(set(self.at)) or min(self.at, default=1) < 1:
            raise InputError(f"milestones are ascending and at least 1, not {self.at}")
        if not 0 <= self.rate <= 1:
            raise InputError(f"rate is {self.rate}; it lies between 0 and 1")

    def factor(self, clock: Clock) -> float:
        """rate ** (milestones reached)."""
        done = clock.count(self.by)
        return float(self.rate ** sum(done >= one for one in self.at))
