"""From the last checkpoint of a run to networks with cards, and the run's record."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..card import Card, Measurement
from ..data.split import HELD_OUT_SHARE
from ..evaluation.calibration import fit_temperature
from ..evaluation.provenance import git_commit, machine, version
from ..expressions import OtherClasses
from ..losses import UNLABELLED
from ..models import save_model
from .ancestors import STARTS, Ancestor, licences, origins
from .checkpoints import BEST, LAST, read_weights
from .history import RUN_FILE, Epoch, chosen_epoch, write_run
from .loaders import Loader
from .parts import Parts
from .recipe import Recipe
from .targets import agreed_on, column_of_classes

log = logging.getLogger("mien")

MODEL_FILE, LAST_FILE = "model.safetensors", "last.safetensors"
HELD_OUT_OF, CHOSEN_ON = "held out of", "on which the checkpoint was chosen"
"""What a card says of the split that a network was chosen on."""
_INTENDED_USE = (
    "Research on the expressions that faces show in photos and videos, with a person in charge "
    "of what follows from it"
)
_LIMITS = (
    "An expression is not a feeling: do not infer emotion, intent, health or character from it, "
    "and do not decide about people by it. The faces of the training data do not represent "
    "people in general; accuracy by age, gender and skin colour was not measured"
)
_STEM_USE = "To start other networks from, or to compare networks; it recognises no expressions"
_STEM_LIMITS = (
    "Its answers are no expressions. Where they speak of people, such as of age, gender or race, "
    "they served to learn from and are not for use"
)
_RARE = {
    "ferplus": "Contempt, disgust and fear are rare in FER+ and often missed; sadness is often "
    "taken for neutral"
}


@dataclass(frozen=True, slots=True)
class Finished:
    """A run at its end.

    Attributes:
        recipe: as it was run.
        parts: what it was run on.
        history: of its epochs.
        seconds: that it took.
        precision: that it was calculated in: the recipe's, where the hardware has it; several,
            with commas, of a run that was carried from one kind of hardware to another.
        owed: the files that it began with, and its teachers.
        processes: that it ran on.
    """

    recipe: Recipe
    parts: Parts
    history: list[Epoch]
    seconds: float
    precision: str
    owed: tuple[Ancestor, ...] = ()
    processes: int = 1


def finish(run: Finished, network: nn.Module, held: Loader, folder: Path) -> Path:
    """Write the chosen epoch's network, the last one's, and the record of the run.

    Args:
        run: what happened.
        network: of the recipe, on the device that is to answer.
        held: all pictures of the held-out part.
        folder: of the run, with its checkpoints.

    Returns:
        The path of the chosen epoch's network.
    """
    chosen, weights = read_weights(folder / BEST)
    held_out: dict[str, dict[str, float]] = {}
    # The last first: where there is a model, everything is there.
    for name, (epoch, state) in {
        LAST_FILE: (len(run.history), read_weights(folder / LAST)[1]),
        MODEL_FILE: (chosen, weights),
    }.items():
        network.load_state_dict(state)
        card = _card(run, network, held, epoch)
        (found,) = card.measurements
        held_out[name] = {**found.values, "temperature": card.temperature}
        if name == MODEL_FILE:
            record = _record(run, network, chosen) | {"held_out": held_out}
            write_run(record, folder / RUN_FILE)
        save_model(network, card, folder / name)
    path = folder / MODEL_FILE
    log.info("epoch %d was the best; its weights and card are in %s", chosen, path)
    return path


def _card(run: Finished, network: nn.Module, held: Loader, epoch: int) -> Card:
    recipe, parts = run.recipe, run.parts
    stem = isinstance(parts.labels, OtherClasses)
    if recipe.objective.targets == "attributes":
        temperature, images = 1.0, len(parts.held)
        values = {name: run.history[epoch - 1][f"val_{name}"] for name in ("accuracy", "loss")}
    else:
        temperature, accuracy, images = calibrated(network, held, recipe)
        values = {"accuracy": accuracy}
    return Card(
        name=recipe.name,
        architecture=recipe.model,
        arguments=recipe.options,
        labels=parts.labels,
        preprocess=recipe.preprocess,
        temperature=temperature,
        data="; ".join((parts.data, *parts.notes, *_remarks(run, epoch))),
        data_licence=licences(parts.licence, run.owed),
        origins=origins(run.owed),
        recipe=recipe.name,
        seed=recipe.seed,
        commit=git_commit(),
        intended_use=_STEM_USE if stem else _INTENDED_USE,
        limits=_STEM_LIMITS if stem else ". ".join((_LIMITS, *_rare(recipe))),
        measurements=(measured(recipe, parts, images, values, RUN_FILE),),
    )


def calibrated(network: nn.Module, held: Loader, recipe: Recipe) -> tuple[float, float, int]:
    """A network on the held-out part: its temperature, its accuracy, and of how many pictures."""
    logits, targets = held_logits(network, held)
    labels = column_of_classes(targets)
    known = ~np.isin(labels, UNLABELLED)
    logits, labels, targets = logits[known], labels[known], targets[known]
    fitted = agreed_on(targets)
    if recipe.calibrated_on == "all" or not fitted.any():
        fitted = np.ones_like(fitted)
    # Confidence is to say how often the most voted expression is hit, so no soft targets.
    temperature = fit_temperature(logits[fitted], labels[fitted])
    return temperature, float((logits.argmax(axis=1) == labels).mean()), len(labels)


def _remarks(run: Finished, epoch: int) -> list[str]:
    """What a card should say of the run."""
    remarks = []
    if run.recipe.starts_from and not any(one.role == STARTS for one in run.owed):
        remarks.append(f"from fresh weights, where the recipe starts from {run.recipe.starts_from}")
    if epoch == len(run.history) != chosen_epoch(run.history, run.recipe.objective.monitor):
        remarks.append("weights of the last epoch, not of the best")
    return remarks


def _rare(recipe: Recipe) -> list[str]:
    names = dict.fromkeys(source.dataset for source in recipe.data)
    return [_RARE[name] for name in names if name in _RARE]


def measured(
    recipe: Recipe, parts: Parts, images: int, values: Mapping[str, float], file: str = ""
) -> Measurement:
    """What was measured on a recipe's held-out part, for a card."""
    dataset = "+".join(dict.fromkeys(source.dataset for source in recipe.data))
    splits = dict.fromkeys(source.split for source in recipe.data)
    share = recipe.validation_share
    part = "" if share == HELD_OUT_SHARE else f"{100 * share:g} % "
    split = f"validation, {part}{HELD_OUT_OF} {'+'.join(splits)}"
    if parts.altered:
        split += f" {parts.altered}"
    if recipe.selection == "test" and recipe.test is not None:
        dataset = recipe.test.dataset
        split = f"{recipe.test.split}, {CHOSEN_ON}"
    protocol = "most voted expression" if recipe.targets == "soft" else "label"
    return Measurement(
        dataset=dataset,
        split=split,
        protocol=protocol,
        images=images,
        values=dict(values),
        file=file,
    )


def _record(run: Finished, network: nn.Module, chosen: int) -> dict[str, object]:
    recipe = run.recipe
    return {
        "recipe": recipe.name,
        "model": recipe.model,
        "seed": recipe.seed,
        "parameters": sum(one.numel() for one in network.parameters()),
        "pictures": {"train": len(run.parts.train), "held": len(run.parts.held)},
        "selection": recipe.selection,
        "monitor": recipe.objective.monitor,
        "chosen_epoch": chosen,
        "history": run.history,
        "settings": repr(recipe),
        "data": run.parts.identity,
        "owed": [one.record() for one in run.owed],
        "seconds": round(run.seconds, 1),
        "processes": run.processes,
        "precision": run.precision,
        "machine": machine(),
        "version": version(),
        "commit": git_commit(),
    }


@torch.inference_mode()
def held_logits(
    network: nn.Module, held: Loader
) -> tuple[NDArray[np.float32], NDArray[np.generic]]:
    """Logits (N, M) and targets of the held-out part, in float32."""
    network.eval()
    device = next(network.parameters()).device
    outputs = [
        (network(images.to(device)).logits.float().cpu().numpy(), targets.numpy())
        for images, targets in held
    ]
    logits, targets = zip(*outputs, strict=True)
    return np.concatenate(logits), np.concatenate(targets)
