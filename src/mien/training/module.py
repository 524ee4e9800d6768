"""The Lightning module: one step of training and of validation, for any network and loss."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

import lightning
import torch
from torch import Tensor, nn

from ..data.loading.draws import kept_generator, mixed_seed
from ..errors import DataError, TensorError
from ..models import Output
from .bad_batch import all_finite, not_finite
from .gathering import gather
from .memory_format import memory_format
from .objectives import Criterion, Sizes
from .recipe import Recipe
from .schedules import Clock
from .tally import Tally

_RUN, _TRAINED = "mien_run", "mien_trained"
_PROBES = 2


class TrainingModule(lightning.LightningModule):
    """A network with its loss.

    Logged at steps: ``step_loss`` and each of its terms; by epochs: ``train_loss`` and its
    terms, ``val_loss``, and ``val_accuracy``, the share of answers that are right.

    Args:
        network: in the state to begin with.
        recipe: what to do with it.
        per_epoch: optimiser steps of an epoch.
        origin: tells runs of one recipe apart: by data, start and teachers.
        precision: Lightning's name of what is calculated with, if it is not the recipe's.

    Attributes:
        total: optimiser steps of the whole run.
        trained: means of the epoch so far.
        tested: numbers of the last validation, by the names above.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        per_epoch: int,
        origin: str = "",
        precision: str = "",
    ) -> None:
        super().__init__()
        self.recipe, self.per_epoch = recipe, per_epoch
        self.total = recipe.steps or recipe.epochs * per_epoch
        # However many processes prepare the pictures, they are the same.
        self.identity = f"{replace(recipe, workers=0)!r} {origin}"
        self.criterion = recipe.objective.make(sizes_of(network, recipe.preprocess.size))
        self.precision = precision or recipe.precision
        self.memory_format = memory_format(network, self.precision)
        self.network = network.to(memory_format=self.memory_format)
        self.trained = Tally()
        self.tested: dict[str, float] = {}
        self._counts: dict[str, float] = {}
        # There may be fewer batches to validate on than processes.
        self.allow_zero_length_dataloader_with_multiple_devices = True

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to the network's output."""
        output: Output = self.network(images.contiguous(memory_format=self.memory_format))
        return output

    def on_train_batch_start(self, *_: Any) -> None:
        """Draw what the network itself draws (dropout) from the step, not from the past."""
        step = self.global_step
        self._seed(mixed_seed(self.recipe.seed, step, self.global_rank))
        if hasattr(self.network, "set_progress"):
            cast(Any, self.network).set_progress(min(step / self.total, 1.0))

    def _seed(self, seed: int) -> None:
        """On CPUs their generator alone: to ask for all devices' takes a millisecond."""
        if self.device.type == "cpu":
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """The loss of one batch, of all processes' together.

        Raises:
            TensorError: if it is not finite; the batch is written out.
        """
        images, targets = batch
        output = self(images)
        if self.trainer.world_size > 1:
            output, targets = gather(self, output, targets, self.recipe.objective.views)
        terms = self._terms(output, targets, images)
        loss = torch.stack(list(terms.values())).sum()
        values = torch.stack([loss, *terms.values()]).detach().tolist()
        numbers = dict(zip(("loss", *terms), values, strict=True))
        if not all(map(math.isfinite, values)):
            raise not_finite(self, self.recipe, output, numbers, (images, targets))
        self.trained.add(numbers)
        self._log_step(numbers)
        return loss

    def _terms(self, output: Output, targets: Tensor, images: Tensor) -> dict[str, Tensor]:
        criterion: Criterion = self.criterion
        try:
            return criterion.terms(output, targets)
        except TensorError:
            if all_finite(output):
                raise
            raise not_finite(self, self.recipe, output, {}, (images, targets)) from None

    def _log_step(self, numbers: dict[str, float]) -> None:
        if self.trainer.progress_bar_callback is not None:
            self.log("step_loss", numbers["loss"], prog_bar=True, logger=False)
        logger, every = self.logger, self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if logger is not None and self.global_step % every == 0:
            named = {f"step_{name}": value for name, value in numbers.items()}
            logger.log_metrics(named, step=self.global_step)

    def on_validation_epoch_start(self) -> None:
        """Begin to count; where processes have batch norms of their own, the first one's count."""
        self._counts = dict.fromkeys(("pictures", "loss", "right", "answers"), 0.0)
        if self.trainer.world_size > 1:
            for buffer in self.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Loss and right answers of one batch of the held-out part."""
        images, targets = batch
        output = self(images)
        criterion: Criterion = self.criterion
        loss = criterion(output, targets)
        right, answers = criterion.right(output, targets)
        self._counts["pictures"] += len(images)
        self._counts["loss"] += float(loss) * len(images)
        self._counts["right"] += float(right)
        self._counts["answers"] += float(answers)

    def on_validation_epoch_end(self) -> None:
        """Exact over the whole held-out part: batches count by their pictures."""
        counts = self._counts
        if self.trainer.world_size > 1:
            # Python's floats are float64, and sums of all processes stay that.
            sums = torch.tensor(list(counts.values()), dtype=torch.float64, device=self.device)
            torch.distributed.all_reduce(sums)
            counts = dict(zip(counts, sums.tolist(), strict=True))
        self.tested = {
            "val_loss": counts["loss"] / max(counts["pictures"], 1),
            "val_accuracy": counts["right"] / max(counts["answers"], 1),
        }
        self.log_dict(self.tested, prog_bar=True, sync_dist=True)

    def close_epoch(self) -> dict[str, float]:
        """The epoch's numbers by name; the next one begins."""
        means = {f"train_{name}": value for name, value in self.trained.means().items()}
        self.trained.clear()
        return {**means, **self.tested}

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser over network and loss, and its schedule by steps."""
        recipe = self.recipe
        optimiser = recipe.optimiser.make(self.network, self.criterion)

        def factor(step: int) -> float:
            return recipe.schedule.factor(Clock(step, self.per_epoch, self.total))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note which run the checkpoint belongs to, and the epoch's sums so far."""
        checkpoint[_RUN] = self.identity
        checkpoint[_TRAINED] = self.trained.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to continue another run.

        Raises:
            DataError: if the recipe, the data, the start or a teacher differs in anything.
        """
        if checkpoint.get(_RUN) != self.identity:
            raise DataError(
                f"the folder holds a run of another recipe than {self.recipe.name} with these "
                "settings, data, start and teachers; give another --output, or start again "
                "with --restart"
            )
        self.trained.load_state_dict(checkpoint[_TRAINED])


def sizes_of(network: nn.Module, side: int) -> Sizes:
    """What a loss must know of a network, read off its answer to two pictures of noise.

    Neither the network nor any global generator is changed.

    Args:
        side: of the pictures, in pixels.
    """
    training = network.training
    network.eval()
    with kept_generator() as generator, torch.no_grad():
        generator.manual_seed(0)
        output: Output = network(torch.rand(_PROBES, 3, side, side))
    network.train(training)
    features = output.features.shape[1]
    pooled = features if output.pooled is None else output.pooled.shape[1]
    return Sizes(output.logits.shape[1], features, pooled)


def has_idle_weights(network: nn.Module, side: int) -> bool:
    """Whether weights have no gradient, such as those of scores that only choose positions.

    Args:
        side: of the pictures, in pixels.
    """
    training = network.training
    network.eval()
    weights = [one for one in network.parameters() if one.requires_grad]
    with kept_generator() as generator, torch.enable_grad():
        generator.manual_seed(0)
        output: Output = network(torch.rand(_PROBES, 3, side, side))
        for_losses = (output.logits, output.features, output.pooled, output.heads)
        total = sum(one.sum() for one in (*for_losses, output.action_units) if one is not None)
        gradients = torch.autograd.grad(cast(Tensor, total), weights, allow_unused=True)
    network.train(training)
    return any(one is None for one in gradients)
