"""Explanations as pictures with captions: the cells that grids are made of."""

from __future__ import annotations

from collections.abc import Sequence

from ..expressions import LabelSet
from ..preprocess import Picture
from .explanation import Explanation
from .grids import Cell, Row, broken_row
from .overlay import erase, lay_over
from .subjects import FaceCut, Trained

PATCHES = "patches"
"""The method whose maps say which patches went on, and are drawn by erasing the others."""

_TITLES = {
    "gradcam++": "Grad-CAM++",
    "gradcam++-heads": "Grad-CAM++",
    "class-attention": "class attention",
    PATCHES: "kept",
}

_ONE_MAP = ("gradcam++", "relevance")
_LETTERS = 16  # of a name that fit beside a row


def grid_rows(
    trained: Trained,
    faces: Sequence[FaceCut],
    explanations: Sequence[Explanation],
    *,
    label: str = "",
) -> list[Row]:
    """For each face a row: the face with what is predicted, then all maps of all methods.

    Where that is too wide, it goes on in further rows.

    Args:
        trained: the network that was explained.
        faces: N of them.
        explanations: of the N faces, one for each method.
        label: at the left of each row; without one, the faces' names if there are several.
    """
    views = trained.views(faces)
    labels = row_labels(faces, label)
    columns = [map_cells(one, views, trained.card.labels) for one in explanations]
    return [
        row
        for face, first in enumerate(portraits(trained, faces))
        for row in broken_row(
            first, [[cells[face] for cells in method] for method in columns], label=labels[face]
        )
    ]


def row_labels(faces: Sequence[FaceCut], label: str = "") -> list[str]:
    """What stands at the left of each face's row: a label, or names where they tell apart."""
    if label or len(faces) == 1:
        return [label] * len(faces)
    names = [face.name for face in faces]
    return [name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…" for name in names]


def portraits(trained: Trained, faces: Sequence[FaceCut]) -> list[Cell]:
    """Each face with its most probable expression."""
    cells = []
    for view, row in zip(trained.views(faces), trained.probabilities(faces), strict=True):
        best = int(row.argmax())
        cells.append(Cell(view, "face", f"{trained.card.labels[best]} {100 * row[best]:.0f} %"))
    return cells


def map_cells(
    explanation: Explanation, views: Sequence[Picture], labels: LabelSet
) -> list[list[Cell]]:
    """K columns of N cells, one for each map and face.

    Args:
        explanation: of N faces, K maps each.
        views: the N faces.
        labels: of the network, for the class under a map.
    """
    captions = [f"for {labels[int(one)]}" if one >= 0 else "" for one in explanation.classes]
    return [
        [
            Cell(picture, title_of(explanation, column), caption)
            for picture, caption in zip(drawn(explanation, views, column), captions, strict=True)
        ]
        for column in range(len(explanation.names))
    ]


def drawn(explanation: Explanation, views: Sequence[Picture], column: int) -> list[Picture]:
    """One map of each face, laid over it; of kept patches the others are erased."""
    draw = erase if explanation.method == PATCHES else lay_over
    return [draw(view, maps[column]) for view, maps in zip(views, explanation.maps, strict=True)]


def title_of(explanation: Explanation, column: int) -> str:
    """The method, and what the map is of where it could be of something else."""
    method = _TITLES.get(explanation.method, explanation.method)
    if explanation.method in _ONE_MAP:
        return method
    return f"{method}\n{explanation.names[column]}"
