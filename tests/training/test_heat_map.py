from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("lightning")
pytest.importorskip("matplotlib")

from mien.errors import InputError, OutputError
from mien.training.ablation_report import RowSummary, Spread, Summary, summary
from mien.training.ablations import find_table
from mien.training.heat_map import draw, heat_map

AXES = ("options.down", "options.across")


def row(down: int, across: int, mean: float | None) -> RowSummary:
    return RowSummary(
        name=f"{down}-{across}",
        label="",
        paper={},
        accuracy=None if mean is None else Spread(mean),
        settings={"options.down": down, "options.across": across},
    )


def table(*rows: RowSummary) -> Summary:
    return Summary(
        table="paper.figure1",
        title="Two settings",
        source="Paper (2020), Figure 1",
        scale="cpu",
        seeds=1,
        measured=(),
        smoke=False,
        rows=rows,
    )


def test_each_number_stands_at_its_two_settings() -> None:
    # In an order that is not that of the cells.
    figure = draw(table(row(3, 5, 81.0), row(2, 5, None), row(2, 1, 80.25), row(3, 1, 90.5)), AXES)
    plot = figure.axes[0]
    cells = np.ma.filled(plot.images[0].get_array().astype(float), np.nan)
    np.testing.assert_array_equal(cells, [[81.0, 90.5], [np.nan, 80.25]])
    assert [one.get_text() for one in plot.get_yticklabels()] == ["3", "2"]
    assert [one.get_text() for one in plot.get_xticklabels()] == ["5", "1"]
    assert (plot.get_ylabel(), plot.get_xlabel()) == ("down", "across")
    written = {one.get_position(): one.get_text() for one in plot.texts}
    assert written == {(0, 0): "81.00", (1, 0): "90.50", (1, 1): "80.25"}


def test_pictures_of_several_formats(tmp_path: Path) -> None:
    made = table(row(3, 5, 81.0), row(2, 5, 80.0))
    heat_map(made, AXES, tmp_path / "deep" / "map.png")
    assert cv2.imread(str(tmp_path / "deep" / "map.png")) is not None
    heat_map(made, AXES, tmp_path / "map.svg")
    assert "<!-- Paper (2020), Figure 1, cpu -->" in (tmp_path / "map.svg").read_text()
    with pytest.raises(InputError, match="choose one of"):
        heat_map(made, AXES, tmp_path / "map.xyz")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        heat_map(made, AXES, tmp_path / "file" / "map.svg")


@pytest.mark.parametrize("scale", ["cpu", "gpu", "paper"])
def test_the_papers_heat_map_has_cells_of_its_own(scale: Any) -> None:
    figure5 = find_table("apvit.figure5")
    assert figure5.axes is not None
    made = summary(figure5, scale, [])
    cells = {tuple(one.settings[axis] for axis in figure5.axes) for one in made.rows}
    assert len(cells) == len(figure5.rows)
    assert draw(made, figure5.axes).axes[0].images[0].get_array().shape == (5, 5)
