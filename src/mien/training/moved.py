"""A recipe on another data set than its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ..data.ferplus import FERPlus
from ..errors import InputError, UnknownName
from .recipe import Recipe
from .recipes import RECIPES, find_recipe
from .recipes.small import FERPLUS, PUBLIC_TEST
from .sources import Source

HOMES: Mapping[str, tuple[Source, Source]] = {
    "ferplus": (FERPLUS, PUBLIC_TEST),
    "rafdb": (Source("rafdb"), Source("rafdb", "test")),
    "affectnet": (Source("affectnet"), Source("affectnet", "val")),
    "sfew": (Source("sfew"), Source("sfew", "val")),
    "expw": (Source("expw"), Source("expw", "test")),
    "affwild2": (Source("affwild2"), Source("affwild2", "val")),
    "cifar10": (Source("cifar10"), Source("cifar10", "test")),
    "fairface": (Source("fairface"), Source("fairface", "val")),
}
"""What is trained on and what is reported, by data set; labels of the real test sets of
AffectNet, SFEW and Aff-Wild2 are not public."""


def moved(recipe: Recipe, dataset: str) -> Recipe:
    """The recipe with another data set in the place of all of its own.

    Classes become the data set's; soft targets, which need votes, are kept for FER+ alone.

    Raises:
        UnknownName: if no recipe can be moved to such a data set.
        InputError: if the recipe is about more than classes.
    """
    if dataset not in HOMES:
        raise UnknownName("data set that a recipe can be moved to", dataset, HOMES)
    if recipe.objective.targets != "classes":
        raise InputError(
            f"{recipe.name} learns {recipe.objective.targets}, so it cannot be moved to {dataset}; "
            f"give its own: --data {recipe.data[0].dataset}=ROOT"
        )
    train, test = HOMES[dataset]
    return replace(
        recipe,
        name=f"{recipe.name}-{dataset}",
        data=(train,),
        test=test,
        labels=None,
        targets=recipe.targets if dataset == FERPlus.name else "hard",
    )


def recipe_called(name: str) -> Recipe:
    """The recipe of that name, which :func:`moved` may have given it.

    Raises:
        UnknownName: if there is none.
    """
    plain, _, dataset = name.rpartition("-")
    if name not in RECIPES and plain in RECIPES and dataset in HOMES:
        return moved(RECIPES[plain], dataset)
    return find_recipe(name)


def moved_to_what_is_there(recipe: Recipe, datasets: Collection[str]) -> Recipe:
    """The recipe as it is if one of its data sets is among those given, otherwise moved.

    Args:
        recipe: any.
        datasets: names of the data sets that there are copies of; none leaves it as it is.

    Raises:
        InputError: if it has to be moved and there is more than one to choose from.
    """
    own = {source.dataset for source in recipe.data}
    if not datasets or own & set(datasets):
        return recipe
    if len(datasets) > 1:
        raise InputError(
            f"{recipe.name} is of {', '.join(sorted(own))}; to move it, give one other data set, "
            f"not {', '.join(sorted(datasets))}"
        )
    return moved(recipe, *datasets)
