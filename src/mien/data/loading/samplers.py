"""A plan's epochs for torch: shared out among processes, and continued where the loop was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from torch.utils.data import DataLoader, Sampler

from ...errors import DataError, InputError
from .sampling import Indices, Plan

_BLOCK = 65_536
_Batch = TypeVar("_Batch", covariant=True)


class EpochSampler(Sampler[tuple[int, ...]]):
    """The keys ``(epoch, index)`` of one process, decided by plan, seed and epoch alone.

    A picture that comes again in the same epoch has the key ``(epoch, time, index)``, with
    time 1, 2, ..., so that it can be varied in another way than before.

    Process r of w gets the draws r, r + w, r + 2w, ... of the epoch. Where w does not divide
    their number, the epoch is filled up from its own beginning, so that every process has the
    same number of keys.

    Args:
        plan: draws the epochs.
        seed: of the run; the same on all processes.
        rank: which process this is, from 0.
        world: number of processes.

    Attributes:
        epoch: that the next iteration draws.
        position: number of this process's keys of that epoch which the loop has done; the
            next iteration begins behind them. Iterating does not move it, as loaders draw
            keys ahead of the loop: :class:`EpochLoader` sets it, or the loop itself.
    """

    def __init__(self, plan: Plan, seed: int, rank: int = 0, world: int = 1) -> None:
        if not 0 <= rank < world:
            raise InputError(f"process {rank} of {world} does not exist; they count from 0")
        self.plan, self.seed, self.rank, self.world = plan, seed, rank, world
        self.epoch = self.position = 0

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, or go on with the one in progress. Lightning calls it."""
        if epoch != self.epoch:
            self.epoch, self.position = epoch, 0

    def __len__(self) -> int:
        """Keys of a whole epoch, wherever the loop is."""
        return -(-len(self.plan) // self.world)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """The keys that the epoch still has for this process."""
        drawn = np.resize(self.plan.indices(self.epoch, self.seed), len(self) * self.world)
        own = slice(self.rank + self.position * self.world, None, self.world)
        return _keys(self.epoch, _times(drawn)[own], drawn[own])

    def state_dict(self) -> dict[str, Any]:
        """Where the loop is: the same on all processes."""
        return {
            "epoch": self.epoch,
            "position": self.position,
            "world": self.world,
            "plan": self.plan.fingerprint(),
            "seed": self.seed,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue there. With another number of processes the draws done stay done.

        (Up to ``world - 1`` of them come again, as processes have equal numbers.)

        Raises:
            DataError: if the state is of another plan or seed.
        """
        if state["seed"] != self.seed:
            raise DataError(f"the run was with seed {state['seed']}, not {self.seed}; start again")
        if state["plan"] != self.plan.fingerprint():
            raise DataError("the run drew its pictures in another way, or others; start again")
        self.epoch = state["epoch"]
        self.position = state["position"] * state["world"] // self.world


class EpochLoader(DataLoader[_Batch]):
    """A loader over an :class:`EpochSampler` that continues in the middle of an epoch.

    What counts are the batches that it has handed to the loop, not those that its workers
    have fetched ahead. Lightning keeps the state of loaders like this in its checkpoints, and
    sets it before it goes on; a checkpoint belongs behind a step, not within.
    """

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Batches of the rest of the epoch; behind the last one stands the next epoch."""
        sampler, batch_size = self._epochs, self.batch_size or 1
        start = sampler.position
        least = batch_size if self.drop_last else 1
        for number, batch in enumerate(_in_one_line(super().__iter__()), 1):
            sampler.position = min(start + number * batch_size, len(sampler))
            if len(sampler) - sampler.position < least:
                sampler.set_epoch(sampler.epoch + 1)
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Where the loop is."""
        return self._epochs.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue there."""
        self._epochs.load_state_dict(state)

    @property
    def _epochs(self) -> EpochSampler:
        if not isinstance(self.sampler, EpochSampler):
            raise InputError("this loader needs an EpochSampler")
        return self.sampler


def _in_one_line(batches: Iterator[Any]) -> Iterator[Any]:
    """What a worker found wrong with the data, without the traceback that torch puts around."""
    try:
        yield from batches
    except DataError as error:
        raise DataError(str(error).strip().rpartition(f"{DataError.__name__}: ")[2]) from error


def _keys(epoch: int, times: Indices, rows: Indices) -> Iterator[tuple[int, ...]]:
    # A block at a time: Python's own numbers and tuples take ten times an array's memory.
    for first in range(0, len(rows), _BLOCK):
        block = slice(first, first + _BLOCK)
        for time, row in zip(times[block].tolist(), rows[block].tolist(), strict=True):
            yield (epoch, time, row) if time else (epoch, row)


def _times(drawn: Indices) -> Indices:
    """How often each of the draws came before."""
    order = np.argsort(drawn, kind="stable")
    places = np.arange(len(drawn))
    begins = np.append(True, np.diff(drawn[order]) != 0)
    times = np.empty_like(places)
    times[order] = places - np.maximum.accumulate(np.where(begins, places, 0))
    return times
