"""Tables of metadata as users have them, and those that cannot be right."""

from __future__ import annotations

from pathlib import Path

import affectnet_copy
import ferplus_copy
import pytest

from mien.data.affectnet import AffectNet
from mien.data.ferplus import FERPlus
from mien.data.image_folder import ImageFolder
from mien.errors import DataError, NotFound
from mien.evaluation.metadata import read_metadata


def folder(root: Path, *names: str) -> ImageFolder:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return ImageFolder(root, "all")


@pytest.fixture
def split(tmp_path: Path) -> ImageFolder:
    return folder(tmp_path / "set", "happy/1.jpg", "happy/2.jpg", "happy/3.jpg")


@pytest.fixture
def table(tmp_path: Path):
    def write(text: str, name: str = "people.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_values_come_in_the_order_of_the_pictures(table, split) -> None:
    file = table("name,age,gender\nhappy/3.jpg,30,f\nother.jpg,9,m\nhappy/1.jpg,10,\n")
    assert read_metadata(file, split) == {"age": ["10", "", "30"], "gender": ["", "", "f"]}
    assert read_metadata(file, split, ["gender"]) == {"gender": ["", "", "f"]}


def test_folders_may_be_other_ones_where_whole_names_fit_none(table, split) -> None:
    file = table("Image;tone\nfaces/2.jpg;dark\n.\\faces\\1.jpg;light\n")
    assert read_metadata(file, split) == {"tone": ["light", "dark", ""]}


def test_whole_names_go_first(table, split) -> None:
    file = table("file,tone\nhappy/1.jpg,light\nsad/1.jpg,dark\nsad/3.jpg,dark\n2.jpg,grey\n")
    assert read_metadata(file, split) == {"tone": ["light", "grey", ""]}


def test_columns_of_identities_are_no_groups_unless_asked_for(table, tmp_path: Path) -> None:
    names = [f"{place:02}.jpg" for place in range(60)]
    split = folder(tmp_path / "set", *(f"happy/{name}" for name in names))
    lines = "".join(f"{name},{place % 2},p{place}\n" for place, name in enumerate(names))
    file = table("name,side,person\n" + lines)
    assert list(read_metadata(file, split)) == ["side"]
    assert read_metadata(file, split, ["person"])["person"][59] == "p59"


def test_parquet(split, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {"name": ["happy/2.jpg", "happy/1.jpg"], "age": [20, None]}
    parquet.write_table(arrow.table(columns), tmp_path / "people.parquet")
    assert read_metadata(tmp_path / "people.parquet", split) == {"age": ["", "20", ""]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,age\nhappy/1.jpg,1\n", r"no column 'gender' to group by; there are age$"),
        (
            "who,gender\nhappy/1.jpg,f\n",
            r"no column names the picture; call it one of name, .* \(columns: who, gender\)",
        ),
        (
            "name,gender\nhappy/1.jpg,f\nhappy/2.jpg,f\nhappy/1.jpg,f\n",
            r"line 4: the picture happy/1.jpg is here twice, before in line 2",
        ),
        (
            "name,gender\na/1.jpg,f\nb/1.jpg,m\n",
            r"line 3: the picture happy/1.jpg is here twice, before in line 2",
        ),
        (
            "name,gender\nx.jpg,f\ny.jpg,f\n",
            r"none of its pictures, such as x.jpg, is in the split all of .*, such as happy/1",
        ),
        ("name,gender\n", "there are no rows"),
        ("name,gender\nhappy/1.jpg\n", "line 2: 1 values do not fit 2 columns"),
    ],
)
def test_tables_that_cannot_be_right_are_refused(table, split, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_metadata(table(text), split, ["gender"])


def test_other_things_are_refused(table, split, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no table of metadata at this path"):
        read_metadata(tmp_path / "none.csv", split)
    with pytest.raises(NotFound, match="no table of metadata at this path"):
        read_metadata(tmp_path, split)
    with pytest.raises(DataError, match=r"whose name ends in .csv, .parquet, .tsv"):
        read_metadata(table("{}", "people.json"), split)
    with pytest.raises(DataError, match="no column besides name has groups"):
        read_metadata(table("name,age\nhappy/1.jpg,\n"), split)
    twins = folder(tmp_path / "twins", "happy/1.jpg", "sad/1.jpg")
    with pytest.raises(DataError, match=r"line 2: 1\.jpg may mean happy/1\.jpg and sad/1\.jpg"):
        read_metadata(table("name,age\n1.jpg,3\n"), twins)


def test_names_go_without_suffix_and_with_more_folders_as_in_predictions(table, tmp_path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Valid": ferplus_copy.make_faces(3)}
    )
    reader = FERPlus(root, "public-test")
    first, second, third = (name.removesuffix(".png") for name in reader.names)
    file = table(f"Source,age\n{third},30\nmy/{first}.png,10\n{second}.jpg,20\n")
    assert read_metadata(file, reader) == {"age": ["10", "20", "30"]}


def test_a_picture_that_the_set_lists_again_goes_by_the_first(table, tmp_path) -> None:
    paths = ["1/abc.jpg", "1/def.jpg", "1/abc.jpg"]
    rows = [affectnet_copy.row(path, label) for path, label in zip(paths, (0, 1, 2), strict=True)]
    reader = AffectNet(affectnet_copy.write_table(tmp_path, rows, "val"), "val")
    file = table("img,age\n1/def.jpg,20\n1/abc.jpg,10\n")
    assert read_metadata(file, reader) == {"age": ["10", "20", "10"]}
    file = table("img,age\nabc,10\n1/abc.jpg#2,12\n")
    assert read_metadata(file, reader) == {"age": ["10", "", "12"]}
