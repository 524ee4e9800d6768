"""One network from several that have a common past: the mean of their weights.

The uniform soup of Wortsman et al. 2022 (arXiv:2203.05482): a network and what became of it
when training went on, or several that went on from the same one, are often better in the middle
than at either end, at no cost in use. Networks that began apart have no middle: their mean
knows nothing, and the accuracy on the held-out part says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..card import Card, Measurement
from ..errors import InputError, ModelError
from ..evaluation.provenance import git_commit
from ..models import load_model, save_model
from ..models.batch_norms import has_folded_norms
from ..models.checkpoint import load_card
from .ancestors import licences, of_files, origins
from .copies import Copies
from .finish import CHOSEN_ON, HELD_OUT_OF, calibrated, measured
from .loaders import held_loader
from .moved import recipe_called
from .parts import load_parts
from .recipe import Recipe

AVERAGED = "averaged from"
_AND = " + "  # between the recipes of a mean
_AVERAGE = "-average"
_SEEN = ("colour", "mean", "std", "align", "template")
"""Of how faces are cut what must be alike; size, scale and shift may differ."""


def recipe_name(checkpoint: Path) -> str:
    """The name of a checkpoint's recipe; of a mean of several, the last one's.

    Raises:
        ModelError: if its card names none.
        CardError: if the file has no card.
    """
    card = load_card(checkpoint)
    if not card.recipe:
        raise ModelError(f"{checkpoint}: its card names no recipe, to hold faces out")
    return card.recipe.split(_AND)[-1]


def _recipe_of(checkpoint: Path, copies: Copies) -> Recipe:
    """The recipe of a checkpoint, without teachers: its held-out part is all that is needed.

    Raises:
        ModelError: if there is none, or it learns no expressions.
        CardError: if the file has no card.
    """
    recipe = recipe_called(recipe_name(checkpoint), copies.roots)
    if recipe.objective.targets == "attributes":
        raise ModelError(f"{checkpoint}: {recipe.name} learns no expressions to be calibrated")
    preprocess = load_card(checkpoint).preprocess
    return replace(recipe, preprocess=preprocess, teacher_share=0.0, unlabelled=False)


def average(checkpoints: Sequence[Path], output: Path, copies: Copies) -> Card:
    """Write the mean of the checkpoints' weights, calibrated on the held-out part.

    How a face is cut, and the recipe whose held-out part is asked, are the last one's.

    Args:
        checkpoints: of mien, two or more of the same network with the same classes.
        output: the safetensors file.
        copies: where the recipe's data sets lie.

    Returns:
        The card, with the accuracy on the held-out part.

    Raises:
        InputError: if there are fewer than two checkpoints, or one is given twice.
        ModelError: if they are not of the same network, one was exported, the last one is of no
            recipe, or of one that learns no expressions, or what its recipe holds out was not
            held out of another one's training, or chose it and is what results are reported on.
        DataError: if there is no copy of a data set, or it lacks files.
        OutputError: if the file cannot be written.
    """
    if len(checkpoints) < 2:
        raise InputError("a mean needs two checkpoints or more")
    loaded = [load_model(path) for path in checkpoints]
    network, card = loaded[-1]
    for number, (path, (one, other)) in enumerate(zip(checkpoints, loaded, strict=True)):
        _check_norms(one, path)
        if any(path.samefile(before) for before in checkpoints[:number]):
            raise InputError(f"{path}: is given twice; a mean is of different networks")
        _check_alike(other, path, card, checkpoints[-1])
    network.load_state_dict(_mean([one.state_dict() for one, _ in loaded]))
    recipe = _recipe_of(checkpoints[-1], copies)
    parts = load_parts(recipe, copies)
    for path, (_, other) in zip(checkpoints, loaded, strict=True):
        _check_held_out(other, path, measured(recipe, parts, 0, {}))
    temperature, accuracy, images = calibrated(network, held_loader(recipe, parts), recipe)
    found = measured(recipe, parts, images, {"accuracy": accuracy})
    owed = of_files(AVERAGED, checkpoints)
    recipes = [name for _, one in loaded for name in one.recipe.split(_AND)]
    card = replace(
        card,
        name=f"{card.name.removesuffix(_AVERAGE)}{_AVERAGE}",
        recipe=_AND.join(dict.fromkeys(recipes)),
        temperature=temperature,
        data="; ".join((parts.data, *parts.notes)),
        data_licence=licences(card.data_licence, owed),
        origins=origins(owed),
        commit=git_commit(),
        measurements=(found,),
    )
    save_model(network, card, output)
    return card


def _check_norms(network: nn.Module, path: Path) -> None:
    if has_folded_norms(network):
        raise ModelError(
            f"{path}: its batch norms are folded into the weights, as in any exported model, so "
            "that it has no mean with others; name the checkpoint that it was exported from"
        )


def _check_alike(card: Card, path: Path, last: Card, other: Path) -> None:
    for what in ("architecture", "arguments", "labels"):
        if getattr(card, what) != getattr(last, what):
            raise ModelError(
                f"{path}: its {what} are {getattr(card, what)}, those of {other.name} "
                f"{getattr(last, what)}; only weights of the same network have a mean"
            )
    for what in _SEEN:
        mine, theirs = getattr(card.preprocess, what), getattr(last.preprocess, what)
        if mine != theirs:
            raise ModelError(
                f"{path}: sees faces with {what} {mine}, {other.name} with {theirs}; only of "
                "networks that see alike the weights have a mean"
            )


def _check_held_out(card: Card, path: Path, found: Measurement) -> None:
    """Refuse a checkpoint whose card does not say that it was chosen on these pictures."""
    chosen_on = [
        f"{one.dataset} {one.split}"
        for one in card.measurements
        if any(words in one.split for words in (HELD_OUT_OF, CHOSEN_ON))
    ]
    wanted = f"{found.dataset} {found.split}"
    if wanted not in chosen_on:
        said = " and on ".join(chosen_on) or "nothing that its card tells of"
        raise ModelError(
            f"{path}: was chosen on {said}, and so it may have learned some of what the mean "
            f"would be measured on, {wanted}; train it with the recipe's own selection and "
            "validation_share, on the same copy"
        )


def _mean(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Of what is a fraction, in double precision; counters and tables are the last one's."""
    return {
        name: torch.stack([one[name].double() for one in states]).mean(dim=0).to(last.dtype)
        if last.is_floating_point()
        else last
        for name, last in states[-1].items()
    }
