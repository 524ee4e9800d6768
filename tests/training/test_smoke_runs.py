"""Every recipe runs from a data set's copy to a checkpoint with its card, in its smoke size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import every_set
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from lightning_warnings import IGNORED  # noqa: E402

from mien.card import Card  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import create_model, load_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.recipes import RECIPES  # noqa: E402
from mien.training.run import train  # noqa: E402

pytestmark = IGNORED


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sets")


@pytest.fixture(scope="module")
def copies(folder: Path) -> Copies:
    return Copies(every_set.write_every_set(folder))


@pytest.fixture(scope="module")
def teacher(folder: Path) -> Path:
    """A network of eight expressions that has learned nothing."""
    options = {"stem": 4, "widths": (8,), "depths": (1,)}
    card = Card(
        name="teacher",
        architecture="small",
        arguments=options,
        labels=BASIC8,
        preprocess=Preprocess(size=16, colour="grey"),
    )
    torch.manual_seed(0)
    save_model(create_model("small", classes=BASIC8, **options), card, folder / "teacher")
    return folder / "teacher"


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_the_smoke_size_runs(
    recipe: Recipe,
    copies: Copies,
    teacher: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every_set.write_lists(tmp_path)
    monkeypatch.chdir(tmp_path)  # lists of turned faces lie where the command is given
    path = train(
        recipe.smoke(),
        copies,
        tmp_path / "run",
        teachers=[teacher] if recipe.teacher_share or recipe.unlabelled else [],
        unlabelled=Path(copies.roots["fairface"]) if recipe.unlabelled else None,
    )
    assert path is not None
    network, card = load_model(path)
    assert card.recipe == recipe.name
    assert card.architecture == recipe.model
    assert all(torch.isfinite(one).all() for one in network.state_dict().values())
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert len(record["history"]) == 2
    assert record["history"][-1]["train_loss"] > 0
    shutil.rmtree(tmp_path / "run")
