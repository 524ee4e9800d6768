"""Two processes learn as one does with the same batches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path

import ferplus_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.data.loading.pictures import PicturesInMemory  # noqa: E402
from mien.errors import InputError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import Output, load_model  # noqa: E402
from mien.training.gathering import in_order  # noqa: E402
from mien.training.hardware import Hardware  # noqa: E402
from mien.training.loaders import held_loader  # noqa: E402
from mien.training.module import has_idle_weights  # noqa: E402
from mien.training.parts import Parts  # noqa: E402
from mien.training.recipes import find_recipe  # noqa: E402

SCRIPT = Path(__file__).parent.parent / "train_two_processes.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forks")
def test_the_curve_is_that_of_one_process_with_the_same_batches(tmp_path: Path) -> None:
    # 191 to train on: of one process's batches of 20 nine, of two processes' tens there would
    # be nine and a half; 49 held out are three batches, which two processes share unevenly.
    data = ferplus_copy.write_folders(
        tmp_path / "data", {"FER2013Train": ferplus_copy.make_faces(240)}
    )
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), str(data)],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    for loss in ("entropy", "affinity"):
        one, two = (
            json.loads((tmp_path / f"{loss}.{processes}" / "run.json").read_text())
            for processes in (1, 2)
        )
        assert (one["processes"], two["processes"]) == (1, 2)
        assert [epoch["step"] for epoch in two["history"]] == [9, 18]
        assert ("train_cluster" in two["history"][0]) == (loss == "affinity")
        for mine, other in zip(one["history"], two["history"], strict=True):
            assert other == pytest.approx(mine, abs=1e-5), loss
        first, second = (
            load_model(tmp_path / f"{loss}.{processes}" / "last.safetensors")[0].state_dict()
            for processes in (1, 2)
        )
        for name, value in first.items():
            np.testing.assert_allclose(second[name], value, atol=1e-5, err_msg=f"{loss} {name}")


def test_shares_come_in_the_order_of_one_batch() -> None:
    batch = torch.arange(24).reshape(2, 12)  # two views of 12 pictures
    shares = torch.stack([batch[:, rank::3].flatten() for rank in range(3)])
    assert torch.equal(in_order(shares, views=2), batch.flatten())
    assert torch.equal(in_order(shares[:, :4, None], views=1)[:, 0], batch[0])


@pytest.mark.parametrize(("pictures", "world"), [(3, 3), (7, 3), (49, 2), (64, 4), (5, 1)])
def test_every_process_validates_and_every_picture_counts_once(pictures: int, world: int) -> None:
    recipe = replace(find_recipe("ferplus.small"), batch=32, workers=0)
    faces = PicturesInMemory(np.zeros((pictures, 8, 8), np.uint8), list(map(str, range(pictures))))
    targets = np.arange(pictures)
    parts = Parts(faces, targets, faces, targets, BASIC8, recipe.preprocess, (), "", "")
    seen = [
        [row for _, rows in held_loader(recipe, parts, rank, world) for row in rows.tolist()]
        for rank in range(world)
    ]
    assert all(seen)
    assert sorted(chain.from_iterable(seen)) == list(range(pictures))


def test_a_batch_is_shared_out_evenly() -> None:
    recipe = replace(find_recipe("ferplus.small"), batch=30)
    Hardware("cpu", 3, 2).check(recipe)
    with pytest.raises(InputError, match="a batch of 30 cannot be shared out among 4 processes"):
        Hardware("cpu", 2, 2).check(recipe)
    with pytest.raises(InputError, match="0 devices"):
        Hardware(devices=0)


class Choosing(torch.nn.Module):
    """The larger of two features, by scores of its own if it has any."""

    def __init__(self, scored: bool) -> None:
        super().__init__()
        self.features = torch.nn.Conv2d(3, 2, 1)
        self.norm = torch.nn.BatchNorm2d(2)
        self.scores = torch.nn.Conv2d(3, 2, 1) if scored else self.features

    def forward(self, images: torch.Tensor) -> Output:
        chosen = self.scores(images).mean(dim=(2, 3)).argmax(dim=1, keepdim=True)
        features = self.norm(self.features(images)).mean(dim=(2, 3)).gather(1, chosen)
        return Output(features, features)


@pytest.mark.parametrize("scored", [True, False])
def test_scores_that_only_choose_have_no_gradient(scored: bool) -> None:
    network = Choosing(scored)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    drawn = torch.get_rng_state()
    assert has_idle_weights(network, 4) == scored
    assert network.training
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(one.grad is None for one in network.parameters())
