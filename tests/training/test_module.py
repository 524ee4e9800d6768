from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from safetensors import safe_open  # noqa: E402

from mien.errors import TensorError  # noqa: E402
from mien.models import create_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.keeper import Averaging  # noqa: E402
from mien.training.module import TrainingModule, sizes_of  # noqa: E402
from mien.training.objectives import CrossEntropy, Joint, Sizes  # noqa: E402
from mien.training.optimisers import SGD, AdamW  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.schedules import Cosine, Every  # noqa: E402

RATE, DECAY = 0.01, 0.3
RECIPE = Recipe(
    name="tiny",
    model="small",
    preprocess=Preprocess(size=8),
    optimiser=SGD(learning_rate=RATE, weight_decay=DECAY, nesterov=True, centre_rate=2.0),
    schedule=Cosine(warm_up=0.5, start=0.25),
    epochs=3,
    batch=4,
)


def network(classes: int = 4, **options: Any) -> Any:
    torch.manual_seed(0)
    return create_model(
        "small", classes=classes, **{"stem": 4, "widths": (8,), "depths": (1,), **options}
    )


def module(**changes: Any) -> TrainingModule:
    return TrainingModule(network(), replace(RECIPE, **changes), per_epoch=4)


def trained_in(folder: Path, one: TrainingModule, step: int = 0) -> TrainingModule:
    """The module as a trainer would have it in front of a step."""
    trainer = SimpleNamespace(
        world_size=1,
        global_rank=0,
        global_step=step,
        is_global_zero=True,
        default_root_dir=str(folder),
        log_every_n_steps=50,
        loggers=[],
    )
    one._trainer = trainer
    one._log_step = lambda _: None
    return one


def batch(seed: int = 1) -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 3, 8, 8, generator=generator), torch.tensor([0, 1, 2, 3])


@pytest.mark.parametrize(
    "optimiser",
    [RECIPE.optimiser, AdamW(learning_rate=RATE, weight_decay=DECAY)],
    ids=["sgd", "adamw"],
)
def test_the_first_step_is_the_formula_s(optimiser: Any) -> None:
    one = module(optimiser=optimiser, objective=Joint(partition="none"))
    made = one.configure_optimizers()["optimizer"]
    torch.manual_seed(1)
    for weight in one.parameters():
        weight.grad = torch.randn_like(weight)
    before = [weight.detach().clone() for weight in one.parameters()]
    made.step()
    centres = 0
    for (name, new), old in zip(one.named_parameters(), before, strict=True):
        centre = name.startswith("criterion")
        centres += centre
        # A quarter of the rate at the first step; the loss's own parameters have a factor.
        rate = RATE / 4 * (optimiser.centre_rate if centre else 1)
        decay = DECAY if old.ndim > 1 else 0.0
        if isinstance(optimiser, SGD):
            # Nesterov: the first velocity is the gradient itself, looked at one step ahead.
            expected = old - rate * 1.9 * (new.grad + decay * old)
        else:
            # Both moments are corrected for their start at zero: the gradient's sign is left.
            expected = old * (1 - rate * decay) - rate * new.grad / (new.grad.abs() + 1e-8)
        np.testing.assert_allclose(
            new.detach(), expected, rtol=1e-5, atol=1e-7, err_msg=f"{name} {centre}"
        )
    assert centres == 1


def test_the_rate_follows_the_schedule_step_by_step() -> None:
    made = module().configure_optimizers()
    schedule, rates = made["lr_scheduler"]["scheduler"], []
    assert made["lr_scheduler"]["interval"] == "step"
    for _ in range(12):
        rates.append(made["optimizer"].param_groups[0]["lr"] / RATE)
        made["optimizer"].step()
        schedule.step()
    # Six steps up from a quarter, six down half a cosine.
    up = [0.25 + 0.75 * step / 6 for step in range(6)]
    down = [0.5 * (1 + math.cos(math.pi * step / 6)) for step in range(6)]
    assert rates == pytest.approx(up + down)


def test_of_steps_the_last_epoch_is_a_part() -> None:
    one = module(steps=10, schedule=Every(every=1, rate=0.5))
    assert one.total == 10
    factor = one.configure_optimizers()["lr_scheduler"]["scheduler"].lr_lambdas[0]
    assert [factor(step) for step in (0, 3, 4, 8, 9)] == [1, 1, 0.5, 0.25, 0.25]


def test_sizes_are_read_off_the_network_and_nothing_changes() -> None:
    one = network(dropout=0.5)
    before = {name: value.clone() for name, value in one.state_dict().items()}
    drawn = torch.get_rng_state()
    assert sizes_of(one, 8) == Sizes(classes=4, features=8, pooled=8)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert one.training
    assert all(torch.equal(value, before[name]) for name, value in one.state_dict().items())
    assert module(objective=Joint(partition="none")).criterion.loss.cluster.centres.shape == (4, 8)


def test_the_loss_is_the_sum_of_its_terms_and_the_epoch_s_their_means(tmp_path: Path) -> None:
    recipe = replace(RECIPE, objective=Joint(partition="none", cluster_weight=0.5))
    one = trained_in(tmp_path, TrainingModule(network(dropout=0.0), recipe, per_epoch=4))
    expected = []
    for seed in (1, 2, 3):
        images, targets = batch(seed)
        loss = float(one.training_step((images, targets)).detach())
        with torch.no_grad():
            output = one(images)  # batch norms go by the batch in training
        entropy = torch.nn.functional.cross_entropy(output.logits, targets)
        centres = one.criterion.loss.cluster.centres.detach()
        distances = (output.features - centres[targets]).square().sum(dim=1)
        cluster = 0.5 * (distances / centres.var(dim=0).sum()).mean()
        expected.append([float(entropy + cluster), float(entropy), float(cluster)])
        assert loss == pytest.approx(expected[-1][0], rel=1e-5)
    numbers = one.close_epoch()
    assert list(numbers) == ["train_loss", "train_entropy", "train_cluster"]
    assert list(numbers.values()) == pytest.approx(np.mean(expected, axis=0).tolist(), rel=1e-5)
    assert one.close_epoch() == {}


def test_validation_counts_by_pictures_not_by_batches(tmp_path: Path) -> None:
    one = trained_in(tmp_path, module()).eval()
    one.log_dict = lambda *_, **__: None  # type: ignore[method-assign]
    images, targets = torch.randn(7, 3, 8, 8), torch.tensor([0, 1, 2, 3, 0, 1, 2])
    one.on_validation_epoch_start()
    with torch.no_grad():
        logits = one(images).logits
        for rows in (slice(0, 5), slice(5, 7)):
            one.validation_step((images[rows], targets[rows]))
    one.on_validation_epoch_end()
    assert one.tested["val_accuracy"] == float((logits.argmax(1) == targets).sum()) / 7
    entropy = torch.nn.functional.cross_entropy(logits, targets)
    assert one.tested["val_loss"] == pytest.approx(float(entropy), rel=1e-5)


def test_what_the_network_draws_depends_on_seed_step_and_process(tmp_path: Path) -> None:
    drawn = []
    for seed, step in ((0, 5), (0, 5), (0, 6), (1, 5)):
        one = trained_in(tmp_path, module(seed=seed), step)
        one.on_train_batch_start()
        drawn.append(float(torch.rand(())))
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


def test_networks_are_told_how_far_training_is(tmp_path: Path) -> None:
    one = trained_in(tmp_path, module(epochs=2), step=6)
    told: list[float] = []
    one.network.set_progress = told.append
    one.on_train_batch_start()
    assert told == [0.75]


def test_a_loss_that_is_not_finite_ends_the_run_and_leaves_the_batch(tmp_path: Path) -> None:
    one = trained_in(tmp_path, module(objective=CrossEntropy(), optimiser=SGD()), step=17)
    images, targets = batch()
    images[2, 1, 3, 3] = math.nan
    with pytest.raises(TensorError) as caught:
        one.training_step((images, targets))
    path = tmp_path / "bad-batch.safetensors"
    assert "tiny: the loss of step 17 is not finite (the network's logits, " in str(caught.value)
    assert f"the batch is in {path}; " in str(caught.value)
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"recipe": "tiny", "seed": "0", "step": "17"}
        np.testing.assert_array_equal(file.get_tensor("images"), images)
        np.testing.assert_array_equal(file.get_tensor("targets"), targets)
        assert file.get_tensor("logits")[2].isnan().all()


def test_the_terms_that_are_not_finite_are_named(tmp_path: Path) -> None:
    one = trained_in(tmp_path, module(objective=Joint(partition="none")))
    terms = one.criterion.terms
    one.criterion.terms = lambda *of: terms(*of) | {"cluster": torch.tensor(math.inf)}
    with pytest.raises(TensorError, match=r"step 0 is not finite \(loss is inf, cluster is inf\)"):
        one.training_step(batch())
    with safe_open(tmp_path / "bad-batch.safetensors", framework="pt") as file:
        assert file.get_tensor("terms.cluster") == math.inf
        assert torch.isfinite(file.get_tensor("terms.entropy"))


def test_wrong_targets_are_no_loss_that_is_not_finite(tmp_path: Path) -> None:
    one = trained_in(tmp_path, module())
    with pytest.raises(TensorError, match="label 4 is outside 0 to 3"):
        one.training_step((batch()[0], torch.tensor([0, 1, 2, 4])))
    assert not (tmp_path / "bad-batch.safetensors").exists()


def test_averages_leave_whole_numbers_alone() -> None:
    """Averaged and cut, 52 of the positions 0 to 199 would be off by one."""
    module = torch.nn.BatchNorm1d(2)
    module.register_buffer("positions", torch.arange(200))
    averaging = Averaging(0.998)
    averaged = torch.optim.swa_utils.AveragedModel(module, use_buffers=True, **averaging._kwargs)
    kept = 0.998**4
    expected = module.weight.detach().clone()
    for step in range(1, 60):
        module.weight.data.fill_(float(step))
        module.num_batches_tracked.fill_(step)
        averaged.update_parameters(module)
        expected = module.weight if step == 1 else kept * expected + (1 - kept) * module.weight
        expected = expected.detach().clone()
    assert torch.equal(averaged.module.positions, torch.arange(200))
    assert averaged.module.num_batches_tracked == 59
    torch.testing.assert_close(averaged.module.weight.detach(), expected)
    assert [step for step in range(10) if averaging.should_update(step_idx=step)] == [0, 4, 8]
    assert not averaging.should_update(epoch_idx=1)
