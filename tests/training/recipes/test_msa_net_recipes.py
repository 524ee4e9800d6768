"""MSA-Net's recipes against the specification, 5, and the paper, section 3.1."""

import pytest
import torch
import torch.nn.functional as F

pytest.importorskip("lightning")

from paper_recipes import check_sources, first_step, parameters, rate

from mien.data.loading.augmentations import MSA_NET
from mien.training.objectives import CrossEntropy
from mien.training.optimisers import SGD
from mien.training.recipe import Recipe
from mien.training.recipes import msa_net

RECIPES = {one.name: one for one in msa_net.ALL}


def test_there_is_one_for_each_column_of_table_3() -> None:
    assert list(RECIPES) == [
        "msa_net.rafdb",
        "msa_net.affectnet7",
        "msa_net.affectnet7-pose30",
        "msa_net.affectnet7-pose45",
    ]


@pytest.mark.parametrize("recipe", msa_net.ALL, ids=lambda one: one.name)
def test_all_of_them_are_trained_alike(recipe: Recipe) -> None:
    check_sources(recipe)
    assert recipe.model == "msa_net"
    assert recipe.options == {"kernels": [7, 5, 3], "multi_scale": True, "attention": True}
    assert recipe.starts_from == ""
    assert (recipe.preprocess.size, recipe.preprocess.colour) == (224, "rgb")
    assert recipe.augmentation == MSA_NET
    assert recipe.objective == CrossEntropy(scale=0.6)
    assert recipe.optimiser == SGD(learning_rate=0.1, momentum=0.9, weight_decay=0.0)
    assert (recipe.epochs, recipe.batch, recipe.workers) == (40, 32, 4)
    curve = [rate(recipe, epoch) for epoch in (0, 9, 10, 20, 30, 39)]
    assert curve == pytest.approx([0.1, 0.1, 0.01, 1e-3, 1e-4, 1e-4])
    assert recipe.selection == "validation"


def test_turned_faces_are_a_list_of_affectnet_and_no_other_training() -> None:
    plain = RECIPES["msa_net.affectnet7"]
    for degrees in (30, 45):
        recipe = RECIPES[f"msa_net.affectnet7-pose{degrees}"]
        assert recipe.data == plain.data
        assert recipe.test is not None
        assert recipe.test.options["classes"] == 7
        assert recipe.test.options["subset"] == f"pose_{degrees}_affectnet_list.txt"


def test_the_list_is_set_by_name() -> None:
    recipe = RECIPES["msa_net.affectnet7-pose45"]
    changed = recipe.with_settings({"test.options.subset": "lists/mine.txt"})
    assert changed.test is not None
    assert changed.test.options == {"classes": 7, "subset": "lists/mine.txt"}
    assert changed.data == recipe.data


@pytest.mark.parametrize("recipe", msa_net.ALL[:2], ids=lambda one: one.name)
def test_a_step_is_that_of_sgd_on_six_tenths_of_the_entropy(recipe: Recipe) -> None:
    step = first_step(recipe, 7)
    assert step.rates == [0.1, 0.1]
    for name in ("classifier.weight", "classifier.bias"):
        before, gradient, after = step.moved[name]
        torch.testing.assert_close(after, before - 0.1 * gradient, rtol=1e-6, atol=1e-7)
    output, targets = step.network.eval()(torch.randn(4, 3, 32, 32)), torch.tensor([0, 6, 3, 1])
    expected = 0.6 * F.cross_entropy(output.logits, targets)
    torch.testing.assert_close(step.criterion(output, targets), expected)


def test_the_network_is_the_one_with_three_branches() -> None:
    assert parameters(RECIPES["msa_net.rafdb"]) == 3_791_699
