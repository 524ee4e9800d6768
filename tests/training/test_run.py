from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import ferplus_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from lightning_warnings import IGNORED  # noqa: E402

import mien.training.keeper  # noqa: E402
from mien.data.loading.augmentation import Augmentation  # noqa: E402
from mien.data.loading.augmentation_steps import MIDDLE_GREY, Affine, Erasing  # noqa: E402
from mien.errors import DataError, InputError, OutputError, TensorError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import load_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.checkpoints import write_whole  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.hardware import Hardware  # noqa: E402
from mien.training.history import chosen_epoch  # noqa: E402
from mien.training.loaders import held_loader, training_loader  # noqa: E402
from mien.training.module import TrainingModule  # noqa: E402
from mien.training.optimisers import SGD  # noqa: E402
from mien.training.parts import load_parts  # noqa: E402
from mien.training.pretraining import Twins  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.run import train  # noqa: E402
from mien.training.schedules import Cosine  # noqa: E402
from mien.training.sources import Source  # noqa: E402

TINY = Recipe(
    name="tiny",
    model="small",
    options={"stem": 8, "widths": (8, 16), "depths": (1, 1), "dropout": 0.2},
    preprocess=Preprocess(size=8, colour="grey"),
    augmentation=Augmentation(steps=(Affine(degrees=5), Erasing(0.3, value=MIDDLE_GREY))),
    targets="soft",
    validation_share=0.2,
    optimiser=SGD(learning_rate=0.2),
    schedule=Cosine(warm_up=0.2),
    epochs=3,
    batch=16,
    average_decay=0.8,
    precision="32-true",
    workers=0,
)
FILES = ("model.safetensors", "last.safetensors")
PAUSE = 1e-6  # minutes: after one step
# What a user's console prints of Lightning's own is no concern of these tests.
pytestmark = IGNORED


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    folder = tmp_path_factory.mktemp("ferplus")
    splits = {
        "FER2013Train": ferplus_copy.make_faces(240),
        "FER2013Valid": ferplus_copy.make_faces(48, seed=1),
    }
    return Copies({"ferplus": ferplus_copy.write_folders(folder, splits)})


@pytest.fixture(scope="module")
def undisturbed(copies: Copies, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    train(TINY, copies, folder)
    return folder


def record(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return read


def same(one: Path, other: Path) -> bool:
    """Weights of both networks, bit for bit, and history."""
    for name in FILES:
        first, second = (load_model(path / name)[0].state_dict() for path in (one, other))
        if not all(torch.equal(value, second[key]) for key, value in first.items()):
            return False
    return record(one)["history"] == record(other)["history"]


def test_it_learns_and_leaves_a_card(undisturbed: Path) -> None:
    network, card = load_model(undisturbed / "model.safetensors")
    (measured,) = card.measurements
    assert measured.values["accuracy"] > 0.3  # an eighth by chance
    assert measured.images == 49
    assert measured.file == "run.json"
    written = record(undisturbed)["held_out"]
    assert written["model.safetensors"] == {
        "accuracy": measured.values["accuracy"],
        "temperature": card.temperature,
    }
    last = load_model(undisturbed / "last.safetensors")[1]
    assert written["last.safetensors"]["temperature"] == last.temperature
    assert card.labels == BASIC8
    assert card.preprocess == TINY.preprocess
    assert (card.recipe, card.seed) == ("tiny", 0)
    assert card.temperature != 1.0
    assert "FER2013" in card.data_licence
    assert "rare in FER+" in card.limits
    assert not network.training


@pytest.mark.parametrize(("there", "used"), [(True, "bf16-mixed"), (False, "32-true")])
def test_bfloat16_is_calculated_with_where_the_hardware_has_it(
    there: bool, used: str, copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def step(module: TrainingModule, batch: Any) -> Any:
        seen.append((module.trainer.precision, module.precision, module(batch[0]).logits.dtype))
        return usual(module, batch)

    usual = TrainingModule.training_step
    monkeypatch.setattr(TrainingModule, "training_step", step)
    monkeypatch.setattr("mien.training.hardware.has_bfloat16", lambda _: there)
    recipe = replace(TINY, precision="bf16-mixed", epochs=1)
    train(recipe, copies, tmp_path, hardware=Hardware(accelerator="cpu"))
    assert set(seen) == {(used, used, torch.bfloat16 if there else torch.float32)}
    assert record(tmp_path)["precision"] == used


def test_a_run_that_is_carried_to_other_hardware_says_so(
    copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(TINY, precision="bf16-mixed", epochs=1)
    monkeypatch.setattr("mien.training.hardware.has_bfloat16", lambda _: True)
    assert train(recipe, copies, tmp_path, minutes=PAUSE) is None
    monkeypatch.setattr("mien.training.hardware.has_bfloat16", lambda _: False)
    assert train(recipe, copies, tmp_path) is not None
    assert record(tmp_path)["precision"] == "bf16-mixed, 32-true"


def test_the_record_says_how_it_went(undisturbed: Path) -> None:
    run = record(undisturbed)
    assert [epoch["step"] for epoch in run["history"]] == [11, 22, 33]
    best = max(run["history"], key=lambda epoch: epoch["val_accuracy"])
    assert run["chosen_epoch"] == best["epoch"]
    assert (run["recipe"], run["seed"], run["monitor"]) == ("tiny", 0, "val_accuracy")
    assert run["pictures"] == {"train": 191, "held": 49}
    network, card = load_model(undisturbed / "model.safetensors")
    assert run["parameters"] == sum(one.numel() for one in network.parameters())
    # In float32 and by batches, the network measured again is as good as it was then.
    assert card.measurements[0].values["accuracy"] == pytest.approx(best["val_accuracy"])
    assert run["seconds"] > 0
    assert "tiny" in run["settings"]
    assert sorted(path.name for path in undisturbed.iterdir()) == [
        *("best.ckpt", "last.ckpt", "last.safetensors", "log", "model.safetensors", "run.json")
    ]


def test_another_seed_gives_another_run(copies: Copies, undisturbed: Path, tmp_path: Path) -> None:
    train(replace(TINY, seed=1), copies, tmp_path)
    assert not same(undisturbed, tmp_path)
    assert record(tmp_path)["data"] == record(undisturbed)["data"]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_pieces_workers_and_undisturbed_are_the_same(
    copies: Copies, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses behind the first step, around the end of an epoch, and within another."""
    pieces = 0
    steps = [1, 9, 1, 5, 99]
    counted = mien.training.keeper.Keeper.on_train_batch_end

    def count(keeper: Any, *arguments: Any) -> None:
        left[0] -= 1
        keeper.until = float("-inf") if left[0] <= 0 else float("inf")
        counted(keeper, *arguments)

    monkeypatch.setattr(mien.training.keeper.Keeper, "on_train_batch_end", count)
    done = None
    while done is None:
        left = [steps[pieces]]
        done = train(replace(TINY, workers=pieces % 2), copies, tmp_path, minutes=PAUSE)
        pieces += 1
    assert pieces == len(steps)
    assert same(undisturbed, tmp_path)


def test_a_run_at_its_end_stays_as_it_is(
    copies: Copies, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(TINY, steps=13)
    train(short, copies, tmp_path)
    run, model = record(tmp_path), (tmp_path / "model.safetensors").read_bytes()
    assert [epoch["step"] for epoch in run["history"]] == [11, 13]
    monkeypatch.setattr(TrainingModule, "training_step", lambda *_: 1 / 0)  # not any more
    train(short, copies, tmp_path)
    assert record(tmp_path)["history"] == run["history"]
    assert (tmp_path / "model.safetensors").read_bytes() == model
    # The first epoch does not know how long the run will be, but for the schedule.
    assert run["history"][0].keys() == record(undisturbed)["history"][0].keys()


def test_a_run_of_another_recipe_is_not_continued(copies: Copies, tmp_path: Path) -> None:
    short = replace(TINY, steps=1)
    train(short, copies, tmp_path)
    other = replace(short, optimiser=SGD(learning_rate=0.1))
    before = (tmp_path / "last.ckpt").read_bytes()
    with pytest.raises(DataError, match="another recipe than tiny"):
        train(other, copies, tmp_path)
    assert (tmp_path / "last.ckpt").read_bytes() == before
    train(other, copies, tmp_path, resume=False)
    train(other, copies, tmp_path)
    (tmp_path / "last.ckpt").write_bytes(before[: len(before) // 2])
    with pytest.raises(DataError, match=r"last\.ckpt: cannot be continued from .* --restart"):
        train(other, copies, tmp_path)


def test_a_batch_larger_than_the_data_is_refused(copies: Copies, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a batch of 512 is larger than the training part of 191"):
        train(replace(TINY, batch=512), copies, tmp_path)


def test_hardware_that_is_not_there_is_refused(copies: Copies, tmp_path: Path) -> None:
    for name, reason in (("tpu", "torch_xla"), ("abacus", "'abacus'")):
        with pytest.raises(InputError, match=f"cannot run on this hardware: .*{reason}"):
            train(TINY, copies, tmp_path, hardware=Hardware(name))


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Whatever is written to ``path`` finds no space."""
    path.symlink_to("/dev/full")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_leaves_the_checkpoint_before(
    copies: Copies, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def epoch_of(folder: Path) -> int:
        return torch.load(folder / "last.ckpt", weights_only=True)["epoch"]

    written: list[str] = []

    def write(value: Any, path: Path) -> None:
        written.append(path.name)
        if written.count("last.ckpt") == 2:
            with full_disk(path.with_name(path.name + ".partial")):
                write_whole(value, path)
        write_whole(value, path)

    monkeypatch.setattr("mien.training.checkpoints.write_whole", write)
    message = r"last\.ckpt: the checkpoint cannot be written \(No space left on device\)"
    with pytest.raises(OutputError, match=message):
        train(TINY, copies, tmp_path)
    assert epoch_of(tmp_path) == 0
    assert not list(tmp_path.glob("*.partial"))
    monkeypatch.undo()
    train(TINY, copies, tmp_path)
    assert same(undisturbed, tmp_path)


def test_a_loss_that_is_not_finite_loses_nothing_else(
    copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = TrainingModule.forward

    def forward(module: Any, images: Any) -> Any:
        output = plain(module, images)
        broken = module.training and module.global_step == 13
        return output._replace(logits=output.logits * float("nan")) if broken else output

    monkeypatch.setattr(TrainingModule, "forward", forward)
    message = r"the loss of step 13 is not finite \(the network's logits\); the batch is in"
    with pytest.raises(TensorError, match=message):
        train(TINY, copies, tmp_path)
    assert (tmp_path / "bad-batch.safetensors").is_file()
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert state["global_step"] == 11


def test_ctrl_c_ends_a_run_that_can_be_continued(
    copies: Copies, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = TrainingModule.training_step

    def step(module: Any, batch: Any) -> Any:
        if module.global_step == 15:
            raise KeyboardInterrupt
        return plain(module, batch)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(TrainingModule, "training_step", step)
    with pytest.raises(KeyboardInterrupt):
        train(TINY, copies, tmp_path)
    signal.signal(signal.SIGINT, before)  # Lightning leaves it ignored, as the command ends
    monkeypatch.undo()
    train(TINY, copies, tmp_path)
    assert same(undisturbed, tmp_path)


def test_a_start_is_part_of_the_run(copies: Copies, undisturbed: Path, tmp_path: Path) -> None:
    short = replace(TINY, steps=1, starts_from="somebody's weights", average_decay=0.0)
    start = undisturbed / "model.safetensors"
    train(short, copies, tmp_path / "fresh")
    train(short, copies, tmp_path / "started", start=[start])
    fresh, started = (
        load_model(tmp_path / name / "model.safetensors")[1].data for name in ("fresh", "started")
    )
    assert "from fresh weights, where the recipe starts from somebody's weights" in fresh
    assert "fresh weights" not in started
    assert "model.safetensors" in (tmp_path / "started" / "start.txt").read_text()
    begun = record(tmp_path / "started")["history"][0]["train_loss"]
    assert begun < record(tmp_path / "fresh")["history"][0]["train_loss"] - 0.2
    with pytest.raises(DataError, match="another recipe"):
        train(short, copies, tmp_path / "fresh", start=[start])


def test_a_checkpoint_that_was_chosen_on_the_reported_set_says_so(
    copies: Copies, tmp_path: Path
) -> None:
    tested = replace(
        TINY, steps=1, selection="test", test=Source("ferplus", "public-test"), targets="hard"
    )
    train(tested, copies, tmp_path)
    _, card = load_model(tmp_path / "model.safetensors")
    assert record(tmp_path)["selection"] == "test"
    assert "were chosen on ferplus public-test, on which results are reported" in card.data
    assert card.measurements[0].split == "public-test, on which the checkpoint was chosen"
    assert card.measurements[0].images == 48


def test_of_equals_the_first_epoch_is_chosen_and_numbers_that_are_none_never() -> None:
    history = [
        {"val_accuracy": value, "val_loss": loss}
        for value, loss in ((0.4, float("nan")), (0.6, 0.3), (0.6, 0.2), (0.5, 0.2))
    ]
    assert chosen_epoch(history, "val_accuracy") == 2
    assert chosen_epoch(history, "val_loss") == 3
    assert chosen_epoch(history[:1], "val_loss") == 1


@pytest.mark.parametrize("targets", ["soft", "hard"])
def test_the_recipe_says_how_faces_are_drawn(copies: Copies, targets: Any) -> None:
    recipe = replace(TINY, sampling="up-sampled", targets=targets, batch=1)
    loader = training_loader(recipe, load_parts(recipe, copies))
    labels = [int(target.argmax() if targets == "soft" else target) for _, (target,) in loader]
    assert len(set(np.bincount(labels).tolist())) == 1


def test_processes_share_the_held_out_part_out_by_batches(copies: Copies) -> None:
    parts = load_parts(TINY, copies)
    whole = [targets for _, targets in held_loader(TINY, parts)]
    assert [len(one) for one in whole] == [16, 16, 16, 1]
    shares = [[one for _, one in held_loader(TINY, parts, rank, 3)] for rank in range(3)]
    for rank, share in enumerate(shares):
        assert len(share) == len(whole[rank::3])
        assert all(map(torch.equal, share, whole[rank::3]))


def test_losses_that_compare_views_get_them(copies: Copies) -> None:
    parts = load_parts(TINY, copies)
    recipe = replace(TINY, objective=Twins())
    (images, targets), *_ = training_loader(recipe, parts)
    assert (len(images), len(targets)) == (32, 32)
    assert torch.equal(*targets.chunk(2))
    first, second = images.chunk(2)
    assert not torch.equal(first, second)
    (plain, _), *_ = training_loader(TINY, parts)
    assert torch.equal(first, plain)
    # Held out, the first view is the picture as it is, and every epoch is the same.
    (held, _), *_ = held_loader(recipe, parts)
    (plain, _), *_ = held_loader(TINY, parts)
    assert torch.equal(held.chunk(2)[0], plain)
    assert not torch.equal(*held.chunk(2))
    assert torch.equal(next(iter(held_loader(recipe, parts)))[0], held)
