"""Figures of the papers, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
import torch

from mien.card import Card
from mien.errors import InputError, ModelError
from mien.explain.cells import drawn
from mien.explain.figures import (
    apvit_figure_7,
    dan_figure_1,
    network_rows,
    transfer_figure_4,
)
from mien.explain.grids import Row
from mien.explain.overlay import erase
from mien.explain.subjects import FaceCut, Trained
from mien.expressions import BASIC8
from mien.models import create_model
from mien.preprocess import Preprocess

FACES = [
    FaceCut(str(seed), np.random.default_rng(seed).integers(0, 256, (48, 48, 3), dtype=np.uint8))
    for seed in range(2)
]


def make(name: str, seed: int = 0, size: int = 48, **options: Any) -> Trained:
    torch.manual_seed(seed)
    network = create_model(name, classes=8, **options).eval()
    torch.nn.init.normal_(network.classifier.weight)
    card = Card(name=name, architecture=name, labels=BASIC8, preprocess=Preprocess(size=size))
    return Trained(network, card)


@pytest.fixture(scope="module")
def dan() -> Trained:
    return make("dan", width=8, depths=(1, 1, 1), heads=3)


@pytest.fixture(scope="module")
def apvit() -> Trained:
    return make("apvit_small")


@pytest.fixture(scope="module")
def transfer() -> Trained:
    return make("transfer_small")


def titles(rows: list[Row]) -> list[str]:
    """Of the first row; all have the same."""
    every = [[cell.title for cell in row.cells if cell is not None] for row in rows]
    assert all(one == every[0] for one in every)
    return every[0]


def pictures(rows: list[Row], column: int) -> list[np.ndarray]:
    return [row.cells[column].picture for row in rows]  # type: ignore[union-attr]


def test_dans_figure_1_has_a_column_for_each_head(dan: Trained) -> None:
    rows = dan_figure_1(dan, FACES, label="DAN")
    heads = [f"Grad-CAM++\nhead {number}" for number in (1, 2, 3)]
    assert titles(rows) == ["face", "Grad-CAM++", *heads]
    assert [row.label for row in rows] == ["DAN", "DAN"]
    maps = dan.explain(FACES, "gradcam++-heads")
    for head in range(3):
        expected = drawn(maps, dan.views(FACES), head)
        for one, other in zip(pictures(rows, 2 + head), expected, strict=True):
            assert (one == other).all()


def test_dans_first_column_may_be_another_network(dan: Trained) -> None:
    # It sees the faces as it was trained to, whatever DAN sees.
    single = make("dan", seed=1, size=32, width=8, depths=(1, 1, 1), heads=1)
    rows = dan_figure_1(dan, FACES, single)
    assert titles(rows)[1] == f"Grad-CAM++\n{single.card.name}"
    expected = drawn(single.explain(FACES, "gradcam++"), single.views(FACES), 0)
    for one, other in zip(pictures(rows, 1), expected, strict=True):
        assert (one == other).all()


def test_apvits_figure_7_erases_patches_and_shows_relevance(apvit: Trained) -> None:
    rows = apvit_figure_7(apvit, FACES, counts=(144, 30))
    assert titles(rows) == [
        *("face", "kept\n144 patches", "kept\n30 patches"),
        *("relevance\npooling off", "relevance\npooling on"),
    ]
    views = apvit.views(FACES)
    assert all((one == view).all() for one, view in zip(pictures(rows, 1), views, strict=True))
    with torch.inference_mode():
        scores = apvit.network(apvit.images(FACES)).attention.flatten(1).numpy()
    for one, view, score in zip(pictures(rows, 2), views, scores, strict=True):
        kept = np.zeros(144, np.bool_)
        kept[np.argsort(-score)[:30]] = True
        assert (one == erase(view, kept.reshape(12, 12))).all()
    assert titles(apvit_figure_7(apvit, FACES[:1]))[1:4] == [
        f"kept\n{keep} patches" for keep in (118, 88, 59)
    ]


def test_apvits_relevance_without_pooling_is_that_of_the_unpooled_network(apvit: Trained) -> None:
    whole = make("apvit_small", keep_patches=None, keep_rate=1.0)
    whole.network.load_state_dict(apvit.network.state_dict())
    off = pictures(apvit_figure_7(apvit, FACES), 4)
    rows = apvit_figure_7(apvit, FACES, unpooled=whole)
    assert titles(rows)[4] == "relevance\nwithout pooling"
    for one, other in zip(off, pictures(rows, 4), strict=True):
        assert np.abs(one.astype(int) - other).max() <= 2
    # And the network pools again as before.
    again = pictures(apvit_figure_7(apvit, FACES), 5)
    for one, other in zip(again, pictures(rows, 5), strict=True):
        assert (one == other).all()


def test_transfers_figure_4_has_a_column_for_each_way_of_training(transfer: Trained) -> None:
    ways = [make("transfer_small", seed=seed) for seed in (1, 2, 3)]
    rows = transfer_figure_4([*ways, transfer], FACES[:1])
    assert titles(rows) == ["face", *(f"relevance\n{one}" for one in ("I", "II", "III", "IV"))]
    assert titles(transfer_figure_4([transfer], FACES)) == ["face", "relevance"]
    named = transfer_figure_4([ways[0], transfer], FACES, names=("plain", "whole"))
    assert titles(named) == ["face", "relevance\nplain", "relevance\nwhole"]
    # The face's caption is the whole network's answer.
    best = transfer.probabilities(FACES).argmax(1)
    captions = [row.cells[0].caption.split()[0] for row in named]  # type: ignore[union-attr]
    assert captions == [str(BASIC8[int(one)]) for one in best]


def test_every_network_has_a_row_of_its_own(dan: Trained, apvit: Trained) -> None:
    assert len(titles(network_rows(dan, FACES))) == 2 + 3
    assert "relevance\npooling on" in titles(network_rows(apvit, FACES))
    small = network_rows(make("small", widths=(8,), depths=(1,), stem=4), FACES)
    assert titles(small) == ["face", "Grad-CAM++"]
    assert small[0].label == "small"
    assert network_rows(make("msa_net", width=8), FACES)[0].label == "MSA-Net"


def test_figures_are_of_their_own_networks(dan: Trained, apvit: Trained) -> None:
    with pytest.raises(ModelError, match="this is apvit_small, a network of the kind apvit_small"):
        dan_figure_1(apvit, FACES)
    with pytest.raises(ModelError, match="shows an APViT's patches; this is dan"):
        apvit_figure_7(dan, FACES)
    with pytest.raises(ModelError, match="shows TransFERs; this is dan"):
        transfer_figure_4([dan], FACES)
    with pytest.raises(InputError, match="at least one network"):
        transfer_figure_4([], FACES)
