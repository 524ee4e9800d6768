"""A bar chart of classes, and a sheet of samples for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, OutputError, require
from ..preprocess import Box, Picture
from .reader import Reader
from .stats import UNITS, Spread, members

_MARGIN, _GAP = 16, 4
_TEXT, _SMALL = 0.5, 0.42  # of OpenCV's letters, which are 22 pixels high
_INK, _GREY, _PAPER, _RED = (30, 30, 30), (120, 120, 120), 255, (190, 30, 30)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def write_pictures(
    readers: Sequence[Reader],
    rows: Sequence[Spread],
    folder: Path,
    *,
    samples: int = 10,
    seed: int = 0,
) -> Iterator[Path]:
    """A bar chart of each column, and a sheet of samples of each column and split.

    Args:
        readers: the splits.
        rows: their spreads, of one or several columns.
        folder: gets ``<column>.png`` and ``<column>-<split>.png``; made if need be.
        samples: how many pictures of each value.
        seed: of the choice of samples.

    Returns:
        The files, one by one as they are written.

    Raises:
        MissingExtra: if Matplotlib is not installed.
        OutputError: if a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror})") from None
    for column in dict.fromkeys(one.column for one in rows):
        path = folder / f"{_file_name(column)}.png"
        spreads = [one for one in rows if one.column == column]
        draw_spreads(spreads, path, f"{readers[0].title}, by {column}")
        yield path
        for reader in readers:
            if any(one.split == reader.split for one in spreads):
                path = folder / f"{_file_name(column)}-{_file_name(reader.split)}.png"
                write_sheet(contact_sheet(reader, column, samples=samples, seed=seed), path)
                yield path


def draw_spreads(rows: Sequence[Spread], path: Path, title: str) -> None:
    """A PNG with a bar for each value, one panel for each split.

    Args:
        rows: of one column, by split.
        path: the file.
        title: above the bars.

    Raises:
        MissingExtra: if Matplotlib is not installed.
        OutputError: if the file cannot be written.
    """
    require("matplotlib", "explain")
    # Without pyplot, which would look for a screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    values = list(dict.fromkeys(value for one in rows for value in one.counts))
    figure = Figure(
        figsize=(2 + 4.2 * len(rows), 1.4 + 0.34 * len(values)), dpi=120, layout="constrained"
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12)
    panels = figure.subplots(1, len(rows), sharey=True, squeeze=False)[0]
    for panel, one in zip(panels, rows, strict=True):
        numbers = [one.counts.get(value, 0) for value in values]
        total = one.images if one.column == UNITS else sum(numbers)
        bars = panel.barh(values, numbers, color="#33658a", height=0.72)
        labels = [f"{n:,} ({100 * n / total:.1f} %)" if total else "0" for n in numbers]
        panel.bar_label(bars, labels, padding=4, fontsize=9)
        panel.set_xlim(0, 1.45 * max(*numbers, 1))  # room for the labels
        panel.set_title(f"{one.split}: {one.images:,} pictures", fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.locator_params(axis="x", nbins=4)
        panel.tick_params(labelsize=9)
    panels[0].invert_yaxis()
    try:
        figure.savefig(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None


def contact_sheet(
    reader: Reader, column: str, *, samples: int = 10, tile: int = 96, seed: int = 0
) -> Picture:
    """Samples of each value of a column, a row each, drawn without replacement.

    Args:
        reader: the split.
        column: as :func:`.stats.members` knows it.
        samples: how many pictures of each value.
        tile: side of a sample in pixels. Pictures that are not square keep their shape; of
            data sets with boxes the face is cut out.
        seed: of the draw.

    Returns:
        uint8 (H, W, 3) RGB. What does not decode is a crossed tile.

    Raises:
        UnknownName: if there is no such column.
    """
    groups = members(reader, column)
    labels = {value: f"{len(rows):,}" for value, rows in groups.items()}
    left = _MARGIN + max(_width(value, _TEXT) for value in labels) + 2 * _GAP + _MARGIN
    top = 3 * _MARGIN
    width = max(
        left + samples * (tile + _GAP) + _MARGIN,
        _MARGIN * 2 + _width(_title(reader, column), _TEXT),
    )
    height = top + len(groups) * (tile + _GAP) + _MARGIN
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    _write(sheet, _title(reader, column), (_MARGIN, 2 * _MARGIN), _TEXT, _INK)
    for number, (value, rows) in enumerate(groups.items()):
        y = top + number * (tile + _GAP)
        _write(sheet, value, (_MARGIN, y + tile // 2), _TEXT, _INK)
        _write(sheet, labels[value], (_MARGIN, y + tile // 2 + 18), _SMALL, _GREY)
        random = np.random.default_rng([seed, number])
        chosen = random.choice(rows, min(samples, len(rows)), replace=False)
        for place, row in enumerate(chosen):
            x = left + place * (tile + _GAP)
            sheet[y : y + tile, x : x + tile] = _tile(reader, int(row), tile)
    return sheet


def write_sheet(sheet: Picture, path: Path) -> None:
    """Write a picture, uint8 (H, W, 3) RGB, as PNG.

    Raises:
        OutputError: if the file cannot be written.
    """
    _, data = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.]+", "-", text)


def _title(reader: Reader, column: str) -> str:
    return f"{reader.title} {reader.split}, by {column}"


def _tile(reader: Reader, row: int, side: int) -> NDArray[np.uint8]:
    canvas = np.full((side, side, 3), 235, np.uint8)
    try:
        picture = reader.picture(row)
    except DataError:
        cv2.line(canvas, (0, 0), (side, side), _RED, 2)
        cv2.line(canvas, (0, side), (side, 0), _RED, 2)
        return canvas
    box = reader.table.box(row)
    if box is not None:
        picture = _cut(picture, box)
    scale = side / max(picture.shape[:2])
    size = [max(round(scale * one), 1) for one in picture.shape[1::-1]]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(picture, size, interpolation=way)
    x, y = (side - size[0]) // 2, (side - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = small
    return canvas


def _cut(picture: Picture, box: Box) -> Picture:
    x, y, width, height = map(round, box)
    cut = picture[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    return cut if cut.size else picture


def _write(
    canvas: Picture, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(canvas, _plain(text), at, _FONT, size, colour, 1, cv2.LINE_AA)


def _width(text: str, size: float) -> int:
    return int(cv2.getTextSize(_plain(text), _FONT, size, 1)[0][0])


def _plain(text: str) -> str:
    """OpenCV's letters are those of ASCII."""
    return text.encode("ascii", "replace").decode()
