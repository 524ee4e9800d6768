"""The Lightning module: one step of training and validation for any network of mien."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import DataError
from ..models import Output
from .recipe import Recipe


class Classifier(lightning.LightningModule):
    """Cross entropy against class indices or distributions, one-cycle cosine.

    ``origin`` tells runs of one recipe apart: by data, start and teachers.

    Logged: ``train_loss`` and, on the validation part, ``val_loss`` and ``val_accuracy``
    (agreement with the most voted expression).
    """

    def __init__(self, network: nn.Module, recipe: Recipe, origin: str = "") -> None:
        super().__init__()
        self.identity = f"{recipe!r} {origin}"
        self.network = network.to(memory_format=torch.channels_last)
        self.recipe = recipe

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to the network's output."""
        output: Output = self.network(images.contiguous(memory_format=torch.channels_last))
        return output

    def on_train_batch_start(self, *_: Any) -> None:
        """Draw what the network itself draws (dropout) from the step, not from the past."""
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.global_step)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """The loss of one batch."""
        images, targets = batch
        logits = self(images).logits.float()
        loss = functional.cross_entropy(
            logits, targets, label_smoothing=self.recipe.label_smoothing
        )
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Loss and accuracy of one batch of the held-out part."""
        images, targets = batch
        logits = self(images).logits.float()
        labels = targets.argmax(dim=1) if targets.ndim == 2 else targets
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        size = len(images)
        self.log("val_loss", functional.cross_entropy(logits, targets), batch_size=size)
        self.log("val_accuracy", accuracy, prog_bar=True, batch_size=size)

    def configure_optimizers(self):  # type: ignore[no-untyped-def]
        """The recipe's optimiser; biases and norms are not decayed."""
        recipe = self.recipe
        decayed = [one for one in self.parameters() if one.ndim > 1]
        plain = [one for one in self.parameters() if one.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        optimiser: torch.optim.Optimizer
        if recipe.optimiser == "adamw":
            optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate)
        else:
            optimiser = torch.optim.SGD(
                groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=True
            )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            max_lr=recipe.learning_rate,
            total_steps=int(self.trainer.estimated_stepping_batches),
            pct_start=recipe.warm_up,
            cycle_momentum=False,
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note which run the checkpoint belongs to."""
        checkpoint["mien_run"] = self.identity

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to continue another run.

        Raises:
            DataError: if the recipe, the data, the start or a teacher differs in anything.
        """
        if checkpoint.get("mien_run") != self.identity:
            raise DataError(
                f"the folder holds a run of another recipe than {self.recipe.name} with these "
                "settings, data, start and teachers; give another --output, or start again "
                "with --restart"
            )
