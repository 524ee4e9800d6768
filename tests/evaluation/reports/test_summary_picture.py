"""The charts of a record in one picture."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from report_records import result, scores

from mien.errors import DataError, OutputError
from mien.evaluation.record import Result
from mien.evaluation.reports.drawing import Drawing
from mien.evaluation.reports.summary_picture import summary_picture, write_summary_picture


def parts(drawing: Drawing) -> list[tuple[str, float, float, float, float]]:
    return [
        (
            one.get("aria-label") or "",
            *(float(one.get(name) or 0) for name in ("x", "y", "width", "height")),
        )
        for one in ElementTree.fromstring(drawing.markup()).findall("svg")
    ]


def test_it_shows_everything_and_nothing_covers_anything() -> None:
    picture = summary_picture(result())
    placed = parts(picture)
    assert len(placed) == 3 + 11
    for number, (_, x, y, width, height) in enumerate(placed):
        assert x + width <= picture.width
        assert y + height <= picture.height
        for _, left, top, wide, high in placed[:number]:
            apart = x >= left + wide or left >= x + width or y >= top + high or top >= y + height
            assert apart
    assert "Accuracy on 200 pictures damaged on purpose" in picture.markup()
    assert "majority: 1,120 faces, accuracy 86.6 % (84.6 to 88.6), balanced" in picture.markup()


def test_a_record_of_format_1_has_fewer_charts() -> None:
    old = scores()
    bare = type(old)(
        protocol=old.protocol,
        subset=old.subset,
        images=old.images,
        metrics=old.metrics,
        classes=old.classes,
        confusion=old.confusion,
    )
    text = result(scores=(bare,), robustness=()).to_json().replace('"format": 2', '"format": 1')
    names = [name for name, *_ in parts(summary_picture(Result.from_json(text)))]
    assert [name.split(" ")[0] for name in names] == ["Confusion", "recall"]


def test_another_protocol_can_be_shown(tmp_path: Path) -> None:
    assert "argmax, clean: 1,120" in summary_picture(result(), "argmax", "clean").markup()
    with pytest.raises(DataError, match="majority whole, argmax clean"):
        summary_picture(result(), "all")
    write_summary_picture(result(), tmp_path / "new" / "summary.svg")
    text = (tmp_path / "new" / "summary.svg").read_text(encoding="utf-8")
    assert text == summary_picture(result()).file()
    with pytest.raises(OutputError, match="cannot be written"):
        write_summary_picture(result(), tmp_path)
