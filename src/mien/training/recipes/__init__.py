"""All recipes by name; one file per paper or model."""

from ...errors import UnknownName
from ..recipe import Recipe
from . import (
    apvit,
    baseline,
    dan,
    distil,
    ferplus_cpu,
    ferplus_gpu,
    finetune,
    lla_net,
    msa_net,
    pretrain,
    small,
    transfer,
)

_PAPERS = (dan, transfer, lla_net, apvit, msa_net)
_FILES = (*_PAPERS, baseline, ferplus_cpu, ferplus_gpu, small, pretrain, distil, finetune)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for file in _FILES for recipe in file.ALL}


def find_recipe(name: str) -> Recipe:
    """The recipe called ``name``.

    Raises:
        UnknownName: if there is none.
    """
    if name not in RECIPES:
        raise UnknownName("recipe", name, RECIPES)
    return RECIPES[name]


__all__ = ["RECIPES", "find_recipe"]
