"""Train a recipe: from a data set to a checkpoint with its card."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader

from ..card import Card, Measurement
from ..data.ferplus import FERPlus
from ..data.loading.batches import collate
from ..data.loading.faces import FaceDataset
from ..data.loading.samplers import EpochLoader, EpochSampler
from ..data.loading.sampling import make_plan
from ..errors import DataError
from ..evaluation.calibration import fit_temperature
from ..evaluation.provenance import git_commit
from ..models import create_model, save_model, start_from
from .checkpoints import BEST, LAST, AtomicCheckpointIO, checkpoint_callbacks
from .module import Classifier
from .parts import Parts, load_parts
from .recipe import Recipe
from .small_maps import use_products

log = logging.getLogger("mien")

Loader: TypeAlias = DataLoader[tuple[torch.Tensor, torch.Tensor]]

MODEL_FILE = "model.safetensors"
START_REPORT = "start.txt"
_AVERAGE_EVERY = 4
_DATA = (
    "FER+ (Barsoum et al. 2016): the faces of FER2013 (Goodfellow et al. 2013) with the votes "
    "of ten raters; training split, of which a part by content chose the checkpoint and the "
    "temperature"
)
_LICENCE = "pictures of FER2013: research use; labels of FER+: MIT"
_INTENDED_USE = (
    "Research on the expressions that faces show in photos and videos, with a person in charge "
    "of what follows from it"
)
_LIMITS = (
    "An expression is not a feeling: do not infer emotion, intent, health or character from it, "
    "and do not decide about people by it. Contempt, disgust and fear are rare in FER+ and often "
    "missed. The faces come from web searches of 2013 and do not represent people in general; "
    "accuracy by age, gender and skin colour was not measured"
)


def train(
    recipe: Recipe,
    root: Path,
    output: Path,
    *,
    start: Sequence[Path] = (),
    teachers: Sequence[Path] = (),
    unlabelled: Path | None = None,
    resume: bool = True,
) -> Path:
    """Run a recipe on FER+ and write ``output/model.safetensors``.

    An interrupted run in the same folder is continued from its last whole checkpoint, and
    ends with the same weights as an undisturbed one (same seed, one device).

    Args:
        recipe: what to run.
        root: the copy of FER+, in any layout that the reader knows.
        output: folder of the run.
        start: files whose weights the run begins with: checkpoints of mien, or backbones as
            :func:`mien.models.start_from` knows them. What became of each tensor is written
            to ``output/start.txt``.
        teachers: checkpoints that the recipe's share of targets comes from.
        unlabelled: a copy of FairFace, whose faces are learned from the teachers alone.
        resume: continue what is there; otherwise start again.

    Returns:
        The path of the checkpoint.

    Raises:
        DataError: if the data is damaged or smaller than a batch, or if the folder holds a
            run of another recipe.
        ModelError: if a file to start from does not fit the network.
    """
    parts = load_parts(recipe, root, teachers, unlabelled)
    recipe = replace(recipe, preprocess=parts.preprocess)
    if not len(parts.validation_images):
        raise DataError(f"{recipe.name}: the validation part is empty; raise validation_share")
    if len(parts.train_images) < recipe.batch:
        raise DataError(
            f"{recipe.name}: a batch of {recipe.batch} is larger than the training part of "
            f"{len(parts.train_images)} pictures"
        )
    torch.manual_seed(recipe.seed)
    network = create_model(recipe.model, classes=FERPlus.labels, **recipe.options)
    _start(network, start, output)
    use_products(network)
    module = Classifier(network, recipe, _origin(network, parts))
    training, held = loaders(recipe, parts)
    trainer = _trainer(recipe, output)
    last = output / LAST
    if not resume:
        last.unlink(missing_ok=True)
    try:
        trainer.fit(
            module,
            training,
            held,
            ckpt_path=str(last) if last.is_file() else None,
            weights_only=True,
        )
    except SystemExit:  # Lightning's answer to Ctrl-C
        if trainer.interrupted:
            raise KeyboardInterrupt from None
        raise
    return _finish(recipe, network, held, output, parts.notes)


def _origin(network: nn.Module, parts: Parts) -> str:
    """SHA-256 of what a run begins with: weights, faces and targets."""
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.numpy().tobytes())
    for array in (parts.train_images, parts.train_targets, parts.validation_images):
        digest.update(array.tobytes())
    return digest.hexdigest()


def _start(network: nn.Module, files: Sequence[Path], output: Path) -> None:
    """Fill the network from files, and say what became of every tensor."""
    reports = [start_from(network, path, labels=FERPlus.labels) for path in files]
    if not reports:
        return
    for report in reports:
        log.info("%s", report)
    lines = [line for report in reports for line in (str(report), *report.lines())]
    output.mkdir(parents=True, exist_ok=True)
    (output / START_REPORT).write_text("\n".join(lines) + "\n", encoding="utf-8")


def loaders(recipe: Recipe, parts: Parts) -> tuple[Loader, Loader]:
    """Of the training part, varied and drawn as the recipe says, and of the held-out part."""
    training = FaceDataset(
        parts.train_images,
        parts.train_targets,
        recipe.preprocess,
        recipe.augmentation,
        recipe.seed,
    )
    held = FaceDataset(
        parts.validation_images, parts.validation_targets, recipe.preprocess, tolerated=0
    )
    workers = recipe.workers
    train_loader: Loader = EpochLoader(
        training,
        batch_size=recipe.batch,
        sampler=EpochSampler(make_plan(recipe.sampling, _classes(parts)), recipe.seed),
        drop_last=True,
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    return train_loader, DataLoader(held, batch_size=recipe.batch, collate_fn=collate)


def _classes(parts: Parts) -> NDArray[np.int64]:
    """The class of each training face; of a distribution its largest."""
    targets = parts.train_targets
    return np.asarray(targets.argmax(axis=1) if targets.ndim == 2 else targets, np.int64)


def _trainer(recipe: Recipe, output: Path) -> lightning.Trainer:
    callbacks: list[Callback] = [*checkpoint_callbacks(output), EpochLine()]
    if recipe.average_decay:
        callbacks.insert(
            0,
            EMAWeightAveraging(
                decay=recipe.average_decay**_AVERAGE_EVERY, update_every_n_steps=_AVERAGE_EVERY
            ),
        )
    return lightning.Trainer(
        max_epochs=recipe.epochs,
        devices=1,
        precision=recipe.precision,  # type: ignore[arg-type]
        default_root_dir=output,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        logger=TensorBoardLogger(output, name="", version="log"),
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


class EpochLine(Callback):
    """One line in the log after every epoch."""

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Say how far the run is, and how good."""
        del pl_module
        numbers = {name: float(value) for name, value in trainer.callback_metrics.items()}
        log.info(
            "epoch %d of %s: training loss %.4f, validation loss %.4f, accuracy %.4f",
            trainer.current_epoch + 1,
            trainer.max_epochs,
            numbers.get("train_loss", float("nan")),
            numbers.get("val_loss", float("nan")),
            numbers.get("val_accuracy", float("nan")),
        )


def _finish(
    recipe: Recipe,
    network: nn.Module,
    held: Loader,
    output: Path,
    notes: tuple[str, ...],
) -> Path:
    """Take the best epoch's averaged weights, fit the temperature, write the card."""
    state = torch.load(output / f"{BEST}.ckpt", map_location="cpu", weights_only=True)
    weights = {
        name.removeprefix("network."): value
        for name, value in state["state_dict"].items()
        if name.startswith("network.")
    }
    network.load_state_dict(weights)
    logits, targets = validation_logits(network, held)
    labels = targets.argmax(axis=1) if targets.ndim == 2 else targets
    card = Card(
        name=recipe.name,
        architecture=recipe.model,
        arguments=recipe.options,
        labels=FERPlus.labels,
        preprocess=recipe.preprocess,
        # Confidence is to say how often the most voted expression is hit, so no soft targets.
        temperature=fit_temperature(logits, labels),
        data="; ".join((_DATA, *notes)),
        data_licence=_LICENCE,
        recipe=recipe.name,
        seed=recipe.seed,
        commit=git_commit(),
        intended_use=_INTENDED_USE,
        limits=_LIMITS,
        measurements=(
            Measurement(
                dataset=FERPlus.name,
                split="validation, held out of train",
                protocol="most voted expression",
                images=len(labels),
                values={"accuracy": float((logits.argmax(axis=1) == labels).mean())},
            ),
        ),
    )
    path = output / MODEL_FILE
    save_model(network, card, path)
    log.info("epoch %d was the best; its weights and card are in %s", state["epoch"] + 1, path)
    return path


@torch.inference_mode()
def validation_logits(
    network: nn.Module, held: Loader
) -> tuple[NDArray[np.float32], NDArray[np.generic]]:
    """Logits (N, M) and targets of the held-out part, in float32."""
    network.eval()
    outputs = [(network(images).logits.numpy(), targets.numpy()) for images, targets in held]
    logits, targets = zip(*outputs, strict=True)
    return np.concatenate(logits), np.concatenate(targets)
