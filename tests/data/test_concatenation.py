from __future__ import annotations

import pickle
from pathlib import Path

import ferplus_copy
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data.annotations import Annotations
from mien.data.concatenation import Concatenation
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.data.part import Part
from mien.data.reader import Reader
from mien.errors import DataError, LabelMismatch, UnknownName
from mien.expressions import BASIC7, BASIC8, LabelSet
from mien.preprocess import Picture, Preprocess

VIDEOS = LabelSet.of(["neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise"])
PEOPLE = LabelSet.of(["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"])


class Made(Reader):
    """A set of pictures that show their own row, with whatever annotations a test wants."""

    splits = ("train", "val")

    def __init__(
        self,
        name: str,
        labels: LabelSet,
        classes: NDArray[np.int64] | list[int] | None,
        split: str = "train",
        units: tuple[int, ...] = (),
        count: int = 0,
        **columns: object,
    ) -> None:
        # Not as the base does it: there is no copy.
        self.name, self.title, self.labels, self.split = name, name.title(), labels, split  # type: ignore[misc]
        self.units, self.prepared = units, False  # type: ignore[misc]
        classes = None if classes is None else np.array(classes, np.int64)
        number = count if classes is None else len(classes)
        names = [f"{row}.jpg" for row in range(number)]
        self.table = Annotations(names, [f"x/{one}" for one in names], classes, **columns)  # type: ignore[arg-type]

    def _annotations(self) -> Annotations:
        return self.table

    def picture(self, index: int) -> Picture:
        return np.full((6, 8, 3), index, np.uint8)

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        return f"{self.name} {len(self)}"


def rows(counts: dict[str, int], labels: LabelSet) -> NDArray[np.int64]:
    return np.repeat([labels.index(one) for one in counts], list(counts.values()))


def test_rare_classes_from_other_sets() -> None:
    """LLA-Net's training set before frames are left out: papers.md 3.3."""
    videos = {
        **{"anger": 25_634, "disgust": 11_490, "fear": 19_279, "happiness": 171_902},
        **{"sadness": 102_934, "surprise": 43_306, "neutral": 546_039},
    }
    wild = Made("affwild2", VIDEOS, rows(videos, VIDEOS))
    photos = Made(
        "affectnet",
        BASIC8,
        rows({"anger": 24_242, "fear": 6_192, "happiness": 134_415, "contempt": 3_750}, BASIC8),
    )
    people = Made("rafdb", PEOPLE, rows({"disgust": 717, "happiness": 4_772}, PEOPLE))
    parts = [wild, Part(photos, only={"anger", "fear"}), Part(people, only=["Disgusted"])]
    data = Concatenation(parts, VIDEOS)
    counts = dict(zip(VIDEOS, np.bincount(data.table.classes).tolist(), strict=True))
    expected = dict(videos)
    expected["anger"] += 24_242
    expected["fear"] += 6_192
    expected["disgust"] += 717
    assert counts == expected
    assert len(data) == 920_584 + 24_242 + 6_192 + 717
    assert data.left_out == {
        "affwild2": {},
        "affectnet": {"happiness": 134_415, "contempt": 3_750},
        "rafdb": {"happiness": 4_772},
    }
    assert data.name == "affwild2+affectnet+rafdb"
    assert data.title == "Affwild2 + Affectnet + Rafdb"


def test_every_picture_keeps_its_class_by_name() -> None:
    random = np.random.default_rng(0)
    sets = [
        Made("a", PEOPLE, random.integers(0, 7, 40)),
        Made("b", VIDEOS, random.integers(0, 7, 30)),
        Made("c", BASIC8, random.integers(0, 8, 50)),
    ]
    data = Concatenation(sets, BASIC7)
    by_prefix = {one.name: one for one in sets}
    seen = 0
    for index, name in enumerate(data.names):
        prefix, _, own = name.partition("/")
        part = by_prefix[prefix]
        row = int(own.removesuffix(".jpg"))
        sample = data[index]
        assert sample.name == name
        assert data.table.files[index] == f"{prefix}/x/{own}"
        assert sample.label is not None
        assert BASIC7[sample.label] == part.labels[int(part.table.classes[row])]
        assert data.picture(index)[0, 0, 0] == row == sample.picture[0, 0, 0]
        seen += 1
    contempt = int((sets[2].table.classes == BASIC8.index("contempt")).sum())
    assert seen == len(data) == 120 - contempt
    assert data.left_out["c"] == {"contempt": contempt}
    assert "c/contempt" not in data.names
    assert np.array_equal(data.classes_in(BASIC7), data.table.classes)
    assert data.classes_in(LabelSet.of(["contempt", "fear"])).max() == 1


def test_rows_come_from_both_ends_and_no_further() -> None:
    data = Concatenation([Made("a", BASIC8, [0, 1]), Made("b", BASIC8, [2])], BASIC8)
    assert [sample.name for sample in data] == ["a/0.jpg", "a/1.jpg", "b/0.jpg"]
    for index in range(3):
        last, same = data[index - 3], data[index]
        assert (last.name, last.label) == (same.name, same.label) == (data.names[index], index)
        for picture in (last.picture, same.picture, data.picture(index - 3)):
            assert picture[0, 0, 0] == (0, 1, 0)[index]
    for outside in (3, -4):
        with pytest.raises(IndexError, match="of 3"):
            data.picture(outside)


def test_pictures_without_a_class() -> None:
    units = np.array([[1, 0], [0, 1], [1, -1]], np.int8)
    wild = Made("wild", VIDEOS, [3, -1, -1], units=(1, 2), action_units=units)
    other = Made("other", BASIC8, [6, 7])
    without = Concatenation([wild, other], VIDEOS)
    assert without.names == ["wild/0.jpg", "other/0.jpg"]
    assert without.left_out == {"wild": {"no class": 2}, "other": {"contempt": 1}}
    both = Concatenation([Part(wild, unlabelled=True), other], VIDEOS)
    assert both.names == ["wild/0.jpg", "wild/1.jpg", "wild/2.jpg", "other/0.jpg"]
    assert both.table.classes is not None
    assert both.table.classes.tolist() == [3, -1, -1, 3]
    assert both.table.action_units is not None
    assert both.table.action_units.tolist() == [*units.tolist(), [-1, -1]]
    assert both.units == (1, 2)
    assert (both[1].label, both[0].label) == (None, 3)
    unnamed = Made("faces", BASIC8, None, count=2)
    with pytest.raises(DataError, match="Faces has no expressions"):
        Concatenation([wild, unnamed], VIDEOS)
    assert len(Concatenation([wild, Part(unnamed, unlabelled=True)], VIDEOS)) == 3
    with pytest.raises(DataError, match="wild and third have different action units"):
        Concatenation([wild, Made("third", VIDEOS, [0], units=(4,))], VIDEOS)


def test_what_only_some_sets_know() -> None:
    boxes = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    five, many = np.ones((2, 5, 2)), np.ones((1, 68, 2))
    one = Made(
        *("one", BASIC8, [0, 1]),
        boxes=boxes,
        landmarks=five,
        groups=["ada", "bob"],
        attributes={"age": ["31", ""]},
        votes=np.ones((2, 10), np.int64),
    )
    other = Made("other", BASIC8, [2], attributes={"gender": ["f"]})
    data = Concatenation([one, other], BASIC8)
    table = data.table
    assert table.groups == ["one/ada", "one/bob", "other/0.jpg"]
    assert table.attributes == {"age": ["31", "", ""], "gender": ["", "", "f"]}
    assert table.boxes is not None
    assert np.array_equal(table.boxes, [*boxes, [np.nan] * 4], equal_nan=True)
    assert (data[1].box, data[2].box) == ((5, 6, 7, 8), None)
    assert table.landmarks is not None
    assert table.landmarks.shape == (3, 5, 2)
    assert table.votes is None
    assert data[0].votes is None
    assert (data[0].group, data[2].group) == ("one/ada", "other/0.jpg")
    third = Made("third", BASIC8, [0], landmarks=many)
    assert Concatenation([one, third], BASIC8).table.landmarks is None
    assert Concatenation([other, third], BASIC8).table.groups is None


def test_faces_are_cut_as_each_set_needs_it() -> None:
    class Shaded(Made):
        def picture(self, index: int) -> Picture:  # noqa: ARG002
            left = np.zeros((8, 8, 3), np.uint8)
            left[:, :4] = 200
            return left

    boxed = Shaded("boxed", BASIC8, [0], boxes=np.array([[0.0, 2, 4, 4]]))
    whole = Shaded("whole", BASIC8, [0])
    preprocess = Preprocess(size=8, scale=1.0)
    inner = Concatenation([boxed, whole], BASIC8)
    for data in (inner, Concatenation([inner], BASIC8)):
        faces = data.crops(preprocess)
        assert len(faces) == 2
        assert faces.names == data.names
        assert faces.picture(0)[:, :6].min() == 200
        assert faces.picture(1)[:, 6:].max() == 0


def test_only_and_names_are_checked() -> None:
    one = Made("one", PEOPLE, [0, 1])
    with pytest.raises(LabelMismatch, match=r"One \[.*lacks contempt of only"):
        Concatenation([Part(one, only=["contempt"])], BASIC8)
    with pytest.raises(LabelMismatch, match=r"common label set.*lacks contempt"):
        Concatenation([Part(Made("x", BASIC8, [0]), only=["contempt"])], BASIC7)
    with pytest.raises(UnknownName, match="bored"):
        Concatenation([Part(one, only=["bored"])], BASIC7)
    with pytest.raises(DataError, match="One: no picture of the split train is taken"):
        Concatenation([Part(one, only=["sad"])], BASIC7)
    with pytest.raises(DataError, match="at least one"):
        Concatenation([], BASIC7)
    validation = Made("one", PEOPLE, [2], split="val")
    with pytest.raises(DataError, match="2 parts are called one; give Part"):
        Concatenation([one, validation], BASIC7)
    data = Concatenation([one, Part(validation, name="more")], BASIC7)
    assert (data.split, data.names[-1]) == ("train+val", "more/0.jpg")


def test_fingerprint_says_what_was_taken() -> None:
    one, other = Made("one", PEOPLE, [0, 1]), Made("other", BASIC8, [0, 1, 2])
    prints = [
        Concatenation([one, other], BASIC7).fingerprint,
        Concatenation([other, one], BASIC7).fingerprint,
        Concatenation([one, other], BASIC8).fingerprint,
        Concatenation([one, Part(other, only=["happy"])], BASIC7).fingerprint,
        Concatenation([one, Made("other", BASIC8, [0, 1, 2, 3])], BASIC7).fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert prints[0] == Concatenation([one, Part(other)], BASIC7).fingerprint


def test_real_readers_together_and_in_another_process(tmp_path: Path) -> None:
    images, votes = ferplus_copy.make_faces(6)
    fer = FERPlus(ferplus_copy.write_folders(tmp_path / "fer", {"FER2013Train": (images, votes)}))
    folder = tmp_path / "own"
    for number, name in enumerate(("happy", "sad")):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(
            (tmp_path / "fer/FER2013Train" / fer.names[number]).read_bytes()
        )
    data = Concatenation([fer, ImageFolder(folder, "all")], BASIC8)
    assert data.left_out == {"ferplus": {}, "folder": {}}
    assert data.names[-2:] == ["folder/happy/1.png", "folder/sad/1.png"]
    assert (data.split, data.side, data.prepared) == ("train+all", None, False)
    again = pickle.loads(pickle.dumps(data))
    assert np.array_equal(again.picture(7)[..., 0], images[1])
    assert again[7].label == BASIC8.index("sadness")
    assert again.fingerprint == data.fingerprint
