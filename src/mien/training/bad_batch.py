"""What is kept of a step whose loss is not finite: the batch, to look at or to repeat it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from lightning import LightningModule
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ..errors import TensorError
from ..losses.checks import is_finite
from ..models import Output
from .gathering import in_order
from .recipe import Recipe

BAD_BATCH = "bad-batch.safetensors"


def not_finite(
    module: LightningModule,
    recipe: Recipe,
    output: Output,
    terms: Mapping[str, float],
    batch: tuple[Tensor, Tensor],
) -> TensorError:
    """Write the batch, and say where it is.

    Args:
        module: knows the step, the folder of the run and the other processes.
        recipe: of the run.
        output: of the network, for all processes' pictures.
        terms: of the loss, as far as they could be computed.
        batch: this process's pictures, and all targets.

    Returns:
        The error to raise.
    """
    images, targets = batch
    trainer = module.trainer
    if trainer.world_size > 1:
        parts = module.all_gather(images)
        images = in_order(parts, recipe.objective.views) if isinstance(parts, Tensor) else images
    path = Path(trainer.default_root_dir) / BAD_BATCH
    step = trainer.global_step
    where = f"the batch is in {path}"
    if trainer.is_global_zero:
        tensors = {"images": images, "targets": targets, "logits": output.logits}
        tensors |= {f"terms.{name}": torch.tensor(value) for name, value in terms.items()}
        facts = {"recipe": recipe.name, "seed": str(recipe.seed), "step": str(step)}
        try:
            _write(path, tensors, facts)
        except (OSError, SafetensorError) as error:
            where = f"the batch could not be written to {path} ({error})"
    return TensorError(
        f"{recipe.name}: the loss of step {step} is not finite ({_named(output, terms)}); {where}; "
        "set a smaller optimiser.learning_rate or clip_norm=1, and begin again with --restart"
    )


def all_finite(output: Output) -> bool:
    """Whether a loss has numbers to work with."""
    return not _fields(output)


def _fields(output: Output) -> list[str]:
    """Names of the outputs that are not finite."""
    return [
        name
        for name, value in output._asdict().items()
        if isinstance(value, Tensor) and value.is_floating_point() and not is_finite(value)
    ]


def _named(output: Output, terms: Mapping[str, float]) -> str:
    """What is not finite: terms of the loss, or already what the network gave."""
    bad = [f"{name} is {value}" for name, value in terms.items() if not math.isfinite(value)]
    return ", ".join(bad or [f"the network's {name}" for name in _fields(output)])


def _write(path: Path, tensors: Mapping[str, Tensor], facts: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        save_file(plain, partial, metadata=facts)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
