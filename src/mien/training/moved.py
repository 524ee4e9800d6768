"""A recipe on another data set than its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from ..data.catalogue import READERS
from ..data.ferplus import FERPlus
from ..data.image_folder import WHOLE
from ..errors import DataError, InputError, UnknownName
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

OWN = ("folder", "huggingface", "list")
"""Readers of anybody's pictures, whose splits are those that a copy has."""
_REPORTED = ("test", "val", "validation")

Root: TypeAlias = Path | str


def moved(recipe: Recipe, dataset: str, root: Root | None = None) -> Recipe:
    """The recipe with another data set in the place of all of its own.

    Classes become the data set's; soft targets, which need votes, are kept for FER+ alone.

    Args:
        recipe: any that learns classes.
        dataset: one of :data:`HOMES` or :data:`OWN`.
        root: its copy, which tells the splits of one's own pictures.

    Raises:
        UnknownName: if there is no such data set.
        InputError: if the recipe is about more than classes, or there is no copy of one's own
            pictures.
        DataError: if the copy has no split to train on.
    """
    if dataset not in HOMES and dataset not in OWN:
        raise UnknownName("data set", dataset, (*HOMES, *OWN))
    if recipe.objective.targets != "classes":
        raise InputError(
            f"{recipe.name} learns {recipe.objective.targets}, so it cannot be moved to {dataset}; "
            f"give its own: --data {recipe.data[0].dataset}=ROOT"
        )
    train, test = HOMES[dataset] if dataset in HOMES else _home(dataset, root)
    return replace(
        recipe,
        name=f"{recipe.name}-{dataset}",
        data=(train,),
        test=test,
        labels=None,
        targets=recipe.targets if dataset == FERPlus.name else "hard",
    )


def recipe_called(name: str, copies: Mapping[str, Root]) -> Recipe:
    """The recipe of that name, which :func:`moved` may have given it.

    Args:
        name: of the recipe.
        copies: by data set, for those of :data:`OWN`.

    Raises:
        UnknownName: if there is none.
    """
    plain, dataset = _parts(name)
    return moved(RECIPES[plain], dataset, copies.get(dataset)) if dataset else find_recipe(plain)


def dataset_of(name: str) -> str:
    """The (first) data set of a recipe by its name, see :func:`recipe_called`."""
    plain, dataset = _parts(name)
    return dataset or find_recipe(plain).data[0].dataset


def _parts(name: str) -> tuple[str, str]:
    """Name of a recipe, and of the data set that it was moved to, if it was."""
    plain, _, dataset = name.rpartition("-")
    if name not in RECIPES and plain in RECIPES and (dataset in HOMES or dataset in OWN):
        return plain, dataset
    return name, ""


def moved_to_what_is_there(recipe: Recipe, copies: Mapping[str, Root]) -> Recipe:
    """The recipe as it is if one of its data sets is among those given, otherwise moved.

    Args:
        recipe: any.
        copies: by the name of the data set; none leaves it as it is.

    Raises:
        InputError: if it has to be moved and there is more than one to choose from.
    """
    own = {source.dataset for source in recipe.data}
    if not copies or own & set(copies):
        return recipe
    if len(copies) > 1:
        raise InputError(
            f"{recipe.name} is of {', '.join(sorted(own))}; to move it, give one other data set, "
            f"not {', '.join(sorted(copies))}"
        )
    ((dataset, root),) = copies.items()
    return moved(recipe, dataset, root)


def _home(dataset: str, root: Root | None) -> tuple[Source, Source | None]:
    """Of one's own pictures: what to train on, and what to report on, if there is anything."""
    if root is None:
        raise InputError(f"the splits of a {dataset} are its own: --data {dataset}=ROOT")
    reader: Any = READERS[dataset]
    splits = reader.splits_in(root)
    train = next((one for one in ("train", WHOLE) if one in splits), None)
    if train is None:
        raise DataError(
            f"{root}: has the splits {', '.join(splits)}; what is trained on is called train"
        )
    reported = next((one for one in _REPORTED if one in splits), None)
    return Source(dataset, train), None if reported is None else Source(dataset, reported)
