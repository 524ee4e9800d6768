"""What the tests of TransFER's and APViT's recipes share: a step at smoke size, and counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from mien.data.catalogue import READERS
from mien.data.loading.sampling import Plan, make_plan
from mien.models import Output, create_model
from mien.training.ablations.table import Table
from mien.training.objectives import Sizes
from mien.training.recipe import Recipe
from mien.training.recipes.transfer import SMALLEST
from mien.training.schedules import Clock

BATCH = 4


@dataclass
class Step:
    """What the first step of a recipe's smoke size did on random pictures.

    Attributes:
        network: after the step.
        output: of the network before it.
        loss: before the step.
        norm: of all gradients, before they are clipped.
        moved: value before, gradient as the optimiser got it, and value after, by parameter.
    """

    network: nn.Module
    output: Output
    loss: float
    norm: float
    moved: dict[str, tuple[Tensor, Tensor, Tensor]]


def step_at_smoke_size(recipe: Recipe, classes: int) -> Step:
    """One step through network, objective, clipping and optimiser, in training mode."""
    recipe = recipe.smoke()
    torch.manual_seed(0)
    network = create_model(recipe.model, classes=classes, **recipe.options).train()
    size = recipe.preprocess.size
    output = network(torch.randn(BATCH, 3, size, size))
    width = output.features.shape[1]
    criterion = recipe.objective.make(Sizes(classes, width, width))
    optimiser = recipe.optimiser.make(network, criterion)
    loss = criterion(output, _targets(recipe, classes))
    loss.backward()
    limit = recipe.clip_norm or float("inf")
    norm = float(nn.utils.clip_grad_norm_(network.parameters(), limit))
    learned = {name: one for name, one in network.named_parameters() if one.grad is not None}
    before = {name: (one.detach().clone(), one.grad.clone()) for name, one in learned.items()}  # type: ignore[union-attr]
    optimiser.step()
    moved = {name: (*before[name], one.detach().clone()) for name, one in learned.items()}
    return Step(network, output, loss.item(), norm, moved)


def _targets(recipe: Recipe, classes: int) -> Tensor:
    labels = torch.arange(BATCH) % classes
    if recipe.objective.targets == "classes":
        return labels
    units = torch.randint(0, 2, (BATCH, recipe.options["action_units"]))
    labels[0], units[1] = -1, -1  # as in Aff-Wild2, some frames have one of the two alone
    return torch.cat([labels[:, None], units], dim=1)


def rates(recipe: Recipe, per_epoch: int) -> list[float]:
    """The learning rate in the middle of each epoch."""
    total = recipe.epochs * per_epoch
    clocks = [
        Clock(epoch * per_epoch + per_epoch // 2, per_epoch, total)
        for epoch in range(recipe.epochs)
    ]
    return [recipe.optimiser.learning_rate * recipe.schedule.factor(clock) for clock in clocks]


def rate_at(recipe: Recipe, step: int, pictures: int) -> float:
    """The learning rate at a step of a recipe whose paper counts steps."""
    clock = Clock(step, -(-pictures // recipe.batch), recipe.steps)
    return recipe.optimiser.learning_rate * recipe.schedule.factor(clock)


def published_plan(recipe: Recipe, classes: int | None = None) -> Plan:
    """The epochs that a recipe makes of its data set as the set's authors count it."""
    counts = READERS[recipe.data[0].dataset].published[0].classes
    assert counts is not None
    numbers = list(counts.values())[:classes]
    return make_plan(recipe.sampling, np.repeat(np.arange(len(numbers)), numbers))


def check_rows(table: Table, known: Mapping[str, Recipe]) -> None:
    """The settings of every row fit the table's base at each scale, also by way of text.

    Networks are built without memory; those of the papers' sizes with fewer and narrower
    layers, on the same grid.
    """
    for scale in table.bases:
        for row in table.rows:
            settings = table.settings(row, scale)
            base = known[table.base(row, scale)]
            recipe = base.with_settings(settings)
            text = {
                key: value if isinstance(value, str) else json.dumps(value)
                for key, value in settings.items()
            }
            assert base.with_settings(text) == recipe
            smaller = {} if scale == "cpu" else SMALLEST
            _build(recipe.model, json.dumps({**recipe.options, **smaller}, sort_keys=True))


@cache
def _build(model: str, options: str) -> None:
    with torch.device("meta"):
        create_model(model, classes=7, **json.loads(options))
