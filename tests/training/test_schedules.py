"""Curves of the learning rate against the formulas of papers and codes."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

pytest.importorskip("lightning")

from mien.errors import InputError
from mien.training.schedules import (
    Clock,
    Constant,
    Cosine,
    Every,
    Milestones,
    Schedule,
)

PER_EPOCH = 10


def curve(schedule: Schedule, steps: int) -> list[float]:
    return [schedule.factor(Clock(step, PER_EPOCH, steps)) for step in range(steps)]


def test_dan_on_rafdb_falls_to_a_tenth_every_ten_epochs() -> None:
    factors = curve(Every(10), 40 * PER_EPOCH)
    assert factors[99] == 1
    assert factors[100] == pytest.approx(0.1)
    assert factors[-1] == pytest.approx(1e-3)


def test_dan_on_affectnet_falls_every_epoch() -> None:
    factors = curve(Every(1, 0.6), 10 * PER_EPOCH)
    assert factors[::PER_EPOCH] == pytest.approx([0.6**epoch for epoch in range(10)])


def test_a_late_decay_begins_behind_its_start() -> None:
    """lr0 * 0.9 ** floor((epoch - start) / 5) for epochs after the start."""
    factors = curve(Every(5, 0.9, start=4), 20 * PER_EPOCH)
    expected = [0.9 ** ((epoch - 4) // 5) if epoch > 4 else 1.0 for epoch in range(20)]
    assert factors[::PER_EPOCH] == pytest.approx(expected)


def test_milestones_by_epoch_and_by_step() -> None:
    by_epoch = curve(Milestones((15, 30)), 40 * PER_EPOCH)
    assert [by_epoch[place] for place in (149, 150, 299, 300)] == pytest.approx([1, 0.1, 0.1, 0.01])
    by_step = curve(Milestones((25, 31), 0.5, by="step"), 40)
    assert [by_step[place] for place in (24, 25, 30, 31)] == [1, 0.5, 0.5, 0.25]


def test_apvit_s_cosine_holds_for_an_epoch() -> None:
    """0.5 lr (1 + cos(pi e / 40)), e = 0 ... 39."""
    factors = curve(Cosine(by="epoch"), 40 * PER_EPOCH)
    expected = [0.5 * (1 + math.cos(math.pi * (step // PER_EPOCH) / 40)) for step in range(400)]
    assert factors == pytest.approx(expected)
    assert factors[-1] > 0


def test_a_cosine_by_step_rises_first_and_ends_near_zero() -> None:
    factors = curve(Cosine(warm_up=0.2, start=0.5), 100)
    assert factors[0] == 0.5
    assert factors[10] == pytest.approx(0.75)
    assert factors[20] == 1
    assert factors[60] == pytest.approx(0.5)
    assert 0 < factors[-1] < 1e-3
    assert all(later < earlier for earlier, later in pairwise(factors[20:]))


def test_a_constant_is_constant() -> None:
    assert set(curve(Constant(), 30)) == {1.0}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Cosine(warm_up=1.0),
        lambda: Cosine(warm_up=0.1, by="epoch"),
        lambda: Every(0),
        lambda: Every(1, 2.0),
        lambda: Milestones((30, 15)),
        lambda: Milestones((0, 15)),
        lambda: Milestones((15,), -1.0),
    ],
)
def test_curves_that_are_none_are_refused(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]
