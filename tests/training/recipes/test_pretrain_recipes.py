"""Recipes of stems: what they are trained on, and that the networks they are for take them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fairface_copy
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from foreign_weights import complete  # noqa: E402

from mien.card import Card  # noqa: E402
from mien.data.loading.faces import FaceDataset  # noqa: E402
from mien.expressions import BASIC8, OtherClasses  # noqa: E402
from mien.models import create_model, save_model, start_from  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.loaders import held_loader, training_loader  # noqa: E402
from mien.training.module import sizes_of  # noqa: E402
from mien.training.parts import load_parts  # noqa: E402
from mien.training.pretraining import (  # noqa: E402
    FAIRFACE_CLASSES,
    Attributes,
    AttributesAndTwins,
    Twins,
)
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.recipes import ferplus_cpu, ferplus_gpu, small  # noqa: E402
from mien.training.recipes.pretrain import ALL  # noqa: E402

RECIPES = {one.name: one for one in ALL}
STEMS = ("resnet18", "ir50")
CPU_STEMS = ("resnet_w32", "resnet_w16", "ir50_small", "small")
WAYS = {"": AttributesAndTwins(), "-attributes": Attributes(), "-twins": Twins()}


def test_every_stem_in_every_way() -> None:
    names = [f"pretrain.{stem}{way}" for stem in STEMS for way in WAYS]
    names += [f"pretrain.{stem}{way}.cpu" for stem in CPU_STEMS for way in WAYS]
    assert sorted(RECIPES) == sorted(names)
    assert len(ALL) == len(RECIPES)
    for name, recipe in RECIPES.items():
        way = next((one for one in WAYS if one and one in name), "")
        assert recipe.objective == WAYS[way]
        (source,) = recipe.data
        assert source.dataset == "fairface"
        assert recipe.labels == (OtherClasses(("face",)) if way == "-twins" else FAIRFACE_CLASSES)
        if name.endswith(".cpu"):
            assert (recipe.preprocess.colour, source.options) == ("grey", {"framed_at": 48})
            assert recipe.preprocess.size == 48
        else:
            assert (recipe.preprocess.colour, recipe.preprocess.size) == ("rgb", 112)


@pytest.mark.parametrize(
    ("stem", "starts"),
    [
        ("pretrain.resnet_w32.cpu", ferplus_cpu.BASE),
        ("pretrain.resnet_w32-attributes.cpu", ferplus_cpu.DAN),
        ("pretrain.resnet_w32-twins.cpu", ferplus_cpu.MSA_NET),
        ("pretrain.resnet_w16-attributes.cpu", ferplus_cpu.LLA_NET),
        ("pretrain.ir50_small.cpu", ferplus_cpu.TRANSFER),
        ("pretrain.ir50_small-twins.cpu", ferplus_cpu.APVIT),
        ("pretrain.small.cpu", small.SMALL),
    ],
)
def test_the_recipes_of_ferplus_start_from_them(stem: str, starts: Recipe, tmp_path: Path) -> None:
    recipe = RECIPES[stem]
    labels = recipe.labels or BASIC8
    network = create_model(recipe.model, classes=labels, **recipe.options)
    card = Card(
        name=stem,
        architecture=recipe.model,
        arguments=recipe.options,
        labels=labels,
        preprocess=recipe.preprocess,
    )
    save_model(network, card, tmp_path / "stem.safetensors")
    started = create_model(starts.model, classes=BASIC8, **starts.options)
    report = start_from(started, tmp_path / "stem.safetensors", labels=BASIC8)
    assert complete(report, started, network.state_dict())
    parts = {"backbone", "stem", "blocks"}
    expected = {n for n in started.state_dict() if n.split(".")[0] in parts}
    assert set(report.taken) == {n for n in expected if ".attention." not in n}
    assert len(report.taken) > 10


@pytest.mark.parametrize("starts", ferplus_gpu.ALL, ids=lambda one: one.name)
def test_the_large_ones_fit_by_name_and_shape(starts: Recipe) -> None:
    of_vit = starts.model in ("transfer", "apvit")
    recipe = RECIPES["pretrain.ir50" if of_vit else "pretrain.resnet18"]
    part = "stem." if of_vit else "backbone."
    with torch.device("meta"):
        ours = create_model(recipe.model, classes=18, **recipe.options).state_dict()
        theirs = create_model(starts.model, classes=8, **starts.options).state_dict()
    wanted = {n: v.shape for n, v in theirs.items() if n.startswith(part)}
    wanted = {n: shape for n, shape in wanted.items() if ".attention." not in n}
    assert wanted.items() <= {name: value.shape for name, value in ours.items()}.items()


@pytest.mark.parametrize("name", ["pretrain.resnet_w32.cpu", "pretrain.ir50-attributes"])
def test_one_step_at_smoke_size(name: str, tmp_path: Path) -> None:
    recipe = replace(RECIPES[name].smoke(), batch=4)
    root = fairface_copy.write(tmp_path / "fairface", 60)
    parts = load_parts(recipe, Copies({"fairface": root}))
    images, targets = next(iter(training_loader(recipe, parts)))
    views, size = recipe.objective.views, recipe.preprocess.size
    assert images.shape == (views * 4, 3, size, size)
    assert targets.shape == (views * 4, 3)
    network = create_model(recipe.model, classes=FAIRFACE_CLASSES, **recipe.options)
    criterion = recipe.objective.make(sizes_of(network, size))
    optimiser = recipe.optimiser.make(network, criterion)
    loss = criterion(network(images), targets)
    loss.backward()
    optimiser.step()
    assert torch.isfinite(loss)
    held_images, held_targets = next(iter(held_loader(recipe, parts)))
    held = min(len(parts.held), 4)
    assert len(held_images) == len(held_targets) == views * held
    if views == 2:
        # The first view of a held-out face is the face as it is.
        plain = FaceDataset(parts.held, parts.held_targets, recipe.preprocess)
        assert torch.equal(held_images[0], plain[0][0])
        assert not torch.equal(held_images[held], plain[0][0])
