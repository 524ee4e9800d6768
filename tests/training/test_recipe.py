"""Recipes: settings by dotted names, refusals, smoke sizes, and two scales for all networks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("lightning")

from mien.errors import InputError, UnknownName
from mien.models import create_model
from mien.training.objectives import CrossEntropy, Joint
from mien.training.recipe import Recipe
from mien.training.recipes import RECIPES, find_recipe
from mien.training.settings import keys

NETWORKS = ("resnet18", "dan", "transfer", "lla_net", "apvit", "msa_net")


def test_settings_are_read_as_the_type_of_the_field_wants() -> None:
    recipe = find_recipe("dan.ferplus.cpu").with_settings(
        {
            "epochs": "3",
            "optimiser.learning_rate": "5e-1",
            "optimiser.decay_all": "true",
            "optimiser.centre_decay": "0",
            "objective.cluster": "none",
            "objective.centres": "null",
            "schedule.by": "epoch",
            "schedule.warm_up": "0",
            "preprocess.mean": "[0.4, 0.5, 0.6]",
            "precision": "32-true",
        }
    )
    assert recipe.epochs == 3
    assert recipe.optimiser.learning_rate == 0.5
    assert recipe.optimiser.decay_all is True
    assert recipe.optimiser.centre_decay == 0
    assert recipe.objective == Joint(cluster="none")
    assert recipe.schedule.by == "epoch"
    assert recipe.preprocess.mean == (0.4, 0.5, 0.6)
    assert recipe.precision == "32-true"
    assert recipe.batch == find_recipe("dan.ferplus.cpu").batch


def test_values_are_as_good_as_their_text() -> None:
    recipe = find_recipe("dan.ferplus.cpu")
    settings: dict[str, Any] = {"epochs": 3, "objective.centres": None, "preprocess.scale": 1.5}
    text = {"epochs": "3", "objective.centres": "null", "preprocess.scale": "1.5"}
    assert recipe.with_settings(settings) == recipe.with_settings(text)


def test_options_of_the_network_are_set_one_by_one() -> None:
    recipe = find_recipe("ferplus.timm").with_settings(
        {"options.backbone": "resnet10t", "options.drop_rate": "0.1", "options.head": "[1, 2]"}
    )
    assert recipe.options == {"backbone": "resnet10t", "drop_rate": 0.1, "head": [1, 2]}
    # As of fields, in Python's spelling too.
    said = {"options.one": "False", "options.two": "TRUE", "options.three": "Null"}
    recipe = find_recipe("ferplus.timm").with_settings(said)
    assert [recipe.options[one] for one in ("one", "two", "three")] == [False, True, None]
    assert find_recipe("ferplus.timm").options == {"backbone": "mobilenetv4_conv_small"}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epochs", "many", "epochs=many: this needs a whole number"),
        ("epochs", "2.5", "epochs=2.5: this needs a whole number"),
        ("optimiser.learning_rate", "nan", "learning_rate=nan: this needs a number"),
        ("optimiser.learning_rate", "inf", "learning_rate=inf: this needs a number"),
        ("optimiser.decay_all", "perhaps", "perhaps: this needs true or false"),
        ("optimiser.centre_decay", "x", "this needs a number or null"),
        ("objective.cluster", "both", "this needs one of affinity, centre, none"),
        ("preprocess.mean", "0.5", "this needs a list"),
        ("preprocess.mean", "[0.5, 0.5]", "this needs a list"),
        ("objective", "joint", "objective is a record; set its parts: objective.cluster"),
        ("targets", "Hard", "this needs one of soft, hard"),
        ("batch", "0", "epochs and batch are at least 1"),
        ("seed", "-1", "seed, workers, limit, steps, clips and unlabelled_per_class are"),
        ("seed", "9223372036854775808", "seed is below 2^63"),
        ("unlabelled_per_class", "-1", "clips and unlabelled_per_class are at least 0"),
        ("teacher_share", "2", "teacher_share and average_decay lie between 0 and 1"),
        ("teacher_temperature", "0", "teacher_temperature is above 0"),
        ("optimiser.learning_rate", "0", "learning_rate is above 0"),
    ],
)
def test_wrong_values_are_named(key: str, value: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        find_recipe("dan.ferplus.cpu").with_settings({key: value})


def test_what_excludes_each_other_is_refused() -> None:
    recipe = find_recipe("dan.ferplus.cpu")
    with pytest.raises(InputError, match="not by both"):
        recipe.with_settings({"clip_norm": "1", "clip_value": "1"})
    with pytest.raises(InputError, match="reports on nothing"):
        replace(recipe, test=None, selection="test")
    with pytest.raises(InputError, match="needs data"):
        replace(recipe, data=())


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("epoch", "did you mean epochs"),
        ("learning_rate", r"optimiser\.learning_rate"),
        ("objective.clustr", r"did you mean objective\.cluster"),
        ("optimiser.rate", r"optimiser\.centre_rate"),
        ("option.heads", r"options\.heads"),
        ("epochs.number", "epochs"),
    ],
)
def test_unknown_keys_name_the_nearest(key: str, near: str) -> None:
    with pytest.raises(UnknownName, match=near):
        find_recipe("dan.ferplus.cpu").with_settings({key: "3"})


def test_unknown_recipes_and_samplings_name_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"did you mean ferplus\.small"):
        find_recipe("ferplus.smal")
    with pytest.raises(UnknownName, match="did you mean balanced"):
        find_recipe("ferplus.small").with_settings({"sampling": "balance"})


def test_keys_are_those_that_can_be_set() -> None:
    names = set(keys(find_recipe("dan.ferplus.cpu")))
    assert {"epochs", "objective.cluster", "optimiser.nesterov", "options.heads"} - names == {
        "optimiser.nesterov"  # SGD's
    }


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=str)
def test_names_are_their_keys_and_smoke_is_small(recipe: Recipe) -> None:
    assert RECIPES[recipe.name] is recipe
    small = recipe.smoke()
    assert small.epochs * small.limit <= 256
    assert (small.workers, small.precision) == (0, "32-true")
    assert small.name == recipe.name


@pytest.mark.parametrize("scale", ["cpu", "gpu"])
def test_at_one_scale_all_networks_have_the_same_chances(scale: str) -> None:
    """Only the network, its options, its loss and the learning rate of that network differ."""
    base = find_recipe(f"resnet18.ferplus.{scale}")
    for network in NETWORKS:
        recipe = find_recipe(f"{network}.ferplus.{scale}")
        own = {"name", "model", "options", "objective", "smoke_options"}
        differing = {
            one for one in Recipe.__dataclass_fields__ if getattr(recipe, one) != getattr(base, one)
        }
        assert differing <= own | {"optimiser"}
        rate = base.optimiser.learning_rate
        assert replace(recipe.optimiser, learning_rate=rate) == base.optimiser
        assert recipe.test is not None
        assert recipe.test.split == "public-test"


def test_what_the_papers_are_about_is_kept_at_both_scales() -> None:
    for scale in ("cpu", "gpu"):
        assert find_recipe(f"dan.ferplus.{scale}").objective == Joint()
        assert find_recipe(f"msa_net.ferplus.{scale}").objective == CrossEntropy(scale=0.6)
    apvit = create_model("apvit", classes=8, **find_recipe("apvit.ferplus.gpu").options)
    assert sum(one.numel() for one in apvit.parameters()) == 65_209_543 + 769
    # The same share of the patches as 160 of 196.
    kept = find_recipe("apvit.ferplus.cpu").options["keep_patches"]
    assert kept == round(36 * 160 / 196)
