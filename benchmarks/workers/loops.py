"""Pictures a second in training: mien's whole loop, its arithmetic alone, the authors' loop.

    python loops.py RECIPE DATA PICTURES WORKERS STEPS ROUNDS

DATA is a copy of FER+, as it is or packed. All take turns within one run of the recipe:
after every few steps the run stands still for the others. Ends with a line of JSON: for each
of them the pictures a second of each round.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from authors import AUTHORS, write_files
from torch.optim.optimizer import register_optimizer_step_post_hook
from turns import Enough, Turns

from mien.models import create_model
from mien.training.copies import Copies
from mien.training.hardware import Hardware
from mien.training.loaders import steps_of_epoch
from mien.training.objectives import Sizes
from mien.training.parts import Parts, load_parts
from mien.training.quick_layers import use_quick_layers
from mien.training.recipe import Recipe
from mien.training.recipes import find_recipe
from mien.training.recipes.small import FERPLUS, PUBLIC_TEST
from mien.training.run import train

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
AHEAD = 2
"""Batches that each worker of a loader has ready: so many come without waiting after a rest."""


def clock() -> float:
    """Seconds, when everything that was asked of the device is done."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def recipe_on_ferplus(name: str, pictures: int, workers: int = -1) -> Recipe:
    """The recipe, with the faces of FER+ in the place of its own, for as long as it takes."""
    recipe = find_recipe(name)
    return replace(
        recipe,
        data=(FERPLUS,),
        test=PUBLIC_TEST,
        labels=None,
        selection="validation",
        epochs=1000,
        steps=0,
        limit=pictures,
        workers=recipe.workers if workers < 0 else workers,
    )


def arithmetic(recipe: Recipe, parts: Parts) -> Iterator[None]:
    """Forward, backward and optimiser on one random batch that lies in memory, step by step."""
    network = create_model(recipe.model, classes=parts.labels, **recipe.options)
    use_quick_layers(network)
    network = network.to(DEVICE).to(memory_format=torch.channels_last).train()
    size, views = recipe.preprocess.size, recipe.objective.views
    images = torch.randn(views * recipe.batch, 3, size, size, device=DEVICE)
    images = images.contiguous(memory_format=torch.channels_last)
    targets = torch.from_numpy(parts.train_targets[: recipe.batch]).to(DEVICE)
    with torch.no_grad():
        shown = network(images[:2])
    features = shown.features.shape[1]
    pooled = features if shown.pooled is None else shown.pooled.shape[1]
    criterion = recipe.objective.make(Sizes(len(parts.labels), features, pooled)).to(DEVICE)
    optimiser = recipe.optimiser.make(network, criterion)
    precisions: dict[str, AbstractContextManager[Any]] = {
        "bf16-mixed": torch.autocast(DEVICE.type, torch.bfloat16),
        "32-true": nullcontext(),
    }
    precision = precisions[Hardware().precision(recipe)]
    while True:
        with precision:
            loss = criterion(network(images), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield


def measure(
    recipe: Recipe, copies: Copies, folder: Path, steps: int, rounds: int
) -> dict[str, list[float]]:
    """Run the recipe until every round is measured."""
    parts = load_parts(recipe, copies)
    others = {"arithmetic": arithmetic(recipe, parts)}
    make: Callable[..., Iterator[None]] | None = AUTHORS.get(recipe.model.removesuffix("_small"))
    if make is not None:
        write_files(parts, folder / "files")
        others["authors"] = make(recipe, parts, folder / "files", DEVICE)
    turns = Turns(
        others,
        clock,
        batch=recipe.batch,
        epoch=steps_of_epoch(recipe, parts),
        rest=AHEAD * max(recipe.workers, 2) + 1,
        steps=steps,
        rounds=rounds,
    )
    if turns.epoch < turns.rest + steps:
        raise SystemExit(f"{recipe.name}: an epoch has {turns.epoch} steps; give more --pictures")
    register_optimizer_step_post_hook(turns.tick)
    try:
        train(recipe, copies, folder / "run")
    except Enough:
        return turns.answer()
    raise SystemExit(f"{recipe.name}: the run ended before it was measured")


def main(name: str, data: str, pictures: str, workers: str, steps: str, rounds: str) -> None:
    """Everything in a folder that is gone afterwards."""
    copies = Copies({FERPLUS.dataset: data})
    recipe = recipe_on_ferplus(name, int(pictures), int(workers))
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(recipe, copies, Path(folder), int(steps), int(rounds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
