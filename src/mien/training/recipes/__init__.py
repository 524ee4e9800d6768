"""All recipes by name; one file per paper or model."""

from ...errors import UnknownName
from ..recipe import Recipe
from . import baseline, small

RECIPES = {recipe.name: recipe for recipe in (baseline.RESNET18, baseline.TIMM, small.SMALL)}


def find_recipe(name: str) -> Recipe:
    """The recipe called ``name``.

    Raises:
        UnknownName: if there is none.
    """
    if name not in RECIPES:
        raise UnknownName("recipe", name, RECIPES)
    return RECIPES[name]


__all__ = ["RECIPES", "find_recipe"]
