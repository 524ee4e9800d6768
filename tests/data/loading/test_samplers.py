from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lightning_warnings import IGNORED  # noqa: E402

from mien.data.loading.samplers import EpochLoader, EpochSampler  # noqa: E402
from mien.data.loading.sampling import PLANS, Repeated, Shuffle, make_plan  # noqa: E402
from mien.errors import DataError, InputError  # noqa: E402

# The square root repeats the last class: 45 draws, 11 batches of 4, and 1 that is left over.
CLASSES = np.repeat([0, 1, 2], [31, 8, 3])
# On a machine with one core, torch advises against two workers.
pytestmark = [*IGNORED, pytest.mark.filterwarnings("ignore:This DataLoader will create")]
both = pytest.mark.parametrize("workers", [0, 2])


class Keys(torch.utils.data.Dataset):
    """Gives back what it was asked for, with a time of 0 for first times."""

    def __getitem__(self, key: tuple[int, ...]) -> tuple[int, ...]:
        return key if len(key) == 3 else (key[0], 0, key[1])


def loader(workers: int, *, seed: int = 3, drop_last: bool = True, **options: Any) -> EpochLoader:
    sampler = EpochSampler(Repeated(CLASSES), seed, **options)
    return EpochLoader(
        Keys(),
        batch_size=4,
        sampler=sampler,
        num_workers=workers,
        drop_last=drop_last,
        prefetch_factor=2 if workers else None,
        persistent_workers=workers > 0,
    )


def keys(batch: Any) -> list[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in batch), strict=True))


def test_keys_are_the_plans_with_the_epoch() -> None:
    plan = Shuffle(100)
    sampler = EpochSampler(plan, seed=5)
    assert list(sampler) == [(0, index) for index in plan.indices(0, 5)]
    sampler.set_epoch(4)
    assert list(sampler) == list(sampler) == [(4, index) for index in plan.indices(4, 5)]
    assert len(sampler) == 100


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("world", [1, 2, 3, 7, 64])
def test_processes_share_an_epoch_out(name: str, world: int) -> None:
    plan = make_plan(name, CLASSES)
    samplers = [EpochSampler(plan, 2, rank, world) for rank in range(world)]
    for sampler in samplers:
        sampler.set_epoch(6)
    shares = [list(sampler) for sampler in samplers]
    assert {len(share) for share in shares} == {len(samplers[0])} == {-(-len(plan) // world)}
    # In turns they are the epoch, filled up from its own beginning.
    together = [key for step in zip(*shares, strict=True) for key in step]
    drawn = plan.indices(6, 2).tolist()
    assert [key[-1] for key in together[: len(plan)]] == drawn
    assert [key[-1] for key in together[len(plan) :]] == (drawn * 2)[: len(together) - len(plan)]


def test_every_key_of_an_epoch_is_another() -> None:
    seen: Counter[int] = Counter()
    for epoch, *time, index in EpochSampler(make_plan("balanced", CLASSES), 0):
        assert epoch == 0
        assert time == ([seen[index]] if seen[index] else [])
        seen[index] += 1
    assert max(seen.values()) > 2


@pytest.mark.parametrize(
    ("workers", "drop_last", "done"),
    [
        *((0, drop_last, done) for drop_last in (True, False) for done in (0, 1, 5, 11)),
        *((2, True, 5), (2, False, 11)),
    ],
)
def test_a_loader_continues_behind_the_last_batch_of_the_loop(
    workers: int, drop_last: bool, done: int
) -> None:
    undisturbed = loader(workers, drop_last=drop_last)
    expected = [keys(batch) for _ in range(2) for batch in undisturbed]

    stopped = loader(workers, drop_last=drop_last)
    seen: list[Any] = []
    batches = iter(stopped)
    while len(seen) < done:
        seen.append(keys(next(batches)))
    state = stopped.state_dict()
    over = drop_last and done == 11
    assert (state["epoch"], state["position"]) == ((1, 0) if over else (0, 4 * done))
    del batches

    continued = loader(workers, drop_last=drop_last)
    continued.load_state_dict(state)
    continued.sampler.set_epoch(state["epoch"])  # as Lightning does: the epoch in progress
    assert len(continued) == len(undisturbed)
    seen += [keys(batch) for _ in range(1 if over else 2) for batch in continued]
    assert seen == expected


@both
def test_behind_the_last_batch_stands_the_next_epoch(workers: int) -> None:
    one = loader(workers)
    for _ in one:
        pass
    # What drop_last leaves over is no rest to continue with.
    state = one.state_dict()
    assert (state["epoch"], state["position"]) == (1, 0)
    assert {key[0] for batch in one for key in keys(batch)} == {1}


def test_the_position_is_the_loops_not_the_workers() -> None:
    one = loader(2)
    batches = iter(one)
    next(batches)
    # Four batches are on their way by now.
    assert one.state_dict()["position"] == 4
    one.sampler.position = 0  # the loop could not use it
    again = loader(0)
    again.load_state_dict(one.state_dict())
    first = [key[-1] for key in keys(next(iter(again)))]
    assert first == Repeated(CLASSES).indices(0, 3)[:4].tolist()


def test_another_number_of_processes_continues_behind_what_was_done() -> None:
    plan = Shuffle(40)
    two = EpochSampler(plan, 0, rank=1, world=2)
    two.position = 6
    drawn = plan.indices(0, 0).tolist()
    three = [EpochSampler(plan, 0, rank, 3) for rank in range(3)]
    for sampler in three:
        sampler.load_state_dict(two.state_dict())
    rest = [key[-1] for step in zip(*map(list, three), strict=True) for key in step]
    assert rest[: 40 - 12] == drawn[12:]


def test_a_state_of_another_run_is_refused() -> None:
    state = loader(0).state_dict()
    with pytest.raises(DataError, match="was with seed 3, not 4"):
        loader(0, seed=4).load_state_dict(state)
    # Equally many draws: of other pictures, and in another way.
    others = (Repeated(CLASSES[::-1].copy()), Repeated(CLASSES, threshold=0.149), Shuffle(45))
    for plan in others:
        assert len(plan) == 45
        with pytest.raises(DataError, match="in another way, or others"):
            EpochSampler(plan, 3).load_state_dict(state)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="process 2 of 2"):
        EpochSampler(Shuffle(4), 0, rank=2, world=2)
    with pytest.raises(InputError, match="needs an EpochSampler"):
        next(iter(EpochLoader(Keys(), batch_size=2, sampler=[0, 1])))


def fit(folder: Path, workers: int, resume: Path | None = None) -> list[Any]:
    """The keys of two epochs under Lightning, or of what is left of them."""
    lightning = pytest.importorskip("lightning")
    from lightning.pytorch.callbacks import ModelCheckpoint

    class Watch(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))
            self.seen: list[Any] = []

        def training_step(self, batch: Any, number: int) -> Any:
            self.seen.append((number, keys(batch)))
            return self.weight * 1.0

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    watch = Watch()
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        devices=1,
        default_root_dir=folder,
        callbacks=[
            ModelCheckpoint(folder, filename="{step}", every_n_train_steps=1, save_top_k=-1)
        ],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(watch, loader(workers), ckpt_path=resume, weights_only=True)
    return watch.seen


@both
def test_lightning_continues_in_the_middle_of_an_epoch(tmp_path: Path, workers: int) -> None:
    expected = fit(tmp_path, workers)
    assert len(expected) == 2 * 11
    assert {key[0] for _, batch in expected[11:] for key in batch} == {1}
    for step in (4, 11):
        rest = fit(tmp_path / "rest", workers, resume=tmp_path / f"step={step}.ckpt")
        assert rest == expected[step:], step


class Damaged(torch.utils.data.Dataset):
    """Nothing of it can be read."""

    def __getitem__(self, key: tuple[int, ...]) -> int:
        raise DataError(f"picture {key[-1]} cannot be read: damaged")


@both
def test_what_is_wrong_with_the_data_is_said_in_one_line(workers: int) -> None:
    sampler = EpochSampler(Shuffle(1), 0)
    broken = EpochLoader(Damaged(), batch_size=1, sampler=sampler, num_workers=workers)
    with pytest.raises(DataError) as caught:
        list(broken)
    assert str(caught.value) == "picture 0 cannot be read: damaged"
