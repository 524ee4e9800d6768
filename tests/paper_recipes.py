"""What the tests of recipes and tables share: one step of a run without its loop, and checks."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from mien.data.catalogue import READERS
from mien.models import create_model
from mien.training.ablations.table import SCALES, Table
from mien.training.objectives import Criterion, Sizes
from mien.training.recipe import Recipe
from mien.training.recipes import RECIPES
from mien.training.schedules import Clock

SIDE = 32


@dataclass
class FirstStep:
    """What the first optimiser step of a recipe did.

    Attributes:
        terms: of the loss before it.
        rates: of the optimiser's groups.
        moved: for each parameter, by name, its value before, its gradient and its value after.
    """

    network: nn.Module
    criterion: Criterion
    terms: dict[str, float]
    rates: list[float]
    moved: dict[str, tuple[Tensor, Tensor, Tensor]]


def first_step(recipe: Recipe, classes: int, batch: int = 8) -> FirstStep:
    """One step of the smoke size, on random pictures of few pixels."""
    recipe = recipe.smoke()
    size = min(recipe.preprocess.size, SIDE)
    torch.manual_seed(recipe.seed)
    network = create_model(recipe.model, classes=recipe.labels or classes, **recipe.options)
    images, targets = torch.randn(batch, 3, size, size), torch.arange(batch) % classes
    output = network.train()(images)
    pooled = output.features if output.pooled is None else output.pooled
    sizes = Sizes(output.logits.shape[1], output.features.shape[1], pooled.shape[1])
    criterion = recipe.objective.make(sizes)
    optimiser = recipe.optimiser.make(network, criterion)
    LambdaLR(optimiser, lambda step: recipe.schedule.factor(Clock(step, 4, 4 * recipe.epochs)))
    terms = criterion.terms(output, targets)
    criterion(output, targets).backward()
    learnt = {
        **dict(network.named_parameters()),
        **{f"criterion.{name}": one for name, one in criterion.named_parameters()},
    }
    before = {name: one.detach().clone() for name, one in learnt.items()}
    optimiser.step()
    moved = {
        name: (before[name], one.grad.clone(), one.detach())
        for name, one in learnt.items()
        if one.grad is not None
    }
    rates = [group["lr"] for group in optimiser.param_groups]
    values = {name: one.item() for name, one in terms.items()}
    return FirstStep(network, criterion, values, rates, moved)


def parameters(recipe: Recipe, classes: int = 7) -> int:
    """Of the recipe's network."""
    return _parameters(recipe.model, classes, json.dumps(recipe.options))


@cache
def _parameters(model: str, classes: int, options: str) -> int:
    with torch.device("meta"):
        network = create_model(model, classes=classes, **json.loads(options))
    return sum(one.numel() for one in network.parameters())


def rate(recipe: Recipe, epoch: int) -> float:
    """The learning rate in an epoch, counted from 0, at a step in its middle."""
    clock = Clock(epoch * 100 + 50, 100, recipe.epochs * 100)
    return recipe.optimiser.learning_rate * recipe.schedule.factor(clock)


def check_sources(recipe: Recipe) -> None:
    """Every source is a split of a known data set with options that its reader has."""
    for source in (*recipe.data, recipe.test):
        assert source is not None
        reader = READERS[source.dataset]
        assert source.split in reader.splits
        assert set(source.options) <= set(inspect.signature(reader).parameters)
        for name in (*(source.only or ()), *source.strides):
            assert name in reader.labels
    test = recipe.test
    assert test is not None
    assert test.split not in [one.split for one in recipe.data if one.dataset == test.dataset]


def check_rows(table: Table, own: Mapping[str, Recipe]) -> None:
    """The settings of every row fit the table's base, at each scale whose base there is.

    They also survive the way through text, as a command line gives them.
    """
    recipes = {**RECIPES, **own}
    assert table.bases["paper"] in recipes
    for scale in SCALES:
        if scale not in table.bases:
            continue
        for row in table.rows:
            base = recipes.get(table.base(row, scale))
            if base is None:
                continue
            settings = table.settings(row, scale)
            changed = base.with_settings(settings)
            text = {
                key: value if isinstance(value, str) else json.dumps(value)
                for key, value in settings.items()
            }
            assert base.with_settings(text) == changed
            assert parameters(changed) > 0
