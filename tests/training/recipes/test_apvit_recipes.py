"""APViT's recipes against the specification, 4.2 and 4.3, and the paper, section 4.2."""

import math

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")

from paper_recipes import check_sources
from pooled_recipes import published_plan, rate_at, rates, step_at_smoke_size

from mien.data.catalogue import READERS
from mien.data.loading.augmentation_steps import Erasing, Grey, Jitter, Sometimes
from mien.data.loading.sampling import Repeated
from mien.expressions import LabelSet
from mien.models import create_model
from mien.training.objectives import CrossEntropy, TwoTask
from mien.training.recipe import Recipe
from mien.training.recipes import apvit

RECIPES = {one.name: one for one in apvit.ALL}

# Learning rate, epochs, steps, k, r and sampler of each.
PRINTED = {
    "apvit.rafdb": (1e-3, 40, 0, 160, 0.9, "square-root"),
    "apvit.rafdb-code": (1e-3, 40, 0, 160, 0.9, "square-root"),
    "apvit.ferplus": (1e-3, 20, 0, 160, 0.9, "square-root"),
    "apvit.affectnet7": (5e-4, None, 6_000, 160, 0.9, "reciprocal"),
    "apvit.sfew": (1e-3, 40, 0, 120, 0.9, "square-root"),
    "apvit.expw": (5e-4, None, 9_000, 80, 0.6, "square-root"),
    "apvit.affwild2": (1e-3, None, 150_000, 80, 0.6, "shuffle"),
    "apvit.cifar10": (1e-3, 40, 0, 120, 0.9, "shuffle"),
}
TRAIN = {"apvit.affectnet7": 283_901, "apvit.expw": 68_845, "apvit.affwild2": 920_584}


def test_there_is_one_for_each_data_set_and_one_for_the_code() -> None:
    assert list(RECIPES) == list(PRINTED)


@pytest.mark.parametrize("recipe", apvit.ALL, ids=lambda one: one.name)
def test_the_printed_numbers(recipe: Recipe) -> None:
    rate, epochs, steps, keep, share, sampling = PRINTED[recipe.name]
    assert recipe.optimiser.learning_rate == rate
    assert (recipe.steps, recipe.sampling) == (steps, sampling)
    if not steps:
        assert recipe.epochs == epochs
    assert (recipe.options["keep_patches"], recipe.options["keep_rate"]) == (keep, share)


@pytest.mark.parametrize("recipe", apvit.ALL, ids=lambda one: one.name)
def test_all_of_them_share_the_rest(recipe: Recipe) -> None:
    check_sources(recipe)
    assert recipe.model == "apvit"
    assert (recipe.batch, recipe.clip_norm, recipe.clip_value) == (128, 10, 0)
    assert (recipe.preprocess.size, recipe.preprocess.colour) == (112, "rgb")
    assert recipe.selection == "validation"
    one_task = recipe is not apvit.AFFWILD2
    assert recipe.objective == (CrossEntropy() if one_task else TwoTask())
    (group,) = {one["weight_decay"] for one in _groups(recipe)}
    assert group == 5e-4  # of class token, position embeddings, biases and norms, too


def _groups(recipe: Recipe) -> list[dict[str, object]]:
    smoke = recipe.smoke()
    network = create_model(smoke.model, classes=7, **smoke.options)
    return recipe.optimiser.groups(network, torch.nn.Identity())


@pytest.mark.parametrize("recipe", apvit.ALL, ids=lambda one: one.name)
def test_pictures_are_normalised_by_the_codes_numbers(recipe: Recipe) -> None:
    mean, deviation = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
    if recipe is apvit.CIFAR10:
        mean, deviation = [125.307, 122.961, 113.8575], [51.5865, 50.847, 51.255]
    assert np.array(recipe.preprocess.mean) * 255 == pytest.approx(mean)
    assert np.array(recipe.preprocess.std) * 255 == pytest.approx(deviation)
    assert recipe.preprocess.align == ("square" if recipe is apvit.CIFAR10 else "similarity")


@pytest.mark.parametrize("recipe", apvit.ALL, ids=lambda one: one.name)
def test_only_the_code_changes_colours(recipe: Recipe) -> None:
    steps = recipe.augmentation.steps
    jitter = Sometimes(0.8, (Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),))
    with_colours = recipe in (apvit.RAFDB_CODE, apvit.CIFAR10)
    assert (Grey(0.2) in steps, jitter in steps) == (with_colours, with_colours)
    noise = Erasing(0.5, area=(0.02, 0.33), ratio=(0.3, 3.3), value="noise")
    assert recipe.augmentation.after == (noise,)
    realigned = recipe.data[0].options.get("images") == "aligned_224"
    assert recipe.augmentation.loaded(112) == (224 if realigned else 112)


@pytest.mark.parametrize("name", ["apvit.rafdb", "apvit.rafdb-code", "apvit.sfew", "apvit.ferplus"])
def test_the_rate_is_a_cosine_of_whole_epochs(name: str) -> None:
    recipe = RECIPES[name]
    count = recipe.epochs
    wanted = [5e-4 * (1 + math.cos(math.pi * epoch / count)) for epoch in range(count)]
    assert rates(recipe, 122) == pytest.approx(wanted)


@pytest.mark.parametrize("name", TRAIN)
def test_where_the_paper_counts_iterations_the_cosine_does_too(name: str) -> None:
    recipe = RECIPES[name]
    half = recipe.steps // 2
    curve = [rate_at(recipe, step, TRAIN[name]) for step in (0, half, recipe.steps)]
    rate = recipe.optimiser.learning_rate
    assert curve == pytest.approx([rate, rate / 2, 0])


def test_affectnets_iterations_are_as_many_epochs_as_the_specification_says() -> None:
    recipe = apvit.AFFECTNET7
    assert round(recipe.steps * recipe.batch / TRAIN[recipe.name], 1) == 2.7
    # Heavy over-sampling: every class comes about as often as happiness.
    assert len(published_plan(recipe, 7)) == 1_004_333


def test_rafdb_has_15545_pictures_an_epoch() -> None:
    plan = published_plan(apvit.RAFDB)
    assert len(plan) == 15_545
    assert isinstance(plan, Repeated)
    times = dict(zip(READERS["rafdb"].labels, plan.times().tolist(), strict=True))
    assert {name: many for name, many in times.items() if many > 1} == {
        "surprise": 2,
        "fear": 3,
        "disgust": 2,
        "anger": 2,
    }


def test_cifar_would_be_taken_twice_by_that_rule() -> None:
    classes = np.repeat(np.arange(10), 5_000)
    assert set(Repeated(classes).times().tolist()) == {2}
    assert apvit.CIFAR10.sampling == "shuffle"


def test_classes_have_the_codes_order_by_name() -> None:
    names = ("anger", "disgust", "fear", "sadness", "happiness", "surprise", "neutral")
    for recipe in apvit.ALL:
        if recipe is apvit.CIFAR10:
            assert recipe.labels is None
            continue
        more = ("contempt",) if recipe is apvit.FERPLUS else ()
        assert recipe.labels == LabelSet.of((*names, *more))
        reader = READERS[recipe.data[0].dataset]
        assert set(recipe.labels) <= set(reader.labels)


def test_what_is_reported() -> None:
    tests = {name: one.test for name, one in RECIPES.items()}
    splits = {name: (one.dataset, one.split) for name, one in tests.items() if one is not None}
    assert splits == {
        "apvit.rafdb": ("rafdb", "test"),
        "apvit.rafdb-code": ("rafdb", "test"),
        "apvit.ferplus": ("ferplus", "private-test"),
        "apvit.affectnet7": ("affectnet", "val"),
        "apvit.sfew": ("sfew", "val"),
        "apvit.expw": ("expw", "test"),
        "apvit.affwild2": ("affwild2", "val"),
        "apvit.cifar10": ("cifar10", "test"),
    }
    assert apvit.FERPLUS.data[0].options == {"protocol": "all"}
    assert apvit.AFFECTNET7.data[0].options == {"classes": 7}


def test_sfew_starts_from_what_rafdb_has_trained() -> None:
    assert "apvit.rafdb" in apvit.SFEW.starts_from
    assert apvit.SFEW.labels == apvit.RAFDB.labels  # so that the classifier is taken as well


def test_affwild2_has_two_tasks_ten_to_one() -> None:
    recipe = apvit.AFFWILD2
    assert recipe.objective == TwoTask("cross_entropy", 10.0, 1.0)
    assert recipe.data[0].options == {"task": "both"}
    assert recipe.test is not None
    assert recipe.test.options == {"task": "expression"}
    assert recipe.options["action_units"] == len(READERS["affwild2"].units) == 12  # type: ignore[attr-defined]


@pytest.mark.parametrize(("recipe", "classes"), [(apvit.RAFDB, 7), (apvit.CIFAR10, 10)])
def test_the_network_has_the_papers_size(recipe: Recipe, classes: int) -> None:
    with torch.device("meta"):
        network = create_model(recipe.model, classes=classes, **recipe.options)
    wanted = 65_209_543 + (classes - 7) * 769
    assert sum(one.numel() for one in network.parameters()) == wanted


@pytest.mark.parametrize("recipe", apvit.ALL, ids=lambda one: one.name)
def test_a_step_decays_and_clips_all_parameters(recipe: Recipe) -> None:
    classes = {"apvit.ferplus": 8, "apvit.cifar10": 10}.get(recipe.name, 7)
    step = step_at_smoke_size(recipe, classes)
    assert math.isfinite(step.loss)
    if recipe.objective == CrossEntropy():
        assert step.loss == pytest.approx(math.log(classes))  # the classifier starts at zero
    else:
        assert step.output.action_units is not None
        assert step.output.action_units.shape[1] == 12
        assert step.norm > 10  # ten times a cross entropy: clipped
    keep, share = recipe.options["keep_patches"], recipe.options["keep_rate"]
    kept = [one.shape[1] for one in step.output.kept]
    assert kept == [keep, math.floor(keep * share)]  # one of two blocks leaves tokens out
    gradients = torch.cat([gradient.flatten() for _, gradient, _ in step.moved.values()])
    assert gradients.norm().item() == pytest.approx(min(step.norm, 10), rel=1e-3)
    rate = recipe.optimiser.learning_rate
    assert {"encoder.cls_token", "encoder.pos_embed", "classifier.bias"} & step.moved.keys()
    for before, gradient, after in step.moved.values():
        torch.testing.assert_close(after, before - rate * (gradient + 5e-4 * before))
