"""Checkpoints of a run in progress: written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

LAST = "last.ckpt"
BEST = "best"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and moves into place, so that a kill leaves the old file."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Replace ``path`` by a whole new checkpoint."""
        partial = Path(f"{path}.partial")
        super().save_checkpoint(checkpoint, partial, storage_options)
        partial.replace(path)


def checkpoint_callbacks(folder: Path) -> list[ModelCheckpoint]:
    """Keep the epoch of the highest validation accuracy, and the last one to continue from."""
    best = ModelCheckpoint(
        dirpath=folder,
        filename=BEST,
        monitor="val_accuracy",
        mode="max",
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    last = ModelCheckpoint(
        dirpath=folder,
        filename=LAST.removesuffix(".ckpt"),
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    return [best, last]
