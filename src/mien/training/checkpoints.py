"""Checkpoints of a run in progress: written whole or not at all."""

from __future__ import annotations

import io
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from ..errors import DataError, OutputError

LAST, BEST = "last.ckpt", "best.ckpt"


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and moves into place, so that a kill leaves the old file."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Replace ``path`` by a whole new checkpoint.

        Raises:
            OutputError: if it cannot be written.
        """
        del storage_options
        write_whole(checkpoint, Path(path))

    def load_checkpoint(self, path: str | Path, *arguments: Any, **options: Any) -> dict[str, Any]:
        """What was saved.

        Raises:
            DataError: if the file is damaged.
        """
        try:
            return super().load_checkpoint(path, *arguments, **options)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(
                f"{path}: cannot be continued from ({reason}); start again with --restart"
            ) from None


def write_whole(value: dict[str, Any], path: Path) -> None:
    """Save tensors and plain values; an existing file is replaced only by a whole one.

    Raises:
        OutputError: if it cannot be written.
    """
    # In memory first: torch's own writer to a disk that is full ends the process.
    content = io.BytesIO()
    torch.save(value, content)
    # Not drafts.draft_of, whose name is the process's: a run that is killed time and again would
    # leave a large file behind each time.
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content.getbuffer())
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: the checkpoint cannot be written ({error.strerror or error}); the one "
            "before is as it was, and when there is room, the same command goes on from it"
        ) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def read_weights(path: Path, prefix: str = "network.") -> tuple[int, dict[str, torch.Tensor]]:
    """Epoch, from 1, and (averaged) weights of the network in a checkpoint."""
    state = WholeCheckpointIO().load_checkpoint(path, weights_only=True)
    weights = state["state_dict"].items()
    chosen = {name.removeprefix(prefix): one for name, one in weights if name.startswith(prefix)}
    return state["epoch"] + 1, chosen
