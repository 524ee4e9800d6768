from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("datasets")
import datasets

from mien.data.hugging_face import HuggingFace
from mien.data.preparing.prepare import prepare
from mien.errors import DataError, MissingExtra, NotFound, UnknownName
from mien.expressions import BASIC7, BASIC8, LabelSet

CLASSES = ["sad", "Happy", "anger"]
SET = LabelSet.of(["sadness", "happiness", "anger"])
LABELS = {"train": [1, 0, 1, 2, 0, -1], "test": [2, 1]}
SHADES = {"train": [0, 30, 60, 90, 120, 150], "test": [180, 210]}


@pytest.fixture(autouse=True)
def _no_bars() -> None:
    """The library's own writing, which is the tests' and not mien's, is silent too."""
    datasets.disable_progress_bars()


def encoded(shade: int) -> bytes:
    """A grey picture of 4 x 5 pixels."""
    return cv2.imencode(".png", np.full((4, 5, 3), shade, np.uint8))[1].tobytes()


def rows(split: str, **columns: Any) -> datasets.Dataset:
    """A split, with classes by name unless other columns are given."""
    pictures = [{"bytes": encoded(shade), "path": None} for shade in SHADES[split]]
    count = len(pictures)
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=CLASSES)}
    values = {"image": pictures, "label": LABELS[split]} | {
        name: value(split) if callable(value) else value[:count] for name, value in columns.items()
    }
    found = datasets.Dataset.from_dict(values)
    for name, feature in features.items():
        if name not in columns:
            found = found.cast_column(name, feature)
    return found


def saved(root: Path, **columns: Any) -> Path:
    datasets.DatasetDict({one: rows(one, **columns) for one in SHADES}).save_to_disk(str(root))
    return root


def parquet(root: Path, **columns: Any) -> Path:
    (root / "data").mkdir(parents=True)
    for split in SHADES:
        file = root / "data" / f"{split}-00000-of-00001.parquet"
        rows(split, **columns).to_parquet(str(file))
    return root


def folder(root: Path) -> Path:
    """Pictures in folders; without a class there is none, so that one is sad."""
    for split in SHADES:
        table = zip(SHADES[split], LABELS[split], strict=True)
        for number, (shade, label) in enumerate(table):
            path = root / split / CLASSES[max(label, 0)] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(shade))
    return root


def shades(reader: HuggingFace) -> list[int]:
    return [int(np.unique(reader.picture(row)).item()) for row in range(len(reader))]


def error_of(root: Path | str, **options: Any) -> str:
    with pytest.raises(DataError) as raised:
        HuggingFace(root, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("write", [saved, parquet])
def test_saved_and_parquet_give_the_same(write: Callable[[Path], Path], tmp_path: Path) -> None:
    root = write(tmp_path / "a set")
    assert set(HuggingFace.splits_in(root, cache=tmp_path / "cache")) == {"train", "test"}
    train = HuggingFace(root, "train", cache=tmp_path / "cache")
    assert train.labels == SET
    assert train.names == [f"{row:07d}" for row in range(6)]
    assert [train[row].label for row in range(6)] == [1, 0, 1, 2, 0, None]
    assert train.classes_in(BASIC7).tolist() == [1, 3, 1, 4, 3, -1]
    assert shades(train) == SHADES["train"]
    assert train.picture(0).shape == (4, 5, 3)
    test = HuggingFace(root, "test", cache=tmp_path / "cache")
    assert (test.labels, shades(test)) == (SET, SHADES["test"])
    assert train.fingerprint != test.fingerprint


def test_layouts_have_one_fingerprint(tmp_path: Path) -> None:
    one = HuggingFace(saved(tmp_path / "a"))
    assert one.fingerprint == HuggingFace(parquet(tmp_path / "b"), cache=tmp_path).fingerprint


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    train = HuggingFace(folder(tmp_path / "x"), "train", cache=tmp_path / "cache")
    # The library has the classes, and the files in them, in the order of their names.
    assert list(train.labels) == ["happiness", "anger", "sadness"]
    assert train.table.classes is not None
    assert train.table.classes.tolist() == [0, 0, 1, 2, 2, 2]
    assert shades(train) == [0, 60, 90, 30, 120, 150]
    gone = tmp_path / "x/train/Happy/2.png"
    gone.unlink()
    with pytest.raises(DataError, match="0000001 is missing"):
        train.picture(1)


def test_a_single_split(tmp_path: Path) -> None:
    rows("test").save_to_disk(str(tmp_path / "x"))
    reader = HuggingFace(tmp_path / "x", "all")
    assert (reader.splits, shades(reader)) == (("all",), SHADES["test"])
    with pytest.raises(UnknownName, match="known: all"):
        HuggingFace(tmp_path / "x")


def test_it_works_in_another_process(tmp_path: Path) -> None:
    """Pictures do not travel, and are read there from disk."""
    big = [{"bytes": encoded(7) + bytes(200_000), "path": None}] * 6
    reader = HuggingFace(saved(tmp_path / "x", image=big), image_column="image")
    data = pickle.dumps(reader)
    assert len(data) < 20_000
    (tmp_path / "reader").write_bytes(data)
    code = (
        "import pickle, sys\n"
        "reader = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(len(reader), reader[5].picture.sum(), reader[3].label)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "reader")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.split() == ["6", str(7 * 60), "2"]


def test_the_format_of_a_saved_set_does_not_matter(tmp_path: Path) -> None:
    rows("train").with_format("numpy").save_to_disk(str(tmp_path / "x"))
    assert shades(HuggingFace(tmp_path / "x", "all")) == SHADES["train"]


def test_rows_that_were_chosen_before_saving(tmp_path: Path) -> None:
    rows("train").select([4, 1, 3]).save_to_disk(str(tmp_path / "x"))
    reader = HuggingFace(tmp_path / "x", "all")
    assert shades(reader) == [120, 30, 90]
    assert [reader[row].label for row in range(3)] == [0, 0, 2]


def test_further_columns(tmp_path: Path) -> None:
    root = saved(
        tmp_path / "x",
        person=lambda split: [f"{split} {row % 2}" for row in range(len(SHADES[split]))],
        age=[31, None, 7, 8, 9, 10],
        embedding=[[0.5]] * 6,
        raw=[b"x"] * 6,
    )
    reader = HuggingFace(root, "test", group_column="person")
    assert reader.table.groups == ["test 0", "test 1"]
    assert reader.table.attributes == {"age": ["31", ""]}
    assert "the column embedding holds neither" in error_of(root, group_column="embedding")
    bare = HuggingFace(root, label_column=None)
    assert bare.table.classes is None
    assert bare.table.attributes["label"] == ["Happy", "sad", "Happy", "anger", "sad", ""]


def test_labels_as_text(tmp_path: Path) -> None:
    words = {"train": ["joy", "sad", None, "joy", "sad", ""], "test": ["fear", "Sadness"]}
    root = saved(tmp_path / "x", label=words.__getitem__)
    reader = HuggingFace(root)
    assert list(reader.labels) == ["happiness", "sadness", "fear"]
    assert reader.table.classes is not None
    assert reader.table.classes.tolist() == [0, 1, -1, 0, 1, -1]
    few = HuggingFace(root, ignore=["happy"])
    assert (few.names, shades(few)) == (
        ["0000001", "0000002", "0000004", "0000005"],
        [30, 60, 120, 150],
    )
    assert [few[row].label for row in range(4)] == [0, None, 0, None]
    labelled = HuggingFace(root, ignore=[""])
    assert (shades(labelled), labelled.labels) == ([0, 30, 90, 120], reader.labels)


def test_a_prepared_copy_has_no_columns(tmp_path: Path) -> None:
    root = saved(tmp_path / "x")
    original = HuggingFace(root)
    prepare(original, tmp_path / "out", size=16, detector="none", jobs=1)
    prepared = HuggingFace(tmp_path / "out", cache=tmp_path / "cache")
    assert prepared.classes_in(SET).tolist() == [1, 0, 1, 2, 0, -1]
    for root in (tmp_path / "x", tmp_path / "out"):
        few = HuggingFace(root, ignore=["", "Sad"])
        assert few.names == ["0000000", "0000002", "0000003"]
    for option, value in (
        ("image_column", "face"),
        ("label_column", None),
        ("group_column", "person"),
        ("configuration", "small"),
    ):
        message = error_of(tmp_path / "out", **{option: value})
        assert f"{option}={value} chooses something in an original copy" in message


def test_labels_as_numbers(tmp_path: Path) -> None:
    root = saved(tmp_path / "x", label=[7, 0, 3, -1, 1, 2])
    assert "labels must say what it stands for" in error_of(root)
    assert "labels that are no known expressions: 7 (the label 7 is not within" in error_of(
        root, labels=BASIC7
    )
    reader = HuggingFace(root, labels=BASIC8)
    assert [reader[row].label for row in range(6)] == [7, 0, 3, None, 1, 2]


def test_labels_that_are_no_expressions_are_named(tmp_path: Path) -> None:
    names = datasets.ClassLabel(names=["cat", "happy", "dog"])
    pets = rows("train").cast_column("label", names)
    pets.save_to_disk(str(tmp_path / "x"))
    message = error_of(tmp_path / "x", split="all")
    assert "the column label has labels that are no known expressions: cat, dog (" in message
    assert "(columns: image: Image, label: ClassLabel)" in message
    reader = HuggingFace(tmp_path / "x", "all", ignore=["Cat", "dog"])
    assert list(reader.labels) == ["happiness"]
    assert [reader[row].label for row in range(3)] == [0, 0, None]
    assert "no column 'mood'" in error_of(tmp_path / "x", split="all", label_column="mood")


def test_the_column_of_expressions_is_found(tmp_path: Path) -> None:
    def column(name: str) -> datasets.Dataset:
        found = rows("train").rename_column("label", name)
        kind = datasets.ClassLabel(names=["cat", "dog"])
        return found.add_column("pet", [0, 1] * 3).cast_column("pet", kind)

    column("mood").save_to_disk(str(tmp_path / "x"))
    reader = HuggingFace(tmp_path / "x", "all")
    assert reader.labels == SET
    assert reader.table.attributes == {"pet": ["cat", "dog"] * 3}
    twice = column("mood").add_column("old", [0] * 6)
    twice.cast_column("old", datasets.ClassLabel(names=CLASSES)).save_to_disk(str(tmp_path / "y"))
    assert "mood and old could both be column of labels" in error_of(tmp_path / "y", split="all")
    column("x").remove_columns("x").save_to_disk(str(tmp_path / "z"))
    assert "there is no column of labels" in error_of(tmp_path / "z", split="all")


def test_the_column_of_pictures_is_found_or_named(tmp_path: Path) -> None:
    two = rows("train").add_column("face", [encoded(3)] * 6)
    two.cast_column("face", datasets.Image()).save_to_disk(str(tmp_path / "two"))
    assert "several columns hold pictures" in error_of(tmp_path / "two", split="all")
    reader = HuggingFace(tmp_path / "two", "all", image_column="face")
    assert shades(reader) == [3] * 6
    assert "no column holds pictures" in error_of(
        tmp_path / "two", split="all", image_column="label"
    )
    rows("train", image=["a.png"] * 6).save_to_disk(str(tmp_path / "paths"))
    assert "no column holds pictures" in error_of(tmp_path / "paths", split="all")
    # Parquet that another program wrote: no kind of column, but bytes and path.
    plain = [{"bytes": encoded(9), "path": None}] * 6
    rows("train", image=plain).save_to_disk(str(tmp_path / "plain"))
    assert shades(HuggingFace(tmp_path / "plain", "all")) == [9] * 6


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    bad = [
        {"bytes": b"no picture", "path": None},
        {"bytes": None, "path": None},
        {"bytes": None, "path": "https://example.invalid/x.png"},
        {"bytes": None, "path": "gone.png"},
    ]
    # Without saying that they are pictures, as the library would refuse some and fetch others.
    made = datasets.Dataset.from_dict({"image": bad, "label": ["sad"] * 4})
    made.save_to_disk(str(tmp_path / "x"))
    reader = HuggingFace(tmp_path / "x", "all")
    for row, message in enumerate(("is not a picture", "is missing", "no single pict", "is miss")):
        with pytest.raises(DataError, match=f"000000{row}.*{message}"):
            reader.picture(row)


def test_wrong_roots_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no Hugging Face data set at this path"):
        HuggingFace(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "not a data set that the library datasets can read" in error_of(tmp_path / "empty")
    root = saved(tmp_path / "x")
    shutil.make_archive(str(tmp_path / "zipped"), "zip", root)
    assert "give the unpacked folder" in error_of(tmp_path / "zipped.zip")
    with pytest.raises(UnknownName, match="known: test, train"):
        HuggingFace(root, "validation")
    for file in root.rglob("*.arrow"):
        file.write_bytes(file.read_bytes()[:300])
    assert "not a data set that the library datasets can read" in error_of(root)


def test_nothing_is_downloaded_unasked(tmp_path: Path) -> None:
    root = parquet(tmp_path / "x")
    config = "---\nconfigs:\n- config_name: default\n  data_files: memory://x.parquet\n---\n"
    import fsspec

    with fsspec.open("memory://x.parquet", "wb") as file:
        file.write((root / "data/test-00000-of-00001.parquet").read_bytes())
    (root / "README.md").write_text(config)
    assert "names files elsewhere, such as memory://" in error_of(root, cache=tmp_path / "cache")


@pytest.mark.parametrize("address", ["hf://someone/faces@v1", Path("hf://someone/faces@v1")])
def test_an_address_downloads(
    address: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the hub replaced by a local folder."""
    asked: dict[str, Any] = {}
    load = datasets.load_dataset_builder
    local = parquet(tmp_path / "x")

    def fake(name: str, configuration: str | None, **options: Any) -> Any:
        asked.update(options, name=name, configuration=configuration)
        return load(str(local), cache_dir=options["cache_dir"])

    monkeypatch.setattr(datasets, "load_dataset_builder", fake)
    reader = HuggingFace(address, configuration="small", cache=tmp_path / "cache")
    assert asked == {
        "name": "someone/faces",
        "configuration": "small",
        "revision": "v1",
        "cache_dir": str(tmp_path / "cache"),
    }
    assert shades(reader) == SHADES["train"]


def test_damaged_addresses_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "write hf://owner/name" in error_of("hf://faces")

    def fail(*_: Any, **__: Any) -> Any:
        raise datasets.exceptions.DatasetNotFoundError("it\ndoes not exist")

    monkeypatch.setattr(datasets, "load_dataset_builder", fail)
    with pytest.raises(NotFound, match=r"hf://a/b: there is no such data set \(it does not"):
        HuggingFace("hf://a/b")


def test_the_library_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = saved(tmp_path / "x")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"mien\[hub\]"):
        HuggingFace(root)


def test_it_writes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = parquet(tmp_path / "x")
    datasets.enable_progress_bars()
    HuggingFace(root, cache=tmp_path / "cache")
    assert not datasets.are_progress_bars_disabled()
    assert capfd.readouterr() == ("", "")
