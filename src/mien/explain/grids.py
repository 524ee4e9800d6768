"""Pictures in rows and columns with captions, as figures of papers are."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..drafts import output_file
from ..errors import InputError, require
from ..preprocess import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COLUMNS = 8
"""Side by side: a README has room for no more."""

_DPI = 160
_CELL = 1.5  # inches
_LINE = 0.19  # of a caption, in inches
_LETTERS = 9.5  # points; of six columns, 11 pixels in a README 830 wide
_INK, _SOFT, _FRAME = "0.1", "0.35", "0.8"


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One picture of a grid.

    Attributes:
        picture: uint8 (H, W, 3), RGB.
        title: above it, such as the method; drawn once where a column repeats it.
        caption: below it, such as the expression.
    """

    picture: Picture
    title: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of a grid; a blank cell is ``None``.

    Attributes:
        cells: from left to right.
        label: at the left of the row, such as the network.
    """

    cells: Sequence[Cell | None] = field(default_factory=tuple)
    label: str = ""


def broken_row(
    first: Cell, groups: Sequence[Sequence[Cell]], *, label: str = "", columns: int = MOST_COLUMNS
) -> list[Row]:
    """One row, or several where it is too wide: groups stay together where they can.

    Args:
        first: the cell at the left, which the further rows leave blank.
        groups: of cells, such as the maps of one method.
        label: of the first row.
        columns: the most side by side.
    """
    room = columns - 1
    lines: list[list[Cell]] = [[]]
    for group in groups:
        if lines[-1] and len(lines[-1]) + len(group) > room:
            lines.append([])
        for cell in group:
            if len(lines[-1]) == room:
                lines.append([])
            lines[-1].append(cell)
    return [Row((first, *lines[0]), label), *(Row((None, *line)) for line in lines[1:])]


def draw_grid(rows: Sequence[Row]) -> Figure:
    """Draw rows of pictures; narrow ones stand beside each other, in blocks from left to right.

    Args:
        rows: at least one, each with its cells; they may be of different lengths.

    Raises:
        MissingExtra: if Matplotlib is not installed.
        InputError: if there is nothing to draw.
    """
    require("matplotlib", "explain")
    # Without pyplot, which would look for a screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = max((len(row.cells) for row in rows), default=0)
    if not width:
        raise InputError("a grid needs at least one picture")
    blocks = _side_by_side(rows, width)
    tall = max(sum(_heights(block)) for block in blocks)
    figure = Figure(figsize=(_CELL * width * len(blocks), tall), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)  # type: ignore[union-attr, call-arg]
    parts: Any = figure.subfigures(1, len(blocks), squeeze=False)
    for part, block in zip(parts[0], blocks, strict=True):
        _draw_block(part, [*block, *[Row()] * (len(blocks[0]) - len(block))], width)
    return figure


def _side_by_side(rows: Sequence[Row], width: int) -> list[Sequence[Row]]:
    """Narrow rows in as many blocks beside each other as make a page that is about square."""
    count = max(min(MOST_COLUMNS // width, round(math.sqrt(len(rows) / width))), 1)
    length = -(-len(rows) // count)
    return [rows[first : first + length] for first in range(0, len(rows), length)]


def _draw_block(part: Any, rows: Sequence[Row], width: int) -> None:
    plots = part.subplots(len(rows), width, squeeze=False, height_ratios=_heights(rows))
    for row, shown, places in zip(rows, _new_titles(rows), plots, strict=True):
        blank = [None] * (width - len(row.cells))
        for cell, title, place in zip([*row.cells, *blank], [*shown, *blank], places, strict=True):
            _draw(place, cell, title)
        if row.label:
            words(places[0].set_ylabel, row.label, fontsize=_LETTERS + 1, color=_INK, weight="bold")


def words(write: Callable[..., Any], text: str, **options: Any) -> None:
    """Put a text into a figure as it is: names of files may hold any letters, and no formulas."""
    write(text.encode("utf-8", "replace").decode(), parse_math=False, **options)


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure; equal figures become equal files.

    Args:
        figure: of :func:`draw_grid` or :func:`.embedding.draw_embeddings`.
        path: its suffix says which format, ``.png`` or ``.jpg``.

    Raises:
        InputError: if the suffix is another.
        OutputError: if the file cannot be written.
    """
    options: dict[str, dict[str, Any]] = {
        # Without the version of the program that wrote it.
        ".png": {"format": "png", "metadata": {"Software": None}},
        ".jpg": {"format": "jpg", "pil_kwargs": {"quality": 90}},
    }
    if path.suffix not in options:
        raise InputError(f"{path}: figures are written as {' or '.join(options)}")
    with output_file(path) as draft, warnings.catch_warnings():
        # Of letters that Matplotlib's own font lacks: they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(draft, **options[path.suffix])


def _new_titles(rows: Sequence[Row]) -> list[list[str]]:
    """The title of each cell, or nothing in rows that repeat those of the row above."""
    titles = [["" if cell is None else cell.title for cell in row.cells] for row in rows]
    above: list[list[str]] = [[], *titles[:-1]]
    return [
        [""] * len(own) if own == before else own for own, before in zip(titles, above, strict=True)
    ]


def _heights(rows: Sequence[Row]) -> list[float]:
    return [_height(row, shown) for row, shown in zip(rows, _new_titles(rows), strict=True)]


def _height(row: Row, titles: Sequence[str]) -> float:
    captions = [cell.caption for cell in row.cells if cell is not None]
    extra = sum(
        max((text.count("\n") + 1 for text in texts if text), default=0)
        for texts in (titles, captions)
    )
    return _CELL + _LINE * extra


def _draw(plot: Any, cell: Cell | None, title: str | None) -> None:
    plot.set_xticks([])
    plot.set_yticks([])
    plot.spines[:].set(color=_FRAME, linewidth=0.5, visible=cell is not None)
    if cell is None:
        return
    plot.imshow(cell.picture)
    if title:
        words(plot.set_title, title, fontsize=_LETTERS, color=_INK, pad=3)
    if cell.caption:
        words(plot.set_xlabel, cell.caption, fontsize=_LETTERS, color=_SOFT, labelpad=2)
