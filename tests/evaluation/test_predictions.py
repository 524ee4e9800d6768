"""Somebody's answers from a table: what is read, how pictures are matched, what is refused."""

from __future__ import annotations

import logging
from pathlib import Path

import affectnet_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import rafdb_copy

from mien.data.affectnet import AffectNet
from mien.data.expw import ExpW
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.data.rafdb import RAFDB
from mien.data.reader import Reader
from mien.errors import DataError, NotFound
from mien.evaluation.answers import MISSED, Answers
from mien.evaluation.metadata import read_metadata
from mien.evaluation.predictions import Predictions, is_table
from mien.expressions import BASIC8
from mien.inference.recognizer import Recognizer
from mien.inference.sinks import create_sink


@pytest.fixture
def reader(tmp_path: Path) -> RAFDB:
    """Four pictures of surprise, fear, disgust and happiness."""
    names = rafdb_copy.names_of("test", 4)
    labels = {name: place + 1 for place, name in enumerate(names)}
    return RAFDB(rafdb_copy.write_list(tmp_path / "rafdb", labels), "test")


def table(folder: Path, *lines: str, name: str = "theirs.csv") -> Path:
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def read(path: Path, reader: Reader) -> Answers:
    return Predictions(path).answers(reader, np.ones(len(reader), bool))


def test_probabilities_by_the_names_of_the_columns(reader: RAFDB, tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "image;Happy;fear;SURPRISE;age",
        "test_0003;0.2;0.5;0.3;40",
        "folder/test_0001_aligned.jpg;0.1;0.2;0.7;20",
        "test_0002.png;0.6;0.3004;0.1;",
        "test_0004;1;0;0;9",
    )
    answers = read(path, reader)
    assert [str(one) for one in answers.labels] == ["happiness", "surprise", "fear"]
    assert answers.predicted.tolist() == [1, 0, 2, 0]
    assert answers.probabilities is not None
    assert answers.probabilities[0].tolist() == pytest.approx([0.1, 0.7, 0.2])
    # Sums within a thousandth of 1 are brought to 1.
    assert answers.probabilities[1] == pytest.approx(np.array([0.6, 0.1, 0.3004]) / 1.0004)


def test_of_equal_probabilities_the_answer_is_the_same_in_any_order_of_columns(
    reader: RAFDB, tmp_path: Path
) -> None:
    rows = [f"test_000{number}," for number in (1, 2, 3, 4)]
    one = table(tmp_path, "image,fear,anger,sad", *(f"{row}0.4,0.4,0.2" for row in rows))
    first = read(one, reader)
    other = table(tmp_path, "image,sad,anger,fear", *(f"{row}0.2,0.4,0.4" for row in rows))
    second = read(other, reader)
    assert [first.labels[place] for place in first.predicted] == ["anger"] * 4
    assert [second.labels[place] for place in second.predicted] == ["anger"] * 4


def test_answers_alone(reader: RAFDB, tmp_path: Path) -> None:
    lines = ("name,predicted", "test_0001,Surprised", "test_0002,sad", "test_0003,", "test_0004,HA")
    answers = read(table(tmp_path, *lines), reader)
    assert answers.labels == reader.labels
    assert answers.probabilities is None
    assert [answers.labels[one] for one in answers.predicted[[0, 1, 3]]] == [
        "surprise",
        "sadness",
        "happiness",
    ]
    assert answers.predicted[2] == MISSED


@pytest.mark.parametrize("column", ["Filename", "path", "IMG", "source", "image_path"])
def test_the_pictures_column_goes_by_the_names_that_metadata_know(
    reader: RAFDB, tmp_path: Path, column: str
) -> None:
    rows = [f"test_000{number}.jpg,sad" for number in range(1, 5)]
    path = table(tmp_path, f"{column},Predicted", *rows)
    assert read(path, reader).predicted.tolist() == [reader.labels.index("sadness")] * 4
    ages = table(tmp_path, f"{column},age", *rows, name="ages.csv")
    assert read_metadata(ages, reader) == {"age": ["sad"] * 4}


def test_a_table_without_any_answer_is_refused(reader: RAFDB, tmp_path: Path) -> None:
    names = [f"test_000{number}" for number in range(1, 5)]
    blank = table(tmp_path, "name,predicted", *(f"{name}," for name in names))
    with pytest.raises(DataError, match="none of the 4 pictures has an answer; fill in predicted"):
        read(blank, reader)
    blank = table(tmp_path, "name,sad,fear", *(f"{name},," for name in names))
    with pytest.raises(DataError, match="of the 4 pictures has an answer; fill in sad, fear"):
        read(blank, reader)
    # Answers to pictures that do not count are none.
    some = table(tmp_path, "name,predicted", f"{names[0]},sad", *(f"{one}," for one in names[1:]))
    with pytest.raises(DataError, match="none of the 3 pictures has an answer"):
        Predictions(some).answers(reader, np.array([False, True, True, True]))
    assert (read(some, reader).predicted == MISSED).tolist() == [False, True, True, True]
    # In what mien predict writes, an empty row says that there is no face.
    faceless = table(tmp_path, PREDICT, *(f"{name},,,,,,,," for name in names))
    assert read(faceless, reader).predicted.tolist() == [MISSED] * 4


def test_pictures_of_other_folders_are_others_where_folders_are_given(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg"):
        path = tmp_path / "set" / "happy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    reader = ImageFolder(tmp_path / "set", "all")
    rows = ("happy/1.jpg,happy", "sad/1.jpg,happy", "sad/2.jpg,happy")
    with pytest.raises(DataError, match=r"1 of the 2 pictures have no .*, such as happy/2\.jpg"):
        read(table(tmp_path, "name,predicted", *rows), reader)
    path = table(tmp_path, "name,predicted", *rows, "x/happy/2.jpg,happy")
    assert named(read(path, reader)) == ["happiness", "happiness"]
    # Where no name is the data set's own, folders say nothing.
    path = table(tmp_path, "name,predicted", "x/1.jpg,happy", "y/2.jpg,happy")
    assert named(read(path, reader)) == ["happiness", "happiness"]


def test_pictures_that_do_not_count_may_lack(
    reader: RAFDB, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = table(tmp_path, "name,predicted", "test_0002,sad", "train_0001,sad", "test_9,sad")
    needed = np.array([False, True, False, False])
    caplog.set_level(logging.INFO, "mien")
    assert Predictions(path).answers(reader, needed).predicted.tolist() == [
        MISSED,
        reader.labels.index("sadness"),
        MISSED,
        MISSED,
    ]
    assert "2 rows are of no picture of the split test" in caplog.text


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("name,predicted", "test_0001,sad", "test_0003,sad"),
         "2 of the 4 pictures have no prediction, such as test_0002"),
        (("name,predicted", "test_0001,sad", "test_0002,sad", "rafdb/test_0001.jpg,fear"),
         "line 4: the picture test_0001 is here twice, before in line 2"),
        (("name,predicted", "x,sad"),
         "none of its pictures, such as x, is in the split test of RAF-DB, such as test_0001"),
        (("name,predicted", "test_0001,contempt"),
         r"line 2: the answer contempt is none of the data set's classes \[surprise, fear,"),
        (("name,predicted", "test_0001,glad"), "line 2: no expression is called 'glad'"),
        (("name,sadness,fear", "test_0001,0.5,0.6"), "line 2: the probabilities add up to 1.1, "),
        (("name,sadness,fear", "test_0001,1.5,-0.5"), "line 2: the probability of fear is -0.5"),
        (("name,sadness,fear", "test_0001,nan,1"), "line 2: the column sadness has 'nan'"),
        (("name,sadness,fear", "test_0001,,1"), "line 2: the column sadness has ''"),
        (("name,sadness,sad", "test_0001,0,1"), "sadness and sad both stand for sadness"),
        (("name,sadness", "test_0001,0"), "neither a column for each expression"),
        (("who,predicted", "test_0001,sad"), "no column names the picture; call it one of name, "),
        (("name,predicted",), "there are no rows"),
    ],
)  # fmt: skip
def test_bad_tables_are_one_line(
    reader: RAFDB, tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    path = table(tmp_path, *lines)
    with pytest.raises(DataError, match=message) as caught:
        read(path, reader)
    assert "theirs.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.csv"):
        Predictions(tmp_path / "none.csv")
    assert is_table("a/b.CSV")
    assert is_table("b.parquet")
    assert not is_table("mien-small")
    assert not is_table("a.onnx")


def test_what_predict_writes_is_read_as_it_is(tiny_model: Path, tmp_path: Path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Valid": ferplus_copy.make_faces(6)}
    )
    recognizer = Recognizer(tiny_model, detector="none", threads=1)
    for suffix in ("csv", "parquet"):
        if suffix == "parquet":
            pytest.importorskip("pyarrow")
        path = tmp_path / f"rows.{suffix}"
        with create_sink(suffix, path, recognizer.labels) as sink:
            for _, faces in recognizer.stream([root / "FER2013Valid"]):
                sink.write(faces)
        answers = read(path, FERPlus(root, "public-test"))
        assert answers.labels == BASIC8
        expected = [
            [one.probabilities[name] for name in BASIC8]
            for one in recognizer(root / "FER2013Valid")
        ]
        assert np.allclose(answers.probabilities, expected, atol=1e-5)
        assert answers.predicted.tolist() == np.argmax(expected, axis=1).tolist()


PREDICT = "source,face,x,y,width,height,expression,neutral,happiness"


def test_of_several_faces_the_largest_or_the_annotated_one(reader: RAFDB, tmp_path: Path) -> None:
    rows = (
        "a/test_0001.jpg,0,0,0,10,10,neutral,0.9,0.1",
        "a/test_0001.jpg,1,20,0,30,20,happiness,0.2,0.8",
        "a/test_0002.jpg,,,,,,,,",
        "a/test_0003.jpg,0,0,0,9,9,,0.4,0.6",
        "a/test_0004.jpg,0,0,0,9,9,neutral,1.0,0.0",
    )
    path = table(tmp_path, PREDICT, *rows)
    answers = read(path, reader)
    # Without an annotated box the largest; an expression below the wanted confidence is one.
    assert answers.predicted.tolist() == [1, MISSED, 1, 0]
    names = rafdb_copy.names_of("test", 4)
    rafdb_copy.write_annotations(reader.root, names)
    rafdb_copy.write_pictures(reader.root, names, "original")
    boxed = RAFDB(reader.root, "test", images="original")
    assert boxed.table.boxes is not None
    # Boxes of 70 x 90 at (40 + place, 30).
    rows = tuple(
        row.replace("0,0,9,9", "45,35,60,80").replace("0,0,10,10", "40,30,70,60") for row in rows
    )
    assert read(table(tmp_path, PREDICT, *rows), boxed).predicted.tolist() == [0, MISSED, 1, 0]
    with pytest.raises(DataError, match=r"line 7: the picture test_0003 is here twice"):
        read(table(tmp_path, PREDICT, *rows, rows[3]), boxed)


def test_faces_of_one_photograph_are_told_apart_by_their_boxes(tmp_path: Path) -> None:
    lines = [
        f"a.jpg {face} 0 {10 * face} {10 * face + 9} 9 99 {label}"
        for face, label in ((0, 6), (1, 3))
    ]
    reader = ExpW(more_copies.write_expw(tmp_path, lines, ["a.jpg"]), "train")
    rows = ("x/a.jpg,0,11,0,8,9,happiness,0.1,0.9", "x/a.jpg,1,0,1,9,8,neutral,0.7,0.3")
    assert read(table(tmp_path, PREDICT, *rows), reader).predicted.tolist() == [0, 1]
    with pytest.raises(
        DataError, match=r"line 2: a\.jpg may mean a\.jpg#0 and a\.jpg#1; name pictures as"
    ):
        read(table(tmp_path, "name,predicted", "a.jpg,sad"), reader)
    named = table(tmp_path, "name,predicted", "a.jpg#0,sad", "a.jpg#1,fear")
    assert [reader.labels[one] for one in read(named, reader).predicted] == ["sadness", "fear"]


def test_a_picture_that_the_set_lists_again_needs_one_row(tmp_path: Path) -> None:
    paths = ["1/abc.jpg", "1/def.jpg", "1/abc.jpg"]
    rows = [affectnet_copy.row(path, label) for path, label in zip(paths, (0, 1, 2), strict=True)]
    reader = AffectNet(affectnet_copy.write_table(tmp_path, rows, "val"), "val")
    assert list(reader.names) == ["1/abc.jpg", "1/def.jpg", "1/abc.jpg#2"]
    once = table(tmp_path, "name,predicted", "1/abc.jpg,fear", "/data/1/def.jpg,anger")
    assert [reader.labels[one] for one in read(once, reader).predicted] == [
        "fear",
        "anger",
        "fear",
    ]
    both = table(tmp_path, "name,predicted", "1/abc.jpg,fear", "def,anger", "1/abc.jpg#2,sad")
    assert [reader.labels[one] for one in read(both, reader).predicted] == [
        "fear",
        "anger",
        "sadness",
    ]


def test_folders_tell_pictures_apart_that_have_one_name(tmp_path: Path) -> None:
    for name in ("happy", "sad"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "1.png").write_bytes(more_copies.picture(8, 6))
    reader = ImageFolder(tmp_path / "set", "all")
    path = table(tmp_path, "name,predicted", "/x/set/sad/1.png,sad", "happy/1.png,sad")
    assert named(read(path, reader)) == ["sadness", "sadness"]
    with pytest.raises(DataError, match=r"1\.png may mean happy/1\.png and sad/1\.png"):
        read(table(tmp_path, "name,predicted", "1.png,sad"), reader)


def named(answers: Answers) -> list[str]:
    return [str(answers.labels[one]) for one in answers.predicted]


def pictures(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(more_copies.picture(8, 6))
    return root


def test_names_may_hold_dots(tmp_path: Path) -> None:
    root = pictures(tmp_path / "jaffe", "anger/KA.AN1.39.png", "happy/KA.HA1.29.png")
    reader = ImageFolder(root, "all")
    answers = read(table(tmp_path, "name,predicted", "KA.HA1.29,happy", "KA.AN1.39,sad"), reader)
    assert named(answers) == ["sadness", "happiness"]
    with pytest.raises(DataError, match=r"have no prediction, such as happy/KA\.HA1\.29\.png"):
        read(table(tmp_path, "name,predicted", "KA.HA2.30.png,happy", "KA.AN1.39,sad"), reader)


def test_a_path_to_a_picture_of_another_split_is_that_picture(tmp_path: Path) -> None:
    files = [f"{split}/{name}/1.png" for split in ("train", "test") for name in ("anger", "happy")]
    root = pictures(tmp_path / "set", *files)
    rows = {
        split: [f"set/{split}/{name}/1.png,sad" for name in ("anger", "happy")]
        for split in ("train", "test")
    }
    reader = ImageFolder(root, "test")
    with pytest.raises(DataError, match="none of its pictures"):
        read(table(tmp_path, "name,predicted", *rows["train"]), reader)
    both = table(tmp_path, "name,predicted", *rows["train"], *rows["test"])
    assert named(read(both, reader)) == ["sadness", "sadness"]


def test_two_columns_that_may_be_the_answers_are_refused(tmp_path: Path) -> None:
    root = pictures(tmp_path / "set", "anger/1.png")
    path = table(tmp_path, "name,expression,predicted", "anger/1.png,anger,happy")
    with pytest.raises(DataError, match="columns expression and predicted may both"):
        read(path, ImageFolder(root, "all"))


def test_an_answer_without_a_box_is_one(tmp_path: Path) -> None:
    root = pictures(tmp_path / "set", "anger/1.png", "anger/2.png", "anger/3.png")
    rows = ("anger/1.png,anger,,,,", "anger/2.png,,,,,", "anger/3.png,fear,1,1,4,4")
    answers = read(
        table(tmp_path, "name,expression,x,y,width,height", *rows), ImageFolder(root, "all")
    )
    assert answers.predicted.tolist() == [
        answers.labels.index("anger"),
        MISSED,
        answers.labels.index("fear"),
    ]


def test_another_size_of_a_picture_is_the_picture(tmp_path: Path) -> None:
    """RAF-DB has each picture in three folders."""
    names = rafdb_copy.names_of("test", 2)
    root = rafdb_copy.write_list(tmp_path / "rafdb", dict.fromkeys(names, 3))
    for images in ("original", "aligned", "aligned_224"):
        rafdb_copy.write_pictures(root, names, images)
    rows = [f"RAF/Image/original/{name}.jpg,fear" for name in names]
    path = table(tmp_path, "name,predicted", *rows)
    for images in ("original", "aligned", "aligned_224"):
        answers = read(path, RAFDB(root, "test", images=images))
        assert named(answers) == ["fear", "fear"]
