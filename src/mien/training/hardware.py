"""What a run computes on. It changes the rounding of the result, and nothing else of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities import rank_zero_only

from ..errors import InputError
from .processor import has_bfloat16
from .recipe import Recipe


def leads() -> bool:
    """Whether this process is the first of a run's, or the only one: it alone writes."""
    return getattr(rank_zero_only, "rank", 0) == 0


@dataclass(frozen=True, slots=True)
class Hardware:
    """Kind and number of devices.

    On several, each process gets its share of every batch, and the loss is computed from the
    whole batch (:mod:`mien.training.gathering`). On several machines the same command runs on
    each of them, told who it is by what started it (torchrun, SLURM), or by the variables
    ``MASTER_ADDR``, ``MASTER_PORT`` and ``NODE_RANK``.

    Attributes:
        accelerator: Lightning's name, such as ``"cpu"`` or ``"gpu"``; ``"auto"`` for a CUDA
            device where there is one, else the CPU.
        devices: of a machine; of a CPU the number of processes.
        nodes: machines.
    """

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        if self.devices < 1 or self.nodes < 1:
            raise InputError(f"{self.devices} devices on {self.nodes} nodes; both are at least 1")

    @property
    def processes(self) -> int:
        """On all machines together."""
        return self.devices * self.nodes

    @property
    def device(self) -> str:
        """torch's name of the device, for what is computed beside the training."""
        wanted = self.accelerator in ("auto", "gpu", "cuda")
        return "cuda" if wanted and torch.cuda.is_available() else "cpu"

    def precision(self, recipe: Recipe) -> str:
        """Lightning's name of what the run calculates with.

        That of the recipe, but float32 where it has bfloat16 and the hardware has not.
        """
        if recipe.precision.startswith("bf16") and not has_bfloat16(self.device):
            return "32-true"
        return recipe.precision

    def check(self, recipe: Recipe) -> None:
        """Refuse what would give wrong numbers, or none.

        Raises:
            InputError: if processes would get different numbers of pictures, or on Apple's GPU,
                where torch's batch norms have been wrong with channels last in memory (pytorch's
                issue 175189).
        """
        apple = self.accelerator == "gpu" and torch.backends.mps.is_available()
        if self.accelerator == "mps" or (apple and not torch.cuda.is_available()):
            raise InputError("networks are not trained on Apple's GPU; take --accelerator cpu")
        if recipe.batch % self.processes:
            raise InputError(
                f"{recipe.name}: a batch of {recipe.batch} cannot be shared out among "
                f"{self.processes} processes; set batch to a multiple of it"
            )

    def settings(self, *, idle: bool = False) -> dict[str, Any]:
        """The arguments of a Lightning trainer.

        Args:
            idle: whether the network has weights without gradients, for which several
                processes would wait.
        """
        settings: dict[str, Any] = {
            "accelerator": self.device if self.accelerator == "auto" else self.accelerator,
            "devices": self.devices,
            "num_nodes": self.nodes,
        }
        if self.device == "cuda":
            # Else a run that is continued would not be bit for bit the one that was not stopped.
            settings["deterministic"] = "warn"
        if self.processes > 1:
            # Buffers are equal already where batch norms are synchronised, which torch does on
            # accelerators alone; elsewhere the module brings them together for validation.
            settings["strategy"] = DDPStrategy(find_unused_parameters=idle, broadcast_buffers=False)
            settings["sync_batchnorm"] = self.device != "cpu"
        return settings
