"""Writes down how a run goes, and all that is needed to continue it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint, WeightAveraging
from torch import Tensor

from .checkpoints import BEST, LAST, write_whole
from .history import Epoch, chosen_epoch
from .module import TrainingModule

log = logging.getLogger("mien")

_AVERAGE_EVERY = 4
SECONDS_BETWEEN = 300.0
"""A whole checkpoint is written that often, besides at the end of each epoch."""


class Paused(Exception):
    """The time given to this piece of a run is over; it can be continued."""


class Averaging(WeightAveraging):
    """Exponential average of weights and of batch norms' statistics, taken every few steps.

    Whole numbers, such as positions in a table, are not averaged: the last ones stand.

    Args:
        decay: of the average, per step.
    """

    def __init__(self, decay: float) -> None:
        kept = decay**_AVERAGE_EVERY

        @torch.no_grad()
        def average(averages: list[Tensor], currents: list[Tensor], number: Tensor) -> None:
            """All tensors of one type together: one by one takes ten times as long."""
            del number
            if averages[0].is_floating_point():
                torch._foreach_lerp_(averages, currents, 1 - kept)
            else:
                torch._foreach_copy_(averages, currents)

        super().__init__(multi_avg_fn=average)

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """After the first step, and then every few."""
        del epoch_idx
        return step_idx is not None and step_idx % _AVERAGE_EVERY == 0

    def weights(self) -> Mapping[str, Tensor]:
        """Of the whole module, by name."""
        if self._average_model is None:
            raise RuntimeError("there is no average before a run has begun")
        state: Mapping[str, Tensor] = self._average_model.module.state_dict()
        return state


class Keeper(Checkpoint):
    """Keeps the history, the last checkpoint and the best epoch's weights.

    Lightning calls callbacks of this kind after all others. What it has, the checkpoint has:
    a run that is continued has the history of an undisturbed one.

    Args:
        folder: of the run.
        until: moment of ``time.monotonic`` after which the run pauses.
        averaging: of weights, if any.

    Attributes:
        history: of the epochs so far.
        seconds: that the run has taken in all its pieces, as far as they are kept.
        precisions: that it has been calculated in; several if it was carried between machines.
    """

    def __init__(self, folder: Path, until: float, averaging: Averaging | None) -> None:
        self.folder, self.until, self.averaging = folder, until, averaging
        self.history: list[Epoch] = []
        self.seconds = 0.0
        self.precisions: list[str] = []
        self._counted = self._saved = time.monotonic()

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Time counts from here."""
        del trainer, pl_module
        self._counted = self._saved = time.monotonic()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Now and then a checkpoint within an epoch; a run that is counted in steps ends."""
        del outputs, batch, batch_idx
        module = _ours(pl_module)
        if module.precision not in self.precisions:
            self.precisions.append(module.precision)
        if trainer.global_step >= module.total:
            trainer.should_stop = True  # after a validation, also within an epoch
            return
        if trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            return  # its end is near, and the epoch is validated before that
        now = time.monotonic()
        pause = _any(trainer, now > self.until)
        if pause or _any(trainer, now - self._saved > SECONDS_BETWEEN):
            self._save(trainer)
        if pause:
            raise Paused

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """A line in the history and in the log, and a checkpoint."""
        module = _ours(pl_module)
        if not module.trained.count:
            return  # Lightning ends the epoch of the checkpoint once more
        numbers = module.close_epoch()
        number, step = len(self.history) + 1, trainer.global_step
        self.history.append({"epoch": number, "step": step, **numbers})
        if trainer.logger is not None:
            trainer.logger.log_metrics(numbers, step=step)
        if chosen_epoch(self.history, module.recipe.objective.monitor) == number:
            self._save_best(trainer, module, number)
        self._save(trainer)
        log.info(
            "epoch %d of %d: training loss %.4f, validation loss %.4f, accuracy %.4f",
            number,
            trainer.max_epochs,
            numbers["train_loss"],
            numbers["val_loss"],
            numbers["val_accuracy"],
        )
        if step < module.total and _any(trainer, time.monotonic() > self.until):
            raise Paused

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        now = time.monotonic()
        self.seconds, self._counted = self.seconds + now - self._counted, now
        return {
            "history": self.history,
            "seconds": self.seconds,
            "precisions": self.precisions,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue there."""
        self.history, self.seconds = list(state_dict["history"]), state_dict["seconds"]
        self.precisions = list(state_dict.get("precisions", ()))  # older ones have none

    def _save(self, trainer: lightning.Trainer) -> None:
        trainer.save_checkpoint(self.folder / LAST)
        self._saved = time.monotonic()

    def _save_best(self, trainer: lightning.Trainer, module: TrainingModule, number: int) -> None:
        if trainer.is_global_zero:
            weights = module.state_dict() if self.averaging is None else self.averaging.weights()
            plain = {name: value.cpu() for name, value in weights.items()}
            write_whole({"epoch": number - 1, "state_dict": plain}, self.folder / BEST)


def _ours(module: lightning.LightningModule) -> TrainingModule:
    if not isinstance(module, TrainingModule):
        raise TypeError(f"{type(module).__name__} is no TrainingModule")
    return module


def _any(trainer: lightning.Trainer, decision: bool) -> bool:
    """Whether any process says so: all do the same."""
    return trainer.strategy.reduce_boolean_decision(decision, all=False)
