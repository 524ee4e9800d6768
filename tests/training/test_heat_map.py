from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("lightning")
pytest.importorskip("matplotlib")

from mien.errors import InputError, OutputError
from mien.training.ablation_summary import RowSummary, Summary, summary
from mien.training.ablations import find_table
from mien.training.heat_map import draw, heat_map, picture_format
from mien.training.spreads import Spread

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


def test_a_picture_says_what_a_table_says() -> None:
    chosen = replace(row(3, 5, 81.0), on_test=True)
    fresh = replace(row(2, 5, 80.0), fresh="a network of faces")
    measured = ("ferplus public-test, protocol all, 3,589 pictures",)
    figure = draw(replace(table(chosen, fresh), measured=measured, smoke=True), AXES)
    plot = figure.axes[0]
    assert [one.get_text() for one in plot.texts] == ["81.00*", "80.00†"]
    assert measured[0] in " ".join(figure.get_suptitle().split())
    below = " ".join(figure.get_supxlabel().split())
    assert "* the epoch was chosen on the split that is reported" in below
    assert "† 2-5: from fresh weights; the table's starts from a network of faces" in below
    assert "Smoke size" in below
    assert not draw(table(row(3, 5, 81.0)), AXES).get_supxlabel()


def test_pictures_of_several_formats(tmp_path: Path) -> None:
    made = table(row(3, 5, 81.0), row(2, 5, 80.0))
    heat_map(made, AXES, tmp_path / "deep" / "map.png")
    assert cv2.imread(str(tmp_path / "deep" / "map.png")) is not None
    heat_map(made, AXES, tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text()
    assert "<!-- Paper (2020), Figure" in text
    assert "Scale cpu" in text
    with pytest.raises(InputError, match="choose one of"):
        heat_map(made, AXES, tmp_path / "map.xyz")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        heat_map(made, AXES, tmp_path / "file" / "map.svg")
    assert not list(tmp_path.glob(".*"))


def test_a_picture_is_the_old_one_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.svg"
    path.write_text("old")

    def full(self: Any, place: Path, **options: Any) -> None:
        del self, options
        place.write_text("<svg")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    with pytest.raises(OutputError, match="No space left on device"):
        heat_map(table(row(3, 5, 81.0)), AXES, path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["map.svg"]


def test_formats_go_by_the_suffix(tmp_path: Path) -> None:
    made = table(row(3, 5, 81.0), row(2, 5, 80.0))
    starts = {"pdf": b"%PDF", "PNG": b"\x89PNG", "jpg": b"\xff\xd8", "svgz": b"\x1f\x8b"}
    for suffix, start in starts.items():
        path = tmp_path / f"map.{suffix}"
        assert picture_format(path) == suffix.lower()
        heat_map(made, AXES, path)
        assert path.read_bytes().startswith(start)
    for name in ("map", "map.xyz", "map.pgf"):  # the last one needs LaTeX
        with pytest.raises(InputError, match=r"choose one of .*png.*svg"):
            picture_format(Path(name))


@pytest.mark.parametrize("scale", ["cpu", "gpu", "paper"])
def test_the_papers_heat_map_has_cells_of_its_own(scale: Any) -> None:
    figure5 = find_table("apvit.figure5")
    assert figure5.axes is not None
    made = summary(figure5, scale, [])
    cells = {tuple(one.settings[axis] for axis in figure5.axes) for one in made.rows}
    assert len(cells) == len(figure5.rows)
    assert draw(made, figure5.axes).axes[0].images[0].get_array().shape == (5, 5)
