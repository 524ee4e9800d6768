from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

WORKERS = Path(__file__).parents[2] / "benchmarks" / "workers"


class World:
    """A run and another loop whose steps take a known time, with validations in between."""

    def __init__(self, epoch: int) -> None:
        self.seconds, self.epoch = 0.0, epoch
        self.others = 0

    def other(self) -> Iterator[None]:
        while True:
            self.others += 1
            self.seconds += 0.5
            yield

    def run(self, tick) -> None:
        """Steps of 0.25 s, the two after every rest at once; a validation of 1000 s an epoch."""
        step, fast = 0, 2
        while True:
            before = self.others
            self.seconds += 0.0 if fast else 0.25
            fast = max(fast - 1, 0)
            step += 1
            tick()
            if self.others > before:
                fast = 2
            if step % self.epoch == 0:
                self.seconds += 1000


@pytest.mark.parametrize("epoch", [7, 9, 10, 23])
def test_validations_and_what_was_fetched_ahead_are_not_timed(
    epoch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(WORKERS)
    from turns import Enough, Turns

    world = World(epoch)
    turns = Turns(
        {"other": world.other()},
        lambda: world.seconds,
        batch=10,
        epoch=epoch,
        rest=3,
        steps=4,
        rounds=5,
    )
    with pytest.raises(Enough):
        world.run(turns.tick)
    assert turns.answer() == {"loop": [10 / 0.25] * 5, "other": [10 / 0.5] * 5}
    assert world.others == 6 * (3 + 4)


def test_ways_take_turns_and_the_first_round_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(WORKERS)
    import turns

    world, order = {"seconds": 0.0}, []

    def way(name: str, seconds: float) -> None:
        order.append(name)
        world["seconds"] += seconds if len(order) > 4 else 100.0

    monkeypatch.setattr(turns.time, "perf_counter", lambda: world["seconds"])
    ways = {"a": lambda: way("a", 0.5), "b": lambda: way("b", 2.0)}
    rates = turns.in_turns(ways, rounds=2, steps=2, batch=8)
    assert rates == {"a": [16.0, 16.0], "b": [4.0, 4.0]}
    assert "".join(order) == "aabb" * 3
