import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.data.annotations import Annotations
from mien.data.archive import Archive
from mien.data.preparing.manifest import MANIFEST, Manifest, PreparedSplit, read_manifest
from mien.data.preparing.prepared import read_prepared
from mien.data.preparing.prepared_table import file_of, folder_of, source_of, table_text
from mien.errors import DataError
from mien.expressions import BASIC8, LabelSet
from mien.preprocess import Preprocess

ORDER = ("surprise", "neutral", "anger")
NAMES = ["a/1.jpg", 'odd, "quoted"\r name ä.png', "b\n2.png", "4"]
FULL = Annotations(
    names=NAMES,
    files=["x"] * 4,
    classes=np.array([2, -1, 0, 1]),
    votes=np.arange(12).reshape(4, 3),
    action_units=np.array([[1, -1], [0, 0], [1, 1], [-1, 0]], np.int8),
    boxes=np.full((4, 4), 3.0),
    groups=["anna", "", "béla", "anna"],
    attributes={"age": ["3-9", "", "40", "x,y"], "found": ["a", "b", "c", "d"]},
)
BARE = Annotations(names=["p", "q"], files=["p", "q"])


def write(
    root: Path,
    table: Annotations = FULL,
    rows: Sequence[int] = (0, 1, 2, 3),
    class_names: Sequence[str] = ORDER,
    units: Sequence[int] = (4, 12),
    **changes: Any,
) -> Archive:
    """A prepared copy without pictures."""
    root.mkdir(exist_ok=True)
    files = {row: file_of("train", row, table.names[row], "png") for row in rows}
    found = {row: row != 1 for row in rows}
    text = table_text(table, files, found, dict.fromkeys(rows, 9), class_names, units)
    (root / "train.csv").write_bytes(text.encode())
    values: dict[str, Any] = {
        "table": "train.csv",
        "listed": 5,
        "pictures": len(rows),
        "found": sum(found.values()),
        "missing": 0,
        "unreadable": 0,
        "source": "0",
        "class_names": tuple(class_names),
    }
    done = PreparedSplit(**values)
    manifest = Manifest("some", {"preprocess": Preprocess(64).to_dict()}, {"train": done}, "1")
    stored = json.loads(manifest.to_json()) | changes
    (root / MANIFEST).write_text(json.dumps(stored))
    return Archive(root, "Some")


def annotations(archive: Archive, labels: LabelSet = BASIC8) -> Annotations:
    prepared = read_prepared(archive, "some", "train")
    assert prepared is not None
    return prepared.annotations(labels, (4, 12))


def test_everything_comes_back_with_classes_mapped_by_name(tmp_path: Path) -> None:
    archive = write(tmp_path)
    prepared = read_prepared(archive, "some", "train")
    assert prepared is not None
    assert (prepared.side, prepared.class_names) == (64, ORDER)
    assert (prepared.preprocess, prepared.absent) == (Preprocess(64), 1)
    assert list(prepared.sizes().values()) == [9] * 4
    assert prepared.found().tolist() == [True, False, True, True]
    table = annotations(archive)
    assert table.names == NAMES
    assert table.classes.tolist() == [4, -1, 2, 0]  # anger, none, surprise, neutral
    for column in ("classes", "votes", "action_units"):
        assert getattr(table, column).dtype == getattr(FULL, column).dtype
    assert np.array_equal(table.votes, FULL.votes)
    assert np.array_equal(table.action_units, FULL.action_units)
    assert table.groups == FULL.groups
    assert table.attributes == FULL.attributes
    assert (table.boxes, table.landmarks) == (None, None)
    assert annotations(archive, LabelSet.of(ORDER)).classes.tolist() == FULL.classes.tolist()


def test_action_units_are_mapped_by_number(tmp_path: Path) -> None:
    prepared = read_prepared(write(tmp_path), "some", "train")
    assert prepared is not None
    table = prepared.annotations(BASIC8, (12, 4))
    assert np.array_equal(table.action_units, FULL.action_units[:, ::-1])
    with pytest.raises(DataError, match="lacks the column 'action unit:25'"):
        prepared.annotations(BASIC8, (12, 25))


def test_silent_tables_stay_silent_and_other_classes_keep_their_places(tmp_path: Path) -> None:
    table = annotations(write(tmp_path / "bare", BARE, (1,)))
    assert table.names == ["q"]
    silent = table.classes, table.votes, table.action_units, table.groups
    assert (silent, table.attributes) == ((None,) * 4, {})
    things = Annotations(names=["p", "q"], files=["p", "q"], classes=np.array([1, 0]))
    archive = write(tmp_path / "things", things, (0, 1), ("cat", "ship"))
    assert annotations(archive).classes.tolist() == [1, 0]


def test_original_copies_are_none(tmp_path: Path) -> None:
    assert read_prepared(Archive(tmp_path, "Some"), "some", "train") is None
    assert read_manifest(Archive(tmp_path, "Some")) is None


def test_wrong_copies_say_what_to_do(tmp_path: Path) -> None:
    archive = write(tmp_path)
    with pytest.raises(DataError, match="prepared from some, not from other; open it as some"):
        read_prepared(archive, "other", "train")
    with pytest.raises(DataError, match=r"val is not prepared, .*done: train.*mien data prepare"):
        read_prepared(archive, "some", "val")
    with pytest.raises(DataError, match=r"written by a newer mien \(format 3.*upgrade"):
        read_prepared(write(tmp_path, format=3), "some", "train")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "{", "\xff", '{"format": "x"}', '{"format": 1, "splits": {"train": {}}}'],
)
def test_damaged_manifests_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"prepared\.json: damaged"):
        read_prepared(Archive(tmp_path, "Some"), "some", "train")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"surprise", b"amazement", r"row 3 has the class 'amazement'"),
        (b",yes,", b",maybe,", r"row 1, a/1\.jpg"),
        (b",11,", b",eleven,", "eleven"),
        (b"\r\n4,", b"\r\n", "row 4"),
        (b"name,file,", b"", "no header"),
        (b"b\xc3\xa9la", b"b\xe9la", "codec can't decode"),
        (b"x,y", b'"x', "train.csv is damaged"),
    ],
)
def test_damaged_tables_are_named(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    archive = write(tmp_path)
    data = (tmp_path / "train.csv").read_bytes()
    assert old in data
    (tmp_path / "train.csv").write_bytes(data.replace(old, new, 1))
    with pytest.raises(DataError, match=message) as caught:
        annotations(archive)
    assert "\n" not in str(caught.value)


def test_cut_off_and_missing_tables_are_named(tmp_path: Path) -> None:
    archive = write(tmp_path)
    data = (tmp_path / "train.csv").read_bytes()
    for length in range(len(data)):
        (tmp_path / "train.csv").write_bytes(data[:length])
        with pytest.raises(DataError, match=r"train\.csv is damaged"):
            annotations(archive)
    (tmp_path / "train.csv").unlink()
    with pytest.raises(DataError, match=r"train\.csv is missing; prepare it again"):
        annotations(archive)


def test_files_and_splits_have_distinct_plain_names() -> None:
    assert file_of("train", 12_345, "a/fer0001.png", "jpg") == "train/012/0012345-fer0001.jpg"
    odd = [file_of("train", row, name, "png") for row, name in enumerate(["../..", "é/ü", "", "x"])]
    assert len(set(odd)) == 4
    assert all(one.isascii() and ".." not in one and one.count("/") == 2 for one in odd)
    splits = ["my split", "my/split", "my-split", "train", "train.missing"]
    assert len({folder_of(one) for one in splits}) == 5
    assert not any(set("./ ") & set(folder_of(one)) for one in splits)


def test_the_source_changes_with_any_annotation() -> None:
    first = source_of(FULL, ORDER, (4, 12))
    assert first == source_of(FULL, ORDER, (4, 12))
    assert len(first) == 64
    changed = [
        source_of(FULL, ORDER[::-1], (4, 12)),
        source_of(FULL, ORDER, (4, 13)),
        source_of(FULL.rows([0, 1, 2]), ORDER, (4, 12)),
        source_of(FULL.rows([1, 0, 2, 3]), ORDER, (4, 12)),
    ]
    assert len({first, *changed}) == 5
    with pytest.raises(DataError, match="not UTF-8; rename"):
        source_of(Annotations(names=["\udcff"], files=["x"]), ORDER, ())
