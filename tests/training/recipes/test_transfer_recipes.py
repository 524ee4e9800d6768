"""TransFER's recipes against the specification, 2.2, and the paper, section 4.2."""

import math

import pytest
import torch

pytest.importorskip("lightning")

from paper_recipes import check_sources
from pooled_recipes import published_plan, rate_at, rates, step_at_smoke_size

from mien.data.loading.augmentation_steps import (
    Erasing,
    Flip,
    RandAugment,
    ResizedCrop,
    Rotation,
    Sometimes,
)
from mien.data.loading.augmentations import TRANSFER
from mien.models import create_model
from mien.training.optimisers import SGD
from mien.training.recipe import Recipe
from mien.training.recipes import transfer

RECIPES = {one.name: one for one in transfer.ALL}
PAPER = [one for name, one in RECIPES.items() if not name.endswith("-code")]
AFFECTNET = 283_901


def test_there_is_one_for_each_data_set_and_one_for_the_code() -> None:
    names = ["transfer.rafdb", "transfer.rafdb-code", "transfer.ferplus", "transfer.affectnet7"]
    assert list(RECIPES) == names


@pytest.mark.parametrize("recipe", transfer.ALL, ids=lambda one: one.name)
def test_all_of_them_share_input_and_selection(recipe: Recipe) -> None:
    check_sources(recipe)
    assert recipe.model == "transfer"
    assert (recipe.preprocess.size, recipe.preprocess.colour) == (112, "rgb")
    assert recipe.preprocess.mean == (0.485, 0.456, 0.406)
    assert recipe.preprocess.std == (0.229, 0.224, 0.225)
    assert recipe.augmentation.loaded(112) == 112
    assert recipe.selection == "validation"
    assert (recipe.clip_norm, recipe.clip_value, recipe.average_decay) == (0, 0, 0)
    assert "backbone_ir50_ms1m_epoch120.pth" in recipe.starts_from
    assert "vit_small_p16_224-15ec54c9.pth" in recipe.starts_from


@pytest.mark.parametrize("recipe", PAPER, ids=lambda one: one.name)
def test_the_paper_has_no_decay_and_balances_the_classes(recipe: Recipe) -> None:
    rate = 3e-4 if recipe is transfer.AFFECTNET7 else 1e-3
    assert recipe.optimiser == SGD(learning_rate=rate, momentum=0.9, weight_decay=0.0)
    assert (recipe.batch, recipe.sampling) == (256, "up-sampled")
    turned, crop, flip = recipe.augmentation.steps
    assert isinstance(turned, Sometimes)
    assert isinstance(turned.steps[0], Rotation)
    assert isinstance(crop, ResizedCrop)
    assert isinstance(flip, Flip)
    (erasing,) = recipe.augmentation.after
    assert isinstance(erasing, Erasing)
    assert erasing.area == (0.02, 0.4)


@pytest.mark.parametrize("name", ["transfer.rafdb", "transfer.ferplus"])
def test_rafdb_and_ferplus_take_40_epochs_in_three_rates(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.options == {"branches": 2, "map_drop": 0.6, "head_drop": 0.3}
    assert (recipe.epochs, recipe.steps) == (40, 0)
    assert rates(recipe, 131) == pytest.approx([1e-3] * 15 + [1e-4] * 15 + [1e-5] * 10)


def test_up_sampling_makes_every_class_of_rafdb_as_frequent_as_happiness() -> None:
    assert len(published_plan(transfer.RAFDB)) == 7 * 4_772


def test_the_code_begins_a_tenth_lower_with_decay_and_its_own_augmentation() -> None:
    recipe = transfer.RAFDB_CODE
    wanted = SGD(learning_rate=1e-4, momentum=0.9, weight_decay=1e-4, decay_all=True)
    assert recipe.optimiser == wanted
    assert (recipe.batch, recipe.sampling) == (64, "shuffle")
    assert rates(recipe, 192) == pytest.approx([1e-4] * 15 + [1e-5] * 15 + [1e-6] * 10)
    assert recipe.augmentation == TRANSFER
    assert RandAugment(layers=2, magnitude=5, levels=10) in recipe.augmentation.steps
    assert recipe.options["legacy_token_drop"] is True
    assert recipe.data[0].options == {"images": "aligned"}
    assert len(published_plan(recipe)) == 12_271


def test_ferplus_counts_every_row() -> None:
    recipe = transfer.FERPLUS
    assert recipe.test is not None
    assert (recipe.data[0].split, recipe.test.split) == ("train", "private-test")
    assert recipe.data[0].options == recipe.test.options == {"protocol": "all"}


def test_affectnet_goes_by_iterations() -> None:
    recipe = transfer.AFFECTNET7
    assert recipe.options == {"branches": 4, "map_drop": 0.2, "head_drop": 0.6}
    assert recipe.steps == 20_000
    assert round(recipe.steps * recipe.batch / AFFECTNET) == 18  # epochs, as the spec has it
    at = [0, 9_599, 9_600, 19_199, 19_200, 19_999]
    curve = [rate_at(recipe, step, AFFECTNET) for step in at]
    assert curve == pytest.approx([3e-4, 3e-4, 3e-5, 3e-5, 3e-6, 3e-6])


@pytest.mark.parametrize(
    ("recipe", "parameters"),
    [(transfer.RAFDB, 65_209_543 + 2 * 4_163), (transfer.AFFECTNET7, 65_209_543 + 4 * 4_163)],
    ids=lambda one: getattr(one, "name", None),
)
def test_the_network_has_the_papers_size(recipe: Recipe, parameters: int) -> None:
    with torch.device("meta"):
        network = create_model(recipe.model, classes=7, **recipe.options)
    assert sum(one.numel() for one in network.parameters()) == parameters


@pytest.mark.parametrize("recipe", transfer.ALL, ids=lambda one: one.name)
def test_a_step_moves_all_parameters_by_rate_and_decay(recipe: Recipe) -> None:
    classes = 8 if recipe is transfer.FERPLUS else 7
    step = step_at_smoke_size(recipe, classes)
    assert step.loss == pytest.approx(math.log(classes))  # the classifier starts at zero
    assert step.output.attention is not None
    assert step.output.attention.shape[1:] == (recipe.options["branches"], 14, 14)
    assert "classifier.weight" in step.moved
    optimiser = recipe.optimiser
    for before, gradient, after in step.moved.values():
        wanted = before - optimiser.learning_rate * (gradient + optimiser.weight_decay * before)
        torch.testing.assert_close(after, wanted)


def test_ferplus_cuts_faces_onto_the_template() -> None:
    preprocess = transfer.FERPLUS.preprocess
    assert preprocess.align == "similarity"
    # face.evoLVe's points, scaled to 224 pixels, count from the centre of the first one.
    points = (torch.tensor(preprocess.template) * 224 - 0.5) / 2
    wanted = [[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]]
    torch.testing.assert_close(points, torch.tensor(wanted))
