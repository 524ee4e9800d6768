"""The network as a run begins with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ferplus_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("onnxscript")

from lightning_warnings import IGNORED  # noqa: E402

from mien.export import export  # noqa: E402
from mien.inference.session import Model  # noqa: E402
from mien.models import load_model  # noqa: E402
from mien.models.batch_norms import has_folded_norms  # noqa: E402
from mien.training.beginning import network_of  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.parts import load_parts  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.recipes.small import SMALL  # noqa: E402
from mien.training.run import train  # noqa: E402

pytestmark = IGNORED
TINY: Recipe = replace(
    SMALL.smoke(),
    options={"stem": 8, "widths": (16, 16), "depths": (1, 1)},
    preprocess=replace(SMALL.preprocess, size=16),
)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    folder = tmp_path_factory.mktemp("ferplus")
    faces = {"FER2013Train": ferplus_copy.make_faces(120)}
    return Copies({"ferplus": ferplus_copy.write_folders(folder, faces)})


@pytest.fixture(scope="module")
def exported(copies: Copies, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    path = train(TINY, copies, folder)
    assert path is not None
    return export(path, folder / "model.onnx", int8=True).path


def test_an_exported_model_answers_as_before_and_is_ready_for_training(
    copies: Copies, exported: Path, tmp_path: Path
) -> None:
    parts = load_parts(TINY, copies)
    network = network_of(TINY, parts, [exported], tmp_path)
    assert all(module.training for module in network.modules())
    assert not has_folded_norms(network)
    faces = torch.randn(6, 3, 16, 16)
    with torch.inference_mode():
        logits = network.eval()(faces).logits / Model(exported).card.temperature
    expected = Model(exported).probabilities(faces.numpy())
    assert np.allclose(logits.softmax(1).numpy(), expected, atol=1e-5)
    assert "taken: stem.0.weight" in (tmp_path / "start.txt").read_text()


def test_batch_norms_go_on_learning(copies: Copies, exported: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, average_decay=0.0, epochs=1)
    path = train(recipe, copies, tmp_path / "run", start=[exported])
    assert path is not None
    parts = load_parts(recipe, copies)
    before = network_of(recipe, parts, [exported], tmp_path / "again").state_dict()
    after, card = load_model(path)
    for name, value in after.state_dict().items():
        if name.endswith("running_mean"):
            assert not torch.equal(value, before[name]), name
    assert (card.origins[0].role, card.origins[0].name) == ("starts from", SMALL.name)


def test_a_run_from_an_exported_model_is_continued_with_the_same_weights(
    copies: Copies, exported: Path, tmp_path: Path
) -> None:
    whole = train(TINY, copies, tmp_path / "whole", start=[exported])
    pieces: Path | None = None
    while pieces is None:
        pieces = train(TINY, copies, tmp_path / "pieces", start=[exported], minutes=1e-6)
    assert whole is not None
    first, second = (load_model(path)[0].state_dict() for path in (whole, pieces))
    assert all(torch.equal(first[name], second[name]) for name in first)
