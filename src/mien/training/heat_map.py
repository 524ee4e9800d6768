"""A table over two settings as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..drafts import output_file
from ..errors import InputError, require
from .ablation_report import marks, remarks
from .ablation_summary import Summary

_NEEDS_LATEX = "pgf"
_DPI = 150
_LETTERS_AN_INCH = 10


def picture_format(path: Path) -> str:
    """The format that a picture's suffix stands for.

    Raises:
        MissingExtra: if matplotlib, which draws it, is not installed.
        InputError: if it writes no such format.
    """
    require("matplotlib", "explain")
    from matplotlib.backend_bases import FigureCanvasBase

    known = {*FigureCanvasBase.get_supported_filetypes()} - {_NEEDS_LATEX}
    format = path.suffix.lower().lstrip(".")
    if format not in known:
        raise InputError(f"{path}: no format of pictures; choose one of {', '.join(sorted(known))}")
    return format


def heat_map(summary: Summary, axes: tuple[str, str], path: Path) -> None:
    """Draw the mean accuracies over the two settings that rows vary.

    Args:
        summary: cells of rows without a number stay empty.
        axes: the settings down and across.
        path: of the picture, which is the old one or the new one, never half; its suffix says
            which format.

    Raises:
        MissingExtra: if matplotlib is not installed.
        InputError: if the picture's format is not known.
        OutputError: if it cannot be written.
    """
    format = picture_format(path)
    figure = draw(summary, axes)
    with output_file(path, "the picture", "choose another --picture") as draft:
        figure.savefig(draft, format=format)


def draw(summary: Summary, axes: tuple[str, str]) -> Any:
    """The picture as a figure of matplotlib.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    require("matplotlib", "explain")
    from matplotlib.figure import Figure

    down, across = ([row.settings[axis] for row in summary.rows] for axis in axes)
    rows, columns = (list(dict.fromkeys(values)) for values in (down, across))
    values = np.full((len(rows), len(columns)), np.nan)
    width = 2.5 + 0.8 * len(columns)
    figure = Figure(figsize=(width, 2 + 0.6 * len(rows)), dpi=_DPI, layout="constrained")
    plot = figure.add_subplot(facecolor="0.92")  # of cells without a number
    for row, y, x in zip(summary.rows, down, across, strict=True):
        if row.accuracy is not None:
            values[rows.index(y), columns.index(x)] = row.accuracy.mean
    image: Any = plot.imshow(values, aspect="auto")
    for row, y, x in zip(summary.rows, down, across, strict=True):
        if row.accuracy is not None:
            plot.text(
                columns.index(x),
                rows.index(y),
                f"{row.accuracy.mean:.2f}{marks(row)}",
                ha="center",
                va="center",
                color=_readable_on(image.cmap(image.norm(row.accuracy.mean))),
            )
    plot.set_xticks(range(len(columns)), list(map(str, columns)))
    plot.set_yticks(range(len(rows)), list(map(str, rows)))
    plot.tick_params(length=0)
    plot.spines[:].set_visible(False)
    plot.set_ylabel(_words(axes[0]))
    plot.set_xlabel(_words(axes[1]))
    letters = int(_LETTERS_AN_INCH * width)
    measured = "; ".join(summary.measured) or "nothing is measured yet"
    head = (f"{summary.source}: {summary.title}", f"Scale {summary.scale}; {measured}")
    figure.suptitle(_wrapped(head, letters), fontsize="medium")
    figure.supxlabel(_wrapped(remarks(summary), letters * 6 // 5), fontsize="small")
    figure.colorbar(image, label="accuracy in per cent")
    return figure


def _words(setting: str) -> str:
    return setting.removeprefix("options.").replace("_", " ")


def _wrapped(lines: Iterable[str], letters: int) -> str:
    return "\n".join(textwrap.fill(line, letters) for line in lines)


def _readable_on(colour: tuple[float, float, float, float]) -> str:
    """Black or white, by the luma of ITU-R BT.601."""
    red, green, blue, _ = colour
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
