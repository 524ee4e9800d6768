"""Explanations as cells of grids."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from torch import Tensor, nn

from mien.card import Card
from mien.explain.cells import drawn, grid_rows, map_cells, portraits, row_labels
from mien.explain.explanation import Explanation
from mien.explain.overlay import erase, lay_over
from mien.explain.subjects import FaceCut, Trained
from mien.expressions import LabelSet
from mien.models.output import Output
from mien.preprocess import Preprocess

LABELS = LabelSet.of(["fear", "anger", "disgust"])
FACES = [
    FaceCut(str(seed), np.random.default_rng(seed).integers(0, 256, (30, 30, 3), dtype=np.uint8))
    for seed in range(2)
]


class Fixed(nn.Module):
    """Answers anger to the first face and fear to the second."""

    def forward(self, images: Tensor) -> Output:
        logits = torch.tensor([[0.0, 3.0, 0.0], [2.0, 0.0, 0.0]])[: len(images)]
        return Output(logits, logits)


@pytest.fixture
def trained() -> Trained:
    settings = Preprocess(size=16)
    card = Card(name="x", architecture="x", labels=LABELS, preprocess=settings, temperature=2.0)
    return Trained(Fixed().eval(), card)


def explanation(method: str, names: tuple[str, ...], classes: tuple[int, int]) -> Explanation:
    maps = np.random.default_rng(3).random((2, len(names), 16, 16)).astype(np.float32)
    if method == "patches":
        maps = (maps > 0.5).astype(np.float32)
    return Explanation(method=method, maps=maps, names=names, classes=np.array(classes))


def test_portraits_say_what_is_predicted_and_how_surely(trained: Trained) -> None:
    # Softmax by hand: e^(3 / 2) against two times 1, e^(2 / 2) against two times 1.
    shares = [np.exp(1.5) / (np.exp(1.5) + 2), np.exp(1) / (np.exp(1) + 2)]
    captions = [cell.caption for cell in portraits(trained, FACES)]
    assert captions == [f"anger {100 * shares[0]:.0f} %", f"fear {100 * shares[1]:.0f} %"]
    assert captions == ["anger 69 %", "fear 58 %"]


def test_each_map_has_its_title_and_the_class_that_it_explains(trained: Trained) -> None:
    views = trained.views(FACES)
    one = explanation("gradcam++", ("evidence",), (2, 0))
    (column,) = map_cells(one, views, LABELS)
    assert [(cell.title, cell.caption) for cell in column] == [
        ("Grad-CAM++", "for disgust"),
        ("Grad-CAM++", "for fear"),
    ]
    several = map_cells(explanation("attention", ("head 1", "head 2"), (-1, -1)), views, LABELS)
    assert [[(cell.title, cell.caption) for cell in column] for column in several] == [
        [("attention\nhead 1", "")] * 2,
        [("attention\nhead 2", "")] * 2,
    ]


def test_maps_are_laid_over_and_patches_erased(trained: Trained) -> None:
    views = trained.views(FACES)
    heat = explanation("attention", ("a", "b"), (-1, -1))
    assert (drawn(heat, views, 1)[0] == lay_over(views[0], heat.maps[0, 1])).all()
    patches = explanation("patches", ("k",), (-1, -1))
    assert (drawn(patches, views, 0)[1] == erase(views[1], patches.maps[1, 0])).all()


def test_rows_are_faces_and_columns_methods(trained: Trained) -> None:
    maps = [
        explanation("gradcam++", ("evidence",), (1, 0)),
        explanation("attention", ("a", "b"), (-1, -1)),
    ]
    rows = grid_rows(trained, FACES, maps, label="net")
    assert [len(row.cells) for row in rows] == [4, 4]
    assert [row.label for row in rows] == ["net", "net"]
    captions = [[cell.caption for cell in row.cells if cell] for row in rows]
    assert captions == [
        ["anger 69 %", "for anger", "", ""],
        ["fear 58 %", "for fear", "", ""],
    ]


def test_a_face_with_many_maps_takes_several_rows(trained: Trained) -> None:
    wide = explanation("attention", tuple("abcdef"), (-1, -1))
    rows = grid_rows(trained, FACES, [wide, wide])
    assert [len(row.cells) for row in rows] == [7, 7, 7, 7]
    assert [row.cells[0] is None for row in rows] == [False, True, False, True]


def test_rows_of_several_faces_are_labelled_by_their_names(trained: Trained) -> None:
    faces = [FaceCut(name, FACES[0].picture) for name in ("party.face1", "a" * 30)]
    maps = [explanation("gradcam++", ("evidence",), (1, 0))]
    labels = [row.label for row in grid_rows(trained, faces, maps)]
    assert labels == ["party.face1", "a" * 15 + "…"]
    assert row_labels(faces[:1]) == [""]
    assert row_labels(faces, "DAN") == ["DAN", "DAN"]
