"""DAN's recipes against the specification, 1.3, and the paper, section 4.2."""

import math

import pytest
import torch

pytest.importorskip("lightning")

from paper_recipes import check_sources, first_step, parameters
from paper_recipes import rate as rate_in

from mien.data.loading.augmentations import DAN_AFFECTNET, DAN_RAFDB
from mien.training.objectives import Joint
from mien.training.optimisers import SGD, Adam
from mien.training.recipe import Recipe
from mien.training.recipes import dan

RECIPES = {one.name: one for one in dan.ALL}
AFFECTNET = [one for name, one in RECIPES.items() if "affectnet" in name]


def test_there_is_one_for_each_data_set_and_each_disagreement() -> None:
    assert list(RECIPES) == [
        *("dan.rafdb", "dan.rafdb-code", "dan.affectnet7", "dan.affectnet7-code"),
        *("dan.affectnet8", "dan.affectnet8-code", "dan.sfew"),
    ]


@pytest.mark.parametrize("recipe", dan.ALL, ids=lambda one: one.name)
def test_all_of_them_share_what_the_paper_says_of_all(recipe: Recipe) -> None:
    check_sources(recipe)
    assert recipe.model == "dan"
    assert recipe.options == {"heads": 4}
    assert "MS-Celeb-1M" in recipe.starts_from
    assert (recipe.preprocess.size, recipe.preprocess.colour) == (224, "rgb")
    assert recipe.preprocess.mean == (0.485, 0.456, 0.406)
    assert recipe.preprocess.std == (0.229, 0.224, 0.225)
    assert isinstance(recipe.objective, Joint)
    assert (recipe.objective.cluster, recipe.objective.partition) == ("affinity", "code")
    assert (recipe.objective.cluster_weight, recipe.objective.partition_weight) == (1, 1)
    assert recipe.selection == "validation"
    assert recipe.precision == "32-true"
    assert (recipe.clip_norm, recipe.clip_value, recipe.average_decay) == (0, 0, 0)


@pytest.mark.parametrize("name", ["dan.rafdb", "dan.rafdb-code"])
def test_rafdb(name: str) -> None:
    recipe = RECIPES[name]
    assert (recipe.epochs, recipe.batch, recipe.sampling) == (40, 256, "shuffle")
    assert recipe.augmentation == DAN_RAFDB
    wanted = SGD(learning_rate=0.1, momentum=0.9, weight_decay=1e-4, decay_all=True)
    assert recipe.optimiser == wanted
    curve = [rate_in(recipe, epoch) for epoch in (0, 9, 10, 19, 20, 29, 30, 39)]
    assert curve == pytest.approx([0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3, 1e-4, 1e-4])


def test_the_networks_are_the_paper_s() -> None:
    assert parameters(RECIPES["dan.rafdb"]) == 19_723_733
    assert parameters(RECIPES["dan.affectnet8"], 8) == 19_724_248


def test_the_code_has_a_centre_more_than_the_paper() -> None:
    for name, centres in (("dan.rafdb", 7), ("dan.rafdb-code", 8)):
        step = first_step(RECIPES[name], 7)
        before, _, _ = step.moved["criterion.loss.cluster.centres"]
        assert before.shape == (centres, 128)  # 512 at the paper's width


@pytest.mark.parametrize("recipe", AFFECTNET, ids=lambda one: one.name)
def test_affectnet(recipe: Recipe) -> None:
    assert (recipe.batch, recipe.sampling) == (256, "balanced")
    assert recipe.epochs == (10 if recipe.name.endswith("-code") else 40)
    assert recipe.augmentation == DAN_AFFECTNET
    assert recipe.optimiser == Adam(learning_rate=1e-4, weight_decay=0.0)
    curve = [rate_in(recipe, epoch) for epoch in (0, 1, 2, 5, 9)]
    assert curve == pytest.approx([1e-4, 6e-5, 3.6e-5, 7.776e-6, 1.0077696e-6])
    classes = 7 if "affectnet7" in recipe.name else 8
    assert recipe.test is not None
    assert recipe.data[0].options == recipe.test.options == {"classes": classes}


def test_sfew_has_the_printed_batch_rate_and_epochs() -> None:
    recipe = RECIPES["dan.sfew"]
    assert (recipe.epochs, recipe.batch) == (40, 16)
    assert recipe.optimiser.learning_rate == 0.001
    assert recipe.test is not None
    assert (recipe.data[0].dataset, recipe.test.split) == ("sfew", "val")


@pytest.mark.parametrize("name", ["dan.rafdb-code", "dan.sfew"])
def test_a_step_of_sgd_decays_everything_and_the_centres(name: str) -> None:
    step = first_step(RECIPES[name], 7)
    assert set(step.terms) == {"entropy", "cluster", "partition"}
    assert all(map(math.isfinite, step.terms.values()))
    (rate,) = set(step.rates)
    assert rate == RECIPES[name].optimiser.learning_rate
    for parameter in (
        *("classifier.weight", "classifier.bias", "norm.weight", "norm.bias"),
        *("backbone.bn1.weight", "criterion.loss.cluster.centres"),
    ):
        before, gradient, after = step.moved[parameter]
        # The first step of SGD: momentum is the gradient itself.
        expected = before - rate * (gradient + 1e-4 * before)
        torch.testing.assert_close(after, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "recipe", [RECIPES["dan.affectnet7"], RECIPES["dan.affectnet8"]], ids=lambda one: one.name
)
def test_a_step_of_adam_goes_by_the_rate(recipe: Recipe) -> None:
    classes = 7 if "affectnet7" in recipe.name else 8
    step = first_step(recipe, classes)
    assert all(map(math.isfinite, step.terms.values()))
    before, gradient, after = step.moved["criterion.loss.cluster.centres"]
    assert before.shape == (classes, 128)
    # The first step of Adam: gradient / |gradient|, nothing of the weights themselves.
    large = gradient.abs() > 1e-5
    assert large.any()
    torch.testing.assert_close(
        (after - before)[large], -1e-4 * gradient.sign()[large], rtol=0.01, atol=1e-6
    )
