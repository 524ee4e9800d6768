"""Grids of pictures with captions."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib")

from mien.errors import InputError, OutputError
from mien.explain.grids import Cell, Row, broken_row, draw_grid, write_figure

RED, BLUE = (200, 30, 30), (30, 30, 200)


def cell(colour: tuple[int, int, int] = RED, title: str = "", caption: str = "") -> Cell:
    return Cell(np.full((40, 40, 3), colour, np.uint8), title, caption)


def texts(figure: object) -> list[list[str]]:
    """Of each plot its title and caption."""
    return [[one.get_title(), one.get_xlabel()] for one in figure.axes]  # type: ignore[attr-defined]


def centres(path: Path, rows: int, columns: int) -> list[list[tuple[int, int, int]]]:
    """The colours in the middle of each cell of a grid without texts."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    height, width = picture.shape[0] / rows, picture.shape[1] / columns
    return [
        [
            tuple(picture[int((y + 0.5) * height), int((x + 0.5) * width)].tolist())
            for x in range(columns)
        ]
        for y in range(rows)
    ]


def test_pictures_lie_in_their_rows_and_columns(tmp_path: Path) -> None:
    rows = [Row([cell(RED), cell(BLUE)]), Row([None, cell(RED)])]
    write_figure(draw_grid(rows), tmp_path / "grid.png")
    white = (255, 255, 255)
    assert centres(tmp_path / "grid.png", 2, 2) == [[RED, BLUE], [white, RED]]


def test_titles_that_the_row_above_has_are_drawn_once() -> None:
    row = [cell(title="face", caption="fear 80 %"), cell(title="map", caption="for fear")]
    other = [cell(title="face"), cell(title="another")]
    figure = draw_grid([Row(row), Row(row), Row(other)])
    assert texts(figure) == [
        *(["face", "fear 80 %"], ["map", "for fear"]),
        *(["", "fear 80 %"], ["", "for fear"]),
        *(["face", ""], ["another", ""]),
    ]


def test_narrow_rows_stand_beside_each_other(tmp_path: Path) -> None:
    colours = [(20 * number, 0, 0) for number in range(12)]
    rows = [Row([cell(one, title="face"), cell(BLUE, title="map")], "x") for one in colours]
    figure = draw_grid(rows[:11])
    write_figure(figure, tmp_path / "grid.png")
    found = centres(tmp_path / "grid.png", 6, 4)
    assert [line[0] for line in found] + [line[2] for line in found[:5]] == colours[:11]
    assert found[5][2:] == [(255, 255, 255)] * 2
    titles = [one.get_title() for one in figure.axes]
    assert titles[:2] == titles[12:14] == ["face", "map"]
    assert set(titles[2:12]) == {""}
    height, width, _ = cv2.imread(str(tmp_path / "grid.png")).shape
    assert 1 < height / width < 2
    # Rows of eight have no room beside them.
    assert len(draw_grid([Row([cell()] * 8)] * 5).axes) == 40


def test_the_label_stands_at_the_left() -> None:
    figure = draw_grid([Row([cell(), cell()], "DAN")])
    assert [one.get_ylabel() for one in figure.axes] == ["DAN", ""]


def test_broken_rows_keep_groups_together() -> None:
    first = cell(title="face")
    groups = [[cell(title=name) for name in word] for word in ("a", "bcd", "ef", "ghijk")]
    rows = broken_row(first, groups, columns=5, label="left")
    shown = ["".join("-" if one is None else one.title[0] for one in row.cells) for row in rows]
    # Four beside the face; five letters find no row of their own.
    assert shown == ["fabcd", "-ef", "-ghij", "-k"]
    assert [row.label for row in rows] == ["left", "", "", ""]


def test_equal_grids_are_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        rows = [Row([cell(title="face", caption="surprise 12 %")], "x")]
        write_figure(draw_grid(rows), tmp_path / f"{name}.png")
    data = (tmp_path / "one.png").read_bytes()
    assert data == (tmp_path / "two.png").read_bytes()
    assert b"matplotlib" not in data.lower()


def test_jpeg_is_written_too(tmp_path: Path) -> None:
    write_figure(draw_grid([Row([cell()])]), tmp_path / "grid.jpg")
    ((colour,),) = centres(tmp_path / "grid.jpg", 1, 1)
    assert np.abs(np.subtract(colour, RED)).max() <= 4


def test_wrong_use_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one picture"):
        draw_grid([])
    figure = draw_grid([Row([cell()])])
    with pytest.raises(InputError, match=r"grid\.bmp: figures are written as \.png or \.jpg"):
        write_figure(figure, tmp_path / "grid.bmp")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_figure(figure, tmp_path / "file" / "grid.png")


@pytest.mark.parametrize("name", [r"$\frac$", "a\udce9", "\u7b11\u9854", "$x$"])
def test_names_of_files_are_drawn_as_they_are(name: str, tmp_path: Path) -> None:
    rows = [Row([Cell(np.zeros((8, 8, 3), np.uint8), title=name, caption=name)], label=name)]
    write_figure(draw_grid(rows), tmp_path / "grid.png")
    assert cv2.imread(str(tmp_path / "grid.png")) is not None
