"""A table over two settings as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, OutputError, require
from .ablation_report import Summary


def heat_map(summary: Summary, axes: tuple[str, str], path: Path) -> None:
    """Draw the mean accuracies over the two settings that rows vary.

    Args:
        summary: cells of rows without a number stay empty.
        axes: the settings down and across.
        path: of the picture; its suffix says which format.

    Raises:
        MissingExtra: if matplotlib is not installed.
        InputError: if the picture's format is not known.
        OutputError: if it cannot be written.
    """
    figure = draw(summary, axes)
    known = figure.canvas.get_supported_filetypes()
    if path.suffix.lower().lstrip(".") not in known:
        raise InputError(f"{path}: no format of pictures; choose one of {', '.join(sorted(known))}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        raise OutputError(f"{path}: the picture cannot be written ({error.strerror})") from None


def draw(summary: Summary, axes: tuple[str, str]) -> Any:
    """The picture as a figure of matplotlib.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    require("matplotlib", "explain")
    from matplotlib.figure import Figure
    from matplotlib.patheffects import withStroke

    down, across = ([row.settings[axis] for row in summary.rows] for axis in axes)
    rows, columns = (list(dict.fromkeys(values)) for values in (down, across))
    values = np.full((len(rows), len(columns)), np.nan)
    for row, y, x in zip(summary.rows, down, across, strict=True):
        if row.accuracy is not None:
            values[rows.index(y), columns.index(x)] = row.accuracy.mean
    figure = Figure(figsize=(2 + 0.8 * len(columns), 1.5 + 0.6 * len(rows)), layout="constrained")
    plot = figure.add_subplot()
    image = plot.imshow(values, aspect="auto")
    outline: Any = withStroke(linewidth=2, foreground="black")  # to be read on every colour
    for (y, x), value in np.ndenumerate(values):
        if np.isfinite(value):
            text = plot.text(x, y, f"{value:.2f}", ha="center", va="center", color="white")
            text.set_path_effects([outline])
    plot.set_xticks(range(len(columns)), list(map(str, columns)))
    plot.set_yticks(range(len(rows)), list(map(str, rows)))
    plot.set_ylabel(axes[0].removeprefix("options."))
    plot.set_xlabel(axes[1].removeprefix("options."))
    plot.set_title(f"{summary.source}, {summary.scale}", fontsize="medium")
    figure.colorbar(image, label="accuracy %")
    return figure
