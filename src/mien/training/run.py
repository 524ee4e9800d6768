"""Train a recipe: from copies of data sets to a checkpoint with its card."""

from __future__ import annotations

import hashlib
import logging
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from torch import nn

from ..errors import DataError, InputError, OutputError
from .ancestors import STARTS, Ancestor, ancestors
from .bad_batch import BAD_BATCH
from .beginning import network_of
from .checkpoints import BEST, LAST, WholeCheckpointIO
from .copies import Copies
from .finish import LAST_FILE, MODEL_FILE, Finished, finish
from .hardware import Hardware
from .history import RUN_FILE
from .keeper import Averaging, Keeper, Paused
from .loaders import held_loader, steps_of_epoch, training_loader
from .module import TrainingModule, has_idle_weights
from .parts import Parts, load_parts
from .recipe import Recipe

log = logging.getLogger("mien")

LOG = "log"
_ONE_DEVICE = Hardware()


def train(
    recipe: Recipe,
    copies: Copies,
    output: Path,
    *,
    start: Sequence[Path] = (),
    teachers: Sequence[Path] = (),
    unlabelled: Path | None = None,
    resume: bool = True,
    hardware: Hardware = _ONE_DEVICE,
    minutes: float = 0.0,
) -> Path | None:
    """Run a recipe and write what has been learned to a folder.

    ``model.safetensors`` is the network of the chosen epoch, ``last.safetensors`` that of the
    last one, ``run.json`` the record of the run with its history, ``log`` is for TensorBoard.

    An interrupted run in the same folder is continued from its last whole checkpoint, and
    ends with the same weights and history as an undisturbed one (same seed, one device, a
    processor that has bfloat16 or one that has not throughout).

    Args:
        recipe: what to run.
        copies: where the data sets lie.
        output: folder of the run.
        start: files whose weights the run begins with: checkpoints of mien, models that it
            exported, or backbones, as :func:`mien.models.start_from` knows them. What became
            of each tensor is written to ``output/start.txt``.
        teachers: checkpoints or ONNX models that the recipe's share of targets comes from.
        unlabelled: faces that are learned from the teachers alone.
        resume: continue what is there; otherwise start again.
        hardware: what to run on.
        minutes: pause after so long, and one step at least; 0 for never.

    Returns:
        The path of the chosen epoch's network; ``None`` if the run was paused.

    Raises:
        DataError: if the data is damaged or smaller than a batch, or if the folder holds a
            run of another recipe.
        ModelError: if a file to start from does not fit the network.
        InputError: if the hardware is not there, or a batch cannot be shared out.
        OutputError: if a checkpoint cannot be written.
        TensorError: if the loss is not finite; see :mod:`mien.training.bad_batch`.
    """
    until = time.monotonic() + 60 * minutes if minutes else math.inf
    hardware.check(recipe)
    parts = load_parts(recipe, copies, teachers, unlabelled, answers=output, device=hardware.device)
    recipe = replace(recipe, preprocess=parts.preprocess)
    per_epoch = steps_of_epoch(recipe, parts)
    if not per_epoch:
        raise DataError(
            f"{recipe.name}: a batch of {recipe.batch} is larger than the training part of "
            f"{len(parts.train)} pictures; --set batch makes it smaller"
        )
    if len(parts.held) < hardware.processes:
        raise InputError(
            f"{recipe.name}: {len(parts.held)} pictures to choose the checkpoint on cannot be "
            f"shared out among {hardware.processes} processes; raise validation_share"
        )
    owed = ancestors(start, teachers)
    network = network_of(recipe, parts, start, output)
    precision = hardware.precision(recipe)
    if precision != recipe.precision:
        log.info("this hardware has no bfloat16; %s is trained in float32", recipe.name)
    module = TrainingModule(network, recipe, per_epoch, _origin(owed, parts), precision)
    keeper = Keeper(
        output, until, Averaging(recipe.average_decay) if recipe.average_decay else None
    )
    trainer = _trainer(module, output, hardware, keeper)
    if not resume and trainer.is_global_zero:
        _clear(output)
    try:
        _fit(trainer, module, parts, output / LAST if resume else None)
    except Paused:
        return None
    if trainer.is_global_zero:
        done = Finished(
            recipe,
            parts,
            keeper.history,
            keeper.seconds,
            ", ".join(keeper.precisions),
            owed,
            hardware.processes,
        )
        network.to(trainer.strategy.root_device)
        finish(done, network, held_loader(recipe, parts), output)
    return output / MODEL_FILE


def _origin(owed: Sequence[Ancestor], parts: Parts) -> str:
    """SHA-256 of what a run begins with, besides its recipe: faces, targets, files of weights.

    Not of the weights themselves: fresh ones may differ in their last bits between machines,
    and a run may be carried from one to another.
    """
    digest = hashlib.sha256(parts.identity.encode())
    for one in owed:
        if one.role == STARTS:  # what teachers answer is in the targets
            digest.update(one.sha256.encode())
    return digest.hexdigest()


def _clear(output: Path) -> None:
    """Remove what an earlier run has left."""
    for name in (LAST, BEST, RUN_FILE, MODEL_FILE, LAST_FILE, BAD_BATCH):
        (output / name).unlink(missing_ok=True)
    for curves in (output / LOG).glob("events.out.tfevents.*"):
        curves.unlink()


def _trainer(
    module: TrainingModule, output: Path, hardware: Hardware, keeper: Keeper
) -> lightning.Trainer:
    recipe = module.recipe
    callbacks: list[Callback] = [keeper, LearningRateMonitor("step")]
    if keeper.averaging is not None:
        callbacks.insert(0, keeper.averaging)
    several = hardware.processes > 1
    idle = several and has_idle_weights(module.network, recipe.preprocess.size)
    if several and hardware.device == "cpu" and _has_batch_norm(module.network):
        log.warning("on CPUs every process has batch norms of its own, of its share of a batch")
    if hardware.device == "cuda":
        # Beside deterministic algorithms it costs time, and nothing here reads such memory.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        return lightning.Trainer(
            **hardware.settings(idle=idle),
            max_epochs=-(-module.total // module.per_epoch),
            limit_train_batches=module.per_epoch,
            precision=module.precision,  # type: ignore[arg-type]
            gradient_clip_val=recipe.clip_norm or recipe.clip_value or None,
            gradient_clip_algorithm="value" if recipe.clip_value else "norm",
            default_root_dir=output,
            callbacks=callbacks,
            plugins=[WholeCheckpointIO()],
            logger=TensorBoardLogger(output, name="", version=LOG),
            enable_progress_bar=sys.stderr.isatty(),
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, ModuleNotFoundError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{recipe.name} cannot run on this hardware: {reason}") from None


def _has_batch_norm(network: nn.Module) -> bool:
    return any(isinstance(one, nn.modules.batchnorm._BatchNorm) for one in network.modules())


def _fit(
    trainer: lightning.Trainer, module: TrainingModule, parts: Parts, last: Path | None
) -> None:
    """Run what is left of the run.

    Args:
        last: the checkpoint to go on from, if it is there; ``None`` to begin, whatever is there.

    Raises:
        Paused: if the time was over.
    """
    rank, world = trainer.global_rank, trainer.world_size
    pinned = trainer.strategy.root_device.type == "cuda"
    recipe = module.recipe
    try:
        trainer.fit(
            module,
            training_loader(recipe, parts, rank, world, pinned=pinned),
            held_loader(recipe, parts, rank, world, pinned=pinned),
            ckpt_path=str(last) if last is not None and last.is_file() else None,
            weights_only=True,
        )
    except SystemExit:  # Lightning's answer to Ctrl-C
        if trainer.interrupted:
            raise KeyboardInterrupt from None
        raise
    except RuntimeError as error:
        # What torch says to a process whose fellow has met an error, which that one has named.
        if world > 1 and "Connection closed by peer" in str(error):
            raise OutputError(f"process {rank} ends, as another of this run has ended") from None
        raise
