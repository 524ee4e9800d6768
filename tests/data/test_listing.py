from __future__ import annotations

import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from mien.data.listing import Listing
from mien.data.loading.pictures import Crops
from mien.data.preparing.prepare import prepare
from mien.data.reader_options import options_from_text
from mien.errors import DataError, InputError, LabelMismatch, MissingExtra, NotFound, UnknownName
from mien.expressions import BASIC7, BASIC8, LabelSet
from mien.preprocess import Preprocess

ROWS = (
    "path,label,split,group,age",
    "faces/a.png,Happy,train,ada,31",
    'faces/b.png,sadness,train,"bob, the other",',
    "",
    "faces/ü.png,ANGRY,test,cid,7",
    "./faces/d.png,happiness,train,ada,32",
)


def write(root: Path, rows: Sequence[str] = ROWS, name: str = "list.csv") -> Path:
    """A list and, for its four pictures, files in colours of their own."""
    (root / "faces").mkdir(parents=True, exist_ok=True)
    for number, file in enumerate("abüd"):
        picture = np.full((4, 5, 3), 50 * number, np.uint8)
        (root / "faces" / f"{file}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    (root / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root / name


def write_parquet(root: Path, columns: dict[str, list[object]]) -> Path:
    write(root).unlink()
    pyarrow.parquet.write_table(pyarrow.table(columns), root / "list.parquet")
    return root / "list.parquet"


def error_of(path: Path, split: str = "all", **options: object) -> str:
    with pytest.raises(DataError) as raised:
        Listing(path, split, **options)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("root", ["file", "folder", "zip", "semicolons", "bytes", "parquet"])
def test_every_kind_of_file_gives_the_same(root: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x")
    if root == "folder":
        path = path.parent
    if root == "zip":
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in (tmp_path / "x").rglob("*.*"):
                archive.write(file, file.relative_to(tmp_path / "x"))
    if root == "semicolons":
        text = path.read_text(encoding="utf-8").replace(",", ";").replace("bob;", "bob,")
        path.write_text(text, encoding="utf-8")
    if root == "bytes":  # as a spreadsheet saves it
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    if root == "parquet":
        path = write_parquet(
            tmp_path / "x",
            {
                "path": ["faces/a.png", "faces/b.png", "faces/ü.png", "faces\\d.png"],
                "label": ["Happy", "sadness", "ANGRY", "happiness"],
                "split": ["train", "train", "test", "train"],
                "group": ["ada", "bob, the other", "cid", "ada"],
                "age": [31, None, 7, 32],
                "embedding": [[0.5], [1.5], [2.5], [3.5]],
            },
        )
    assert Listing.splits_in(path) == ("train", "test")
    train, test = Listing(path, "train"), Listing(path, "test")
    assert train.labels == test.labels == LabelSet.of(["happiness", "sadness", "anger"])
    assert train.names == ["faces/a.png", "faces/b.png", "faces/d.png"]
    assert train.table.classes is not None
    assert train.table.classes.tolist() == [0, 1, 0]
    assert train.table.groups == ["ada", "bob, the other", "ada"]
    assert train.table.attributes == {"age": ["31", "", "32"]}
    assert (test.names, test[0].label, test[0].group) == (["faces/ü.png"], 2, "cid")
    assert np.unique(train.picture(2)).tolist() == [150]
    again = pickle.loads(pickle.dumps(test))
    assert np.unique(again.picture(0)).tolist() == [100]


def test_a_picture_of_nobody_is_a_group_of_its_own(tmp_path: Path) -> None:
    rows = [row.replace(",ada,", ",,") for row in ROWS]
    groups = Listing(write(tmp_path, rows), "train").table.groups
    assert groups == ["faces/a.png", "bob, the other", "faces/d.png"]


def test_numbers_mean_what_the_caller_says(tmp_path: Path) -> None:
    path = write(tmp_path, ["path,label", "faces/a.png,6", "faces/b.png,0", "faces/d.png,2.0"])
    reader = Listing(path, labels=BASIC7)
    assert reader.labels == BASIC7
    assert [sample.label for sample in map(reader.__getitem__, range(3))] == [6, 0, 2]
    named = Listing(path, labels=["angry", "disgust", "fear", "happy", "sad", "surprise", "ne"])
    assert [named.labels[named[index].label or 0] for index in range(3)] == [
        *("neutral", "anger", "fear"),
    ]
    assert "line 2: the label is the number 6; labels must say what it" in error_of(path)
    assert "line 2: the label 6 is not within 0 to 2" in error_of(path, labels=["sad", "an", "ha"])
    with pytest.raises(LabelMismatch, match="twice"):
        Listing(path, labels=["sad", "sadness"])


def test_numbers_of_parquet_may_have_gaps(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {"path": ["faces/a.png", "faces/b.png"], "label": [7, None]}
    path = write_parquet(tmp_path, columns)
    both = Listing(path, labels=BASIC8)
    assert [both[row].label for row in range(2)] == [7, None]
    reader = Listing(path, labels=BASIC8, ignore=[""])
    assert (reader.names, reader[0].label) == (["faces/a.png"], 7)


def test_names_may_be_given_an_order_too(tmp_path: Path) -> None:
    path = write(tmp_path)
    reader = Listing(path, "train", labels=["anger", "sad", "happy"])
    assert [reader[index].label for index in range(3)] == [2, 1, 2]
    assert "line 5: the label 'ANGRY' is not among" in error_of(path, labels=["sad", "happy"])


@pytest.mark.parametrize(
    "header",
    ["image,expression,subset,subject", "File , CLASS,usage,Person", "img,emotion,split,video"],
)
def test_usual_names_are_recognised(header: str, tmp_path: Path) -> None:
    path = write(tmp_path, [header, "faces/a.png,sad,train,ada"])
    reader = Listing(path, "train")
    assert (reader.names, list(reader.labels)) == (["faces/a.png"], ["sadness"])
    assert reader.table.groups == ["ada"]
    assert reader.table.attributes == {}


def test_columns_can_be_named_or_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, ["where,what,split", "faces/a.png,sad,train", "faces/b.png,fear,test"])
    reader = Listing(path, path_column="where", label_column="what", split_column=None)
    assert reader.splits == ("all",)
    assert reader.table.attributes == {"split": ["train", "test"]}
    bare = Listing(path, "test", path_column="where", label_column=None)
    assert bare.table.classes is None
    assert bare[0].label is None
    assert bare.table.attributes == {"what": ["fear"]}


def test_missing_columns_are_answered_with_those_that_are_there(tmp_path: Path) -> None:
    path = write(tmp_path, ["wo,label,x", "faces/a.png,sad,1"])
    assert "no column 'path' of the path (columns: wo, label, x)" in error_of(path)
    assert "no column 'Split'" in error_of(path, path_column="wo", split_column="Split")
    both = write(tmp_path, ["file,image,label", "faces/a.png,b,sad"])
    assert "file and image could both be the column of the path" in error_of(both)
    assert Listing(both, path_column="file").names == ["faces/a.png"]
    twice = write(tmp_path, ["path,label,label", "faces/a.png,sad,happy"])
    assert "two columns are called 'label'" in error_of(twice)


def test_classes_can_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, ["path,label", "faces/a.png,sad", "faces/b.png,Unknown", "c.png,joy"])
    assert "line 3: no expression is called 'Unknown'" in error_of(path)
    reader = Listing(path, ignore=["unknown", "happiness"])
    assert (reader.names, list(reader.labels)) == (["faces/a.png"], ["sadness"])
    assert "every row is left out" in error_of(path, ignore=["unknown", "joy", "sad"])


def test_a_split_may_have_no_labels(tmp_path: Path) -> None:
    rows = ["path,label,split", "faces/a.png,sad,train", "faces/b.png,,train", "faces/d.png,,test"]
    path = write(tmp_path, rows)
    train, test = Listing(path, "train"), Listing(path, "test")
    assert list(train.labels) == list(test.labels) == ["sadness"]
    assert [train[row].label for row in range(2)] == [0, None]
    assert train.classes_in(BASIC7).tolist() == [BASIC7.index("sadness"), -1]
    assert test.classes_in(BASIC7).tolist() == [-1]
    assert Listing(path, "train", ignore=[""]).names == ["faces/a.png"]
    assert "no picture" in error_of(path, "test", ignore=[""])
    assert "every row is left out" in error_of(path, "train", ignore=["", "sad"])
    none = write(tmp_path, ["path,label", "faces/a.png,"])
    assert Listing(none).classes_in(BASIC7).tolist() == [-1]
    assert "every row is left out" in error_of(none, ignore=[""])


BOXED = ("path,label,left,top,w,h,age", "faces/a.png,sad,1,0,2.5,4,31", "faces/b.png,sad,,,,,7")
BOX = ("left", "top", "w", "h")


def test_boxes_come_from_four_columns(tmp_path: Path) -> None:
    path = write(tmp_path, BOXED)
    reader = Listing(path, box_columns=BOX)
    assert reader.table.boxes is not None
    expected = [[1, 0, 2.5, 4], [np.nan] * 4]
    assert np.array_equal(reader.table.boxes, expected, equal_nan=True)
    assert (reader[0].box, reader[1].box) == ((1, 0, 2.5, 4), None)
    assert reader.table.attributes == {"age": ["31", "7"]}
    assert Listing(path).table.boxes is None
    assert Listing(path, **options_from_text("list", {"box_columns": "left,top,w,h"}))[0].box


def test_faces_are_cut_by_the_boxes(tmp_path: Path) -> None:
    path = write(tmp_path, ["path,label,x,y,w,h", "faces/c.png,sad,8,4,6,6"])
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[4:10, 8:14] = 200
    cv2.imwrite(str(tmp_path / "faces/c.png"), picture)
    reader = Listing(path, box_columns="xywh")
    face = Crops(reader, Preprocess(size=6, scale=1.0)).picture(0)
    assert face.shape == (6, 6, 3)
    assert face.min() == 200


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2,x,4", "line 3: the column w has 'x', which is no number"),
        ("1,2,3,", "line 3: the column h has '', which is no number"),
        ("nan,2,3,4", "line 3: the column left has 'nan'"),
        ("1,2,inf,4", "line 3: the column w has 'inf'"),
        ("1,2,0,4", "line 3: the box [1.0, 2.0, 0.0, 4.0] has a width or height of 0 or less"),
        ("1,2,3,-4", "width or height of 0 or less"),
    ],
)
def test_damaged_boxes_are_named(row: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, [*BOXED[:2], f"faces/b.png,sad,{row},7"])
    assert message in error_of(path, box_columns=BOX)


def test_boxes_need_four_columns_that_are_there(tmp_path: Path) -> None:
    path = write(tmp_path, BOXED)
    with pytest.raises(InputError, match="box_columns are 4, x, y, width and height"):
        Listing(path, box_columns=("left", "top", "w"))
    message = error_of(path, box_columns=("left", "top", "w", "box"))
    assert "there is no column 'box' of the box (columns: path, label, left" in message
    assert message.endswith("say which with box_columns")


def test_a_prepared_copy_has_no_columns(tmp_path: Path) -> None:
    rows = [*BOXED[:2], "faces/b.png,,0,0,3,3,7"]
    original = Listing(write(tmp_path / "x", rows), box_columns=BOX)
    prepare(original, tmp_path / "out", size=16, detector="none", jobs=1)
    assert Listing(tmp_path / "out").classes_in(original.labels).tolist() == [0, -1]
    assert Listing(tmp_path / "out", ignore=[""]).names == ["faces/a.png"]
    assert "every picture is left out" in error_of(tmp_path / "out", ignore=["", "sad"])
    for option, value in (
        ("pictures", tmp_path),
        ("path_column", "file"),
        ("label_column", None),
        ("split_column", None),
        ("group_column", "age"),
        ("box_columns", BOX),
    ):
        message = error_of(tmp_path / "out", **{option: value})
        assert f"{option}={value} chooses something in an original copy" in message


@pytest.mark.parametrize(
    "outside",
    [
        "../x.png",
        "faces/../../x.png",
        "/x.png",
        "\\\\host\\x.png",
        "C:/x.png",
        "c:\\x.png",
        ".",
        "",
    ],
)
def test_paths_must_not_lead_out(outside: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x", ["path,label", "faces/a.png,sad", f"{outside},sad"])
    assert "line 3: " in error_of(path)
    assert "does not name a file below the folder" in error_of(path)


def test_paths_may_start_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path / "x", ["path,label", "faces/../faces/a.png,sad", "faces//b.png,sad"])
    elsewhere = tmp_path / "lists.csv"
    path.rename(elsewhere)
    reader = Listing(elsewhere, pictures=tmp_path / "x")
    assert reader.names == ["faces/a.png", "faces/b.png"]
    assert np.unique(reader.picture(1)).tolist() == [50]
    with pytest.raises(NotFound):
        Listing(elsewhere, pictures=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((*ROWS, "faces/a.png,sad,train,ada,"), "line 7: faces/a.png is listed twice, first in li"),
        ((*ROWS, "faces/e.png,sad,train"), "line 7: 3 values do not fit 5 columns"),
        ((*ROWS, "faces/e.png,sad,train,ada,1,2"), "line 7: 6 values do not fit 5 columns"),
        ((*ROWS, "faces/e.png,sad,,ada,1"), "line 7: the column split is empty"),
        ((*ROWS, "faces/e.png,-1,train,ada,1"), "line 7: the label is the number -1"),
        ((*ROWS, f"{'x' * 140_000},sad,train,ada,1"), "line 7: not a CSV file (field larger"),
        (ROWS[:1], "there are no rows"),
        ((), "there are no rows"),
    ],
)
def test_damaged_rows_are_named(rows: tuple[str, ...], message: str, tmp_path: Path) -> None:
    assert message in error_of(write(tmp_path, rows), "train")


def test_text_of_another_encoding_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes("\n".join(ROWS).encode("latin-1"))
    assert "list.csv, line 5: not UTF-8 text" in error_of(path)


def test_damaged_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    assert "x.parquet: not a readable Parquet file" in error_of(path)


def test_parquet_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path, {"path": ["faces/a.png"], "label": ["sad"]})
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"mien\[tables\]"):
        Listing(path)


def test_wrong_roots_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no list of pictures at this path"):
        Listing(tmp_path / "nowhere.csv")
    assert "there is no CSV or Parquet file; it looks like" in error_of(tmp_path)
    write(tmp_path), write(tmp_path, name="other.csv")
    assert "several files could be the list (list.csv, other.csv)" in error_of(tmp_path)
    with pytest.raises(UnknownName, match="known: test, train"):
        Listing(tmp_path / "list.csv", "all")
    (tmp_path / "notes.txt").write_text("x")
    assert "neither a folder nor a zip file" in error_of(tmp_path / "notes.txt")


def test_a_missing_picture_is_named_when_it_is_asked_for(tmp_path: Path) -> None:
    reader = Listing(write(tmp_path, ["path,label", "gone.png,sad"]))
    with pytest.raises(DataError, match=r"gone\.png is missing"):
        reader.picture(0)


def test_a_large_real_list(shared_data: Path) -> None:
    """FairFace's own table is such a list, without expressions."""
    reader = Listing(shared_data / "fairface112.zip", label_column=None)
    assert len(reader) == 40_000
    assert set(reader.table.attributes["gender"]) == {"Female", "Male"}
    assert reader.picture(0).shape == (112, 112, 3)
