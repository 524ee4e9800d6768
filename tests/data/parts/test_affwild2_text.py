import numpy as np
import pytest
from more_copies import AFFWILD2_HEADER as NAMES
from more_copies import AFFWILD2_UNITS as UNITS

from mien.data.affwild2 import AffWild2
from mien.data.parts.affwild2_text import action_units_of, classes_of
from mien.errors import DataError

SMILE = "0,0,0,1,0,0,1,0,0,0,1,0"


def text(header: str, *lines: object, end: str = "\n") -> bytes:
    return end.join([header, *map(str, lines)]).encode()


def classes(data: bytes) -> list[int]:
    return classes_of(data, "x.txt", AffWild2.labels).tolist()


def units(data: bytes) -> list[list[int]]:
    return action_units_of(data, "x.txt", AffWild2.units).tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_classes_go_by_name(end: str) -> None:
    assert classes(text(NAMES, 0, 6, -1, 3, end=end)) == [0, 6, -1, 3]
    assert classes(text(f"{NAMES},Other", 7, 6, 0, end=end)) == [-1, 6, 0]
    turned = ",".join(reversed(NAMES.split(",")))
    assert classes(b"\xef\xbb\xbf" + text(turned, 0, 6, -1, "", "", end=end)) == [6, 0, -1]
    assert classes(text(NAMES)) == []


def test_units_go_by_name() -> None:
    assert units(text(f"{UNITS} ", SMILE)) == [[0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0]]
    eight = text("AU1,AU2,AU4,AU6,AU12,AU15,AU20,AU25", "1,0,0,1,0,0,1,1", "0,0,0,0,0,1,-1,-1")
    assert units(eight) == [
        [1, 0, 0, 1, -1, -1, 0, 0, -1, -1, 1, -1],
        [0, 0, 0, 0, -1, -1, 0, 1, -1, -1, -1, -1],
    ]
    assert action_units_of(text(UNITS), "x", AffWild2.units).shape == (0, 12)
    assert action_units_of(text(UNITS, SMILE), "x", AffWild2.units).dtype == np.int8


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (text(NAMES, 0, 7), r"x\.txt: line 3 has 7, which is not one of -1 to 6"),
        (text(NAMES, -2, 0), r"x\.txt: line 2 has -2"),
        (text(NAMES, 0, "happy"), r"x\.txt: line 3 is 'happy', which is not whole numbers"),
        (text(NAMES, 0, "", 1), r"x\.txt: line 3 is ''"),
        (text(NAMES, 0, "1,1"), r"x\.txt: line 3 has more or fewer numbers"),
        (text(NAMES, "0,0", "1,1"), "2 numbers for a frame"),
        (text(NAMES, 0, 10**30), "too large"),
        (text(NAMES, 0, 0.5), "is '0.5', which is not whole"),
        (text("valence,arousal", 0, 0), "begins with 'valence,arousal' where the names"),
        (text("0", 0, 1), "begins with '0' where the names"),
        (text(UNITS, SMILE), "where the names of 7 expressions belong"),
        (b"", "begins with ''"),
        (b"Neutral\xff\n0\n", "not UTF-8"),
    ],
)
def test_damaged_expressions_are_named(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        classes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (text(UNITS, SMILE, SMILE.replace("1", "2")), r"x\.txt: line 3 has 2, which is not one"),
        (text(UNITS, SMILE, "0,1"), r"x\.txt: line 3 has more or fewer"),
        (text(UNITS, "0,1", "0,1"), "names 12 action units and has 2"),
        (text(NAMES, SMILE), "where names such as AU1,AU2 belong"),
        (b"", "begins with ''"),
    ],
)
def test_damaged_action_units_are_named(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        units(data)
