"""Lines, bars and words as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from mien.evaluation.reports.drawing import (
    Drawing,
    Frame,
    Scale,
    per_cent,
    printable,
    shortened,
    ticks,
)

NASTY = "</svg><script>alert('1')</script> & \"2\" \x00\udc80"


def test_a_scale_is_linear_and_keeps_within_its_ends() -> None:
    up = Scale(0.5, 1.0, 200, 100)
    assert [up(value) for value in (0.5, 0.75, 1.0)] == [200, 150, 100]
    assert (up(0.4), up(1.1)) == (200, 100)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.3, 1, [0.4, 0.6, 0.8, 1]),
        (0.82, 0.9, [0.82, 0.84, 0.86, 0.88, 0.9]),
        (0, 3000, [0, 1000, 2000, 3000]),
        (0.1, 0.3, [0.1, 0.15, 0.2, 0.25, 0.3]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, wanted: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(wanted)


def test_ticks_may_enclose_the_numbers() -> None:
    assert ticks(0.83, 0.87, below=True, above=True) == pytest.approx(
        [0.83, 0.84, 0.85, 0.86, 0.87]
    )
    assert ticks(0, 0.146, above=True) == pytest.approx([0, 0.05, 0.1, 0.15])


def test_labels_are_per_cent() -> None:
    assert per_cent([0, 0.025, 1]) == [(0, "0 %"), (0.025, "2.5 %"), (1, "100 %")]


def test_words_from_files_stay_words() -> None:
    drawing = Drawing(100, 50, NASTY)
    drawing.words(NASTY, 1, 2, "name")
    drawing.group("m0", NASTY).dot(1, 2, 3, "fill")
    for text in (drawing.markup(), drawing.file()):
        root = ElementTree.fromstring(text)  # it is whole
        assert "<script" not in text
        assert "\x00" not in text
        text.encode("utf-8")
    words = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words == [printable(NASTY)]
    assert printable(NASTY).startswith("</svg><script>alert('1')</script> & \"2\" ")
    assert root.get("aria-label") == printable(NASTY)


def test_a_file_has_its_style_and_leaves_the_drawing_as_it_was() -> None:
    drawing = Drawing(100, 50)
    drawing.rectangle(1, 2.345, 3, -1, "fill", opacity=0.12345)
    before = drawing.markup()
    root = ElementTree.fromstring(drawing.file())
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert ".m0 { color: #0072b2; }" in (style.text or "")
    assert drawing.markup() == before
    assert "<rect" in before
    assert 'y="2.3"' in before
    assert 'height="0"' in before
    assert 'fill-opacity="0.123"' in before


def test_a_picture_in_a_picture_has_its_place() -> None:
    outer, inner = Drawing(100, 100), Drawing(10, 10)
    inner.line([(0, 0), (10, 10)], "line")
    outer.place(inner, 20, 30)
    (placed,) = ElementTree.fromstring(outer.markup())
    assert (placed.get("x"), placed.get("y"), placed.get("width")) == ("20", "30", "10")
    assert placed[0].get("points") == "0,0 10,10"


def test_the_grid_lies_at_its_numbers() -> None:
    drawing = Drawing(100, 100)
    Frame(Scale(0, 1, 10, 90), Scale(0, 1, 80, 20)).draw(
        drawing, across=[(0.5, "half")], up=[(1, "all")]
    )
    lines = [one.get("points") for one in ElementTree.fromstring(drawing.markup()).iter("polyline")]
    assert lines == ["50,80 50,20", "10,20 90,20"]


def test_long_names_are_shortened() -> None:
    assert shortened("happiness") == "happiness"
    assert shortened("x" * 40, 10) == "x" * 9 + "…"
