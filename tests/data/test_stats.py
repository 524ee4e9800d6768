"""Classes counted, drawn and shown."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import fairface_copy
import numpy as np
import pytest
import tiny_set

from mien.data.annotations import Annotations
from mien.data.fairface import FairFace
from mien.data.ferplus import FERPlus
from mien.data.stats import (
    CLASS,
    UNITS,
    Spread,
    chosen_spreads,
    format_spreads,
    members,
    spreads,
)
from mien.data.stats_pictures import contact_sheet, write_pictures
from mien.errors import DataError, MissingExtra, OutputError, UnknownName


@pytest.fixture
def tiny(tmp_path: Path) -> tiny_set.TinySet:
    return tiny_set.TinySet(tiny_set.write(tmp_path / "copy"))


@pytest.fixture
def fairface(tmp_path: Path) -> FairFace:
    return FairFace(fairface_copy.write(tmp_path / "fairface", 10))


def test_imbalance_of_known_shares() -> None:
    even = Spread("train", CLASS, 40, {"a": 10, "b": 10, "c": 10, "d": 10}, 0)
    assert (even.imbalance, even.entropy, even.effective) == (1, 2, 4)
    skew = Spread("train", CLASS, 8, {"a": 4, "b": 2, "c": 1, "d": 1}, 0)
    assert (skew.imbalance, skew.entropy) == (4, 1.75)
    assert skew.effective == pytest.approx(2**1.75)
    empty = Spread("train", CLASS, 4, {"a": 4, "b": 0}, 0)
    assert (empty.imbalance, empty.entropy, empty.effective) == (None, 0, 1)
    assert empty.to_dict()["imbalance"] is None


def test_classes_are_counted_in_the_native_order(tiny: tiny_set.TinySet) -> None:
    (spread,) = spreads(tiny)
    assert list(spread.counts) == list(tiny.class_names)
    assert (spread.counts["neutral"], spread.counts["happiness"], spread.without) == (4, 3, 0)
    assert members(tiny, CLASS)["happiness"].tolist() == [4, 5, 6]


def test_action_units_are_counted_where_they_are_active(tiny: tiny_set.TinySet) -> None:
    values = np.array([[1, 1], [1, 0], [0, -1], [-1, -1]], np.int8)
    names = list(tiny.names[:4])
    tiny.table = Annotations(names=names, files=names, action_units=values)
    tiny.units = (1, 26)  # type: ignore[misc]
    (spread,) = spreads(tiny)
    assert spread == Spread("train", UNITS, 4, {"AU1": 2, "AU26": 1}, 1)
    assert {unit: rows.tolist() for unit, rows in members(tiny, UNITS).items()} == {
        "AU1": [0, 1],
        "AU26": [0],
    }
    assert "AU1                        2  50.0" in format_spreads([spread])


def test_sets_without_expressions_are_counted_by_attributes(fairface: FairFace) -> None:
    rows = chosen_spreads([fairface])
    assert [one.column for one in rows] == ["age", "gender", "race"]
    assert rows[0].counts == {"3-9": 3, "10-19": 2, "50-59": 3, "more than 70": 2}
    assert list(rows[0].counts) == ["3-9", "10-19", "50-59", "more than 70"]
    assert rows[1].counts == {"Female": 5, "Male": 5}
    assert [one.column for one in chosen_spreads([fairface], "race")] == ["race"]
    with pytest.raises(UnknownName, match="did you mean gender"):
        chosen_spreads([fairface], "gendre")


def test_columns_that_are_no_classes_are_left_out(tiny: tiny_set.TinySet) -> None:
    names = [str(number) for number in range(100)]
    tiny.table = Annotations(names=names, files=names, attributes={"confidence": names})
    with pytest.raises(DataError, match="nothing that can be counted"):
        chosen_spreads([tiny])


def test_the_table_holds_numbers_and_shares() -> None:
    rows = [
        Spread("train", CLASS, 1_010, {"anger": 750, "fear": 250}, 10),
        Spread("test", CLASS, 4, {"anger": 4, "fear": 0}, 0),
    ]
    assert format_spreads(rows).splitlines() == [
        "class                  train     %      test      %",
        "anger                    750  75.0         4  100.0",
        "fear                     250  25.0         0    0.0",
        "(none)                    10               0",
        "pictures               1,010               4",
        "largest / smallest       3.0               -",
        "effective number    1.8 of 2        1.0 of 2",
    ]
    shares = (0.75, 0.25)
    assert round(math.prod(one**-one for one in shares), 1) == 1.8


def test_a_sheet_shows_pictures_of_each_class(tiny: tiny_set.TinySet) -> None:
    sheet = contact_sheet(tiny, CLASS, samples=5, tile=32, seed=1)
    assert sheet.dtype == np.uint8
    shown: dict[int, int] = {}
    for number in range(7):
        wanted = cv2.cvtColor(tiny_set.picture(number), cv2.COLOR_BGR2RGB)
        at = cv2.matchTemplate(sheet, wanted, cv2.TM_SQDIFF)
        if at.min() == 0:
            shown[number] = int(np.unravel_index(at.argmin(), at.shape)[0])
    assert sorted(shown) == list(range(7)), "there are fewer than the samples asked for"
    assert len({shown[number] for number in range(4)}) == 1
    assert shown[4] - shown[0] == 36
    assert np.array_equal(sheet, contact_sheet(tiny, CLASS, samples=5, tile=32, seed=1))
    few = [contact_sheet(tiny, CLASS, samples=2, tile=32, seed=seed) for seed in range(4)]
    assert any(not np.array_equal(few[0], one) for one in few[1:])


def test_damaged_pictures_are_crossed_out(tiny: tiny_set.TinySet) -> None:
    for number in range(7):
        (tiny.root / f"train/{number}.png").write_bytes(b"")
    sheet = contact_sheet(tiny, CLASS, samples=1, tile=32)
    assert (sheet == (190, 30, 30)).all(axis=2).sum() > 2 * 32


def test_faces_are_cut_out_of_pictures(tmp_path: Path) -> None:
    boxed = tiny_set.TinySet(tiny_set.write(tmp_path / "copy"), boxes=True)
    rows = members(boxed, CLASS)["happiness"]
    sheet = contact_sheet(boxed, CLASS, samples=len(rows), tile=20)
    face = boxed.picture(int(rows[0]))[2:22, 2:22]
    assert cv2.matchTemplate(sheet, face, cv2.TM_SQDIFF).min() == 0


def test_pictures_are_written(
    tiny: tiny_set.TinySet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    readers = [tiny, tiny_set.TinySet(tiny.root, "test")]
    rows = chosen_spreads(readers)
    files = list(write_pictures(readers, rows, tmp_path / "new" / "out"))
    assert [file.name for file in files] == ["class.png", "class-train.png", "class-test.png"]
    chart = cv2.imread(str(files[0]))
    assert chart.shape[1] > chart.shape[0] > 300
    assert (chart.reshape(-1, 3) == (138, 101, 51)).all(axis=1).any(), "bars"
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        list(write_pictures(readers, rows, tmp_path / "file"))
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"mien\[explain\]"):
        list(write_pictures(readers, rows, tmp_path / "new"))


def test_ferplus_is_counted_by_argmax(shared_data: Path) -> None:
    """Sums of the specification's section 6: 28,385 of 28,558 rows count."""
    (spread,) = spreads(FERPlus(shared_data / "ferplus.zip"))
    assert (sum(spread.counts.values()), spread.without) == (28_385, 173)
    assert next(iter(spread.counts)) == "neutral"
    assert spread.imbalance == pytest.approx(10_295 / 168)
