"""The table of all networks: equal chances, and stems that fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.models import create_model  # noqa: E402
from mien.training.ablations.networks import NETWORKS  # noqa: E402
from mien.training.ablations.table import Row, Scale  # noqa: E402
from mien.training.recipes import RECIPES  # noqa: E402

PAPERS = ["dan", "transfer", "lla_net", "apvit", "msa_net"]
SCALES: list[Scale] = ["cpu", "gpu"]
STARTED = [row for row in NETWORKS.rows if row.name.endswith("-fairface")]


def test_each_network_is_there_twice() -> None:
    names = [row.name for row in NETWORKS.rows]
    assert names == [f"{one}{end}" for one in ["resnet18", *PAPERS] for end in ("", "-fairface")]
    assert not any(row.paper for row in NETWORKS.rows)


@pytest.mark.parametrize("scale", SCALES)
def test_rows_are_the_recipes_of_ferplus(scale: Scale) -> None:
    for row in NETWORKS.rows:
        recipe = NETWORKS.recipe(row, scale)
        own = RECIPES[f"{row.name.removesuffix('-fairface')}.ferplus.{scale}"]
        assert replace(recipe, starts_from="") == own
        assert bool(recipe.starts_from) == row.name.endswith("-fairface")


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("row", STARTED, ids=lambda row: row.name)
def test_the_stem_that_a_row_names_fits_its_network(row: Row, scale: Scale) -> None:
    recipe = NETWORKS.recipe(row, scale)
    stem = RECIPES[recipe.starts_from.removeprefix("a stem of ")]
    assert stem.data[0].dataset == "fairface"
    assert stem.preprocess.size == recipe.preprocess.size
    with torch.device("meta"):
        theirs = create_model(stem.model, classes=18, **stem.options).state_dict()
        ours = create_model(recipe.model, classes=8, **recipe.options).state_dict()
    begins = "stem." if recipe.model.startswith(("transfer", "apvit")) else "backbone."
    wanted = {name: value.shape for name, value in ours.items() if name.startswith(begins)}
    wanted = {name: shape for name, shape in wanted.items() if ".attention." not in name}
    assert len(wanted) > 10
    assert wanted.items() <= {name: value.shape for name, value in theirs.items()}.items()
