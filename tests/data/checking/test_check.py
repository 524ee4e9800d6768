"""The checker against copies with each kind of damage, and the known numbers of FER+."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import ferplus_copy
import more_copies
import numpy as np
import pytest
import tiny_set

from mien.data.checking.check import check
from mien.data.checking.check_pictures import are_outside
from mien.data.checking.check_report import KINDS, CheckReport
from mien.data.checking.completeness import completeness
from mien.data.ferplus import FERPlus
from mien.data.reader_options import options_from_text
from mien.errors import DataError, InputError, NotFound, UnknownName


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny_set.register(monkeypatch)
    return tiny_set.write(tmp_path / "copy")


def run(root: Path, **options: object) -> CheckReport:
    return check("tiny", root, jobs=2, **options)  # type: ignore[arg-type]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_right_copy_has_no_problems(root: Path) -> None:
    report = run(root)
    assert report.ok
    assert (report.problems, report.counts, report.unlisted) == ((), {}, 0)
    train = report.splits["train"]
    assert (train.images, train.decoded, train.sizes) == (7, 7, ((32, 32), (32, 32)))
    assert {name: n for name, n in train.classes.items() if n} == {"neutral": 4, "happiness": 3}
    assert [(fit.source, fit.exact, fit.difference) for fit in train.fits] == [
        ("the authors", True, 0),
        ("a paper", False, 1),
    ]
    assert all(one.equal == 0 and one.near == 0 for one in report.copies)
    assert train.fingerprint == tiny_set.TinySet(root).fingerprint
    assert "as published: the authors" in str(report)
    assert "problems: none" in str(report)


def test_the_report_is_json(root: Path) -> None:
    (root / "train/2.png").unlink()
    plain = json.loads(run(root).to_json())
    assert plain["ok"] is False
    assert plain["counts"] == {"missing": 1}
    assert plain["problems"] == [
        {"kind": "missing", "split": "train", "name": "2", "message": "train/2.png is missing"}
    ]
    assert plain["splits"]["test"]["fits"][0]["exact"] is True
    assert plain["splits"]["train"]["sizes"] == [[32, 32], [32, 32]]


def jpeg() -> bytes:
    return cv2.imencode(".jpg", tiny_set.picture(99))[1].tobytes()


def large() -> bytes:
    return cv2.imencode(".png", np.zeros((33, 32, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("missing", None, "train/2.png is missing"),
        ("empty", lambda: b"", "train/2.png is empty"),
        ("cut off", lambda: jpeg()[:-200], "train/2.png is cut off or damaged"),
        ("undecodable", lambda: b"no picture at all\n" * 9, "is not a picture"),
        ("size", large, "train/2.png is 32x33 pixels, not 32x32"),
    ],
)
@pytest.mark.parametrize("jobs", [1, 3])
def test_damaged_files_are_named(
    root: Path, kind: str, content: Callable[[], bytes] | None, message: str, jobs: int
) -> None:
    (root / "train/2.png").unlink()
    if content is not None:
        (root / "train/2.png").write_bytes(content())
    report = check("tiny", root, jobs=jobs)
    assert report.counts == {kind: 1}
    (problem,) = report.problems
    assert (problem.kind, problem.split, problem.name) == (kind, "train", "2")
    assert message in problem.message
    assert str(root) not in problem.message
    assert report.splits["train"].decoded == (7 if kind == "size" else 6)


def test_names_labels_and_groups_are_checked(root: Path) -> None:
    edit(root / "train.csv", "train/1.png,0,train-0", "train/1.png,8,train-0")
    edit(root / "test.csv", "test/7.png,0,test-3", "test/7.png,0,train-2")
    (root / "more").mkdir()
    shutil.move(root / "test/9.png", root / "more/10.png")
    edit(root / "test.csv", "test/9.png", "more/10.png")
    report = run(root)
    assert sorted((one.kind, one.split, one.name) for one in report.problems) == [
        ("classes", "train", ""),  # the authors' number of pictures, and other classes
        ("group", "train", "train-2"),
        ("label", "train", "1"),
        ("name", "test", "10"),
    ]
    by_kind = {one.kind: one for one in report.problems}
    assert by_kind["label"].message == "the class 8 is not one of 0 to 7"
    assert by_kind["name"].message == "the name comes 2 times"
    assert by_kind["group"].message == "the group is also in test"
    assert by_kind["classes"].message == "the 7 of the authors; neutral -1"
    assert list(report.counts) == [kind for kind in KINDS if kind in report.counts]


def test_problems_are_named_up_to_a_limit(root: Path) -> None:
    for number in range(5):
        (root / f"train/{number}.png").unlink()
    report = run(root, limit=2)
    assert report.counts == {"missing": 5}
    assert [one.name for one in report.problems] == ["0", "1"]
    assert "files that are missing: 5" in str(report)
    assert "and 3 more" in str(report)


def test_too_few_pictures_are_a_problem_and_more_are_not(root: Path) -> None:
    lines = (root / "train.csv").read_text().splitlines()
    (root / "train.csv").write_text("\n".join(lines[:6]))
    report = run(root)
    assert report.ok, "six is what a paper has"
    assert report.splits["train"].fits[0].source == "a paper"
    assert report.unlisted == 1
    (root / "train.csv").write_text("\n".join(lines[:5]))
    report = run(root)
    assert report.counts == {"incomplete": 1}
    assert report.problems[0].message == "5 pictures, 1 fewer than the 6 of a paper"
    # With options rows may be chosen on purpose.
    report = run(root, options={"classes": 1})
    assert report.ok
    assert report.splits["train"].images == 4
    (root / "train.csv").write_text("\n".join([*lines, "test/7.png,0,x"]))
    report = run(root)
    assert report.ok
    assert str(report.splits["train"].fits[0]).startswith("1 more than the 7 of the authors")


def test_copies_are_findings(root: Path) -> None:
    shutil.copy(root / "train/0.png", root / "train/5.png")
    shutil.copy(root / "train/1.png", root / "test/8.png")
    brighter = (tiny_set.picture(2) * 0.8 + 20).astype(np.uint8)
    cv2.imwrite(str(root / "test/9.png"), brighter)
    report = run(root)
    assert report.ok
    found = {(one.split, one.other): one for one in report.copies}
    inside = found["train", "train"]
    assert (inside.equal, inside.near, inside.pictures) == (1, 1, 7)
    assert inside.examples == (("5", "0"),)
    across = found["test", "train"]
    assert (across.equal, across.near, across.pictures) == (1, 2, 4)
    assert across.examples == (("8", "1"), ("9", "2"))
    assert (found["train", "test"].equal, found["train", "test"].near) == (1, 2)
    assert (found["test", "test"].equal, found["test", "test"].near) == (0, 0)
    assert "1 of 4 in test have a copy in train, 2 with near copies" in str(report)
    only = {(one.split, one.other): one for one in run(root, near=False).copies}
    assert (only["test", "train"].equal, only["test", "train"].near) == (1, None)


def test_a_grey_copy_of_a_coloured_picture_is_a_near_copy(root: Path) -> None:
    grey = cv2.cvtColor(tiny_set.picture(3), cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(root / "test/9.png"), grey)
    found = {(one.split, one.other): one for one in run(root).copies}
    assert (found["test", "train"].equal, found["test", "train"].near) == (0, 1)


def test_among_very_many_pictures_near_copies_are_not_sought(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.data.checking.check.MOST_FOR_NEAR_COPIES", 10)
    report = run(root)
    assert all(one.near is None for one in report.copies)
    assert report.notes == ("near copies are not sought among more than 10 pictures",)


def test_faces_of_one_picture_are_one_picture(root: Path) -> None:
    text = (root / "train.csv").read_text()
    (root / "train.csv").write_text(text + "train/6.png,0,train-3\n")
    inside = run(root, splits=["train"]).copies[0]
    assert (inside.equal, inside.pictures) == (1, 8)
    report = run(root, splits=["train"], options={"boxes": True})
    inside = report.copies[0]
    assert (inside.equal, inside.pictures) == (0, 7)
    train = report.splits["train"]
    assert (train.images, train.files, train.decoded) == (8, 7, 7)
    assert "faces in 7 picture files" in str(report)
    train = report.splits["train"]
    assert (train.images, train.files, train.decoded) == (8, 7, 7)
    assert "faces in 7 picture files" in str(report)
    assert report.splits["train"].fingerprint == tiny_set.TinySet(root, boxes=True).fingerprint


def test_boxes_are_outside_when_less_than_half_is_inside() -> None:
    boxes = {
        (0, 0, 60, 40): False,  # all of the picture
        (-10, 0, 20, 20): False,  # half
        (-11, 0, 20, 20): True,
        (50, 30, 20, 14): True,  # half by one side, 10 of 14 by the other
        (60, 0, 5, 5): True,
        (5, 5, 0.9, 9): True,
        (5, 5, 1, 1): False,
        (5, 50, 9, 9): True,
        (-100, -100, 300, 300): True,
        (np.nan,) * 4: False,
    }
    found = are_outside(np.array(list(boxes), np.float64), 60, 40)
    assert found.tolist() == list(boxes.values())


@pytest.mark.parametrize("jobs", [1, 2])
def test_boxes_outside_their_pictures_are_named(tmp_path: Path, jobs: int) -> None:
    """Pictures of ExpW's copy are 60x40; its boxes are top, left, right, bottom."""
    good = [f"{name}.jpg 0 0 0 40 40 50 {name % 7}" for name in range(40)]
    bad = ["3.jpg 1 0 70 90 20 50 0", "9.jpg 1 30 0 20 90 50 0", "9.jpg 2 0 0 0 0 50 0"]
    names = [f"{name}.jpg" for name in range(40)]
    root = more_copies.write_expw(tmp_path / "expw", good + bad, names)
    report = check("expw", root, jobs=jobs)
    found = {one.name: one.message for one in report.problems if one.kind == "box"}
    assert found == {
        "3.jpg#1": "the box of 20x20 at 70, 0 lies outside the 60x40 pixels",
        "9.jpg#1": "the box of 20x60 at 0, 30 lies outside the 60x40 pixels",
    }
    assert report.counts["box"] == 2
    assert "boxes outside their pictures: 2" in str(report)
    (root / "image/origin/3.jpg").write_bytes(b"")
    report = check("expw", root, jobs=jobs)
    assert (report.counts["box"], report.counts["empty"]) == (1, 1), "its size is not known"
    # Copies are counted among files where faces share them.
    shared = [split for split, one in report.splits.items() if one.files < one.images]
    assert shared
    for one in report.copies:
        assert one.by_file == (one.split in shared)
        assert one.by_file == ("picture files in" in str(one))


def test_a_split_of_which_nothing_is_there_is_no_problem(tmp_path: Path) -> None:
    faces = {"FER2013Train": ferplus_copy.make_faces(20)}
    root = ferplus_copy.write_folders(tmp_path / "ferplus", faces)
    report = check("ferplus", root)
    assert report.counts == {"incomplete": 1}, "of the training split alone"
    assert list(report.absent) == ["public-test", "private-test"]
    assert "FER2013Test/label.csv is missing" in report.absent["private-test"]
    assert json.loads(report.to_json())["absent"] == report.absent
    report = check("ferplus", root, splits=["train", "public-test"])
    assert (report.counts["unreadable"], report.absent) == (1, {})


def test_files_that_no_table_names_are_counted(root: Path) -> None:
    shutil.copy(root / "train/0.png", root / "train/more.png")
    (root / "train/notes.txt").write_text("no picture")
    (root / "elsewhere").mkdir()
    shutil.copy(root / "train/0.png", root / "elsewhere/0.png")
    assert run(root).unlisted == 1
    assert run(root, splits=["train"]).unlisted is None
    assert run(ferplus_copy.zip_folder(root, root.parent / "copy.zip")).unlisted == 1


def test_a_split_that_cannot_be_read_is_a_problem(root: Path) -> None:
    (root / "test.csv").unlink()
    report = run(root)
    assert report.counts == {"unreadable": 1}
    assert report.problems[0].message == "test.csv is missing"
    assert list(report.splits) == ["train"]
    assert run(root, splits=["train"]).ok
    (root / "train.csv").unlink()
    with pytest.raises(DataError, match=r"train\.csv is missing"):
        run(root)


def test_wrong_names_are_refused(root: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean tiny"):
        check("tyny", root)
    with pytest.raises(UnknownName, match="did you mean train"):
        run(root, splits=["trian"])
    with pytest.raises(NotFound, match="nowhere"):
        run(root / "nowhere")


def test_a_damaged_table_of_pixels_is_named_once(tmp_path: Path) -> None:
    faces = {"FER2013Train": ferplus_copy.make_faces(100)}
    copy = ferplus_copy.write_csv(tmp_path / "csv", faces)
    report = check("ferplus", copy, splits=["train"])
    assert (report.counts, report.splits["train"].decoded) == ({"incomplete": 1}, 100)
    text = (copy / "fer2013.csv").read_text()
    (copy / "fer2013.csv").write_text(text.replace(" ", " x", 1))
    report = check("ferplus", copy, splits=["train"])
    assert report.counts == {"incomplete": 1, "undecodable": 1}
    assert report.splits["train"].fingerprint is None


def test_progress_counts_pictures_of_all_splits(root: Path) -> None:
    said: list[tuple[int, int]] = []
    run(root, progress=lambda done, total: said.append((done, total)))
    assert said == [(7, 11), (11, 11)]


def test_an_incomplete_copy_is_told_without_decoding(root: Path) -> None:
    (root / "train/0.png").write_bytes(b"")
    whole = completeness(tiny_set.TinySet(root))
    assert whole.missing == 0
    whole.require()
    assert whole.sentence() == "Tiny train: 7 pictures, as published: the authors"
    for number in range(6):
        (root / f"train/{number}.png").unlink()
    lacking = completeness(tiny_set.TinySet(root))
    assert (lacking.missing, lacking.named) == (6, ("0", "1", "2", "3", "4"))
    assert "6 files are missing, such as 0, 1, 2, 3, 4" in lacking.sentence()
    with pytest.raises(DataError, match=r"6 of 7 pictures are missing, such as 0, 1"):
        lacking.require()


def test_sizes_of_other_classes_are_not_compared(root: Path) -> None:
    assert [fit.source for fit in completeness(tiny_set.TinySet(root, "test")).fits] == [
        "the authors"
    ]


def test_a_small_copy_says_so_on_the_card(root: Path) -> None:
    lines = (root / "train.csv").read_text().splitlines()
    (root / "train.csv").write_text("\n".join(lines[:5]))
    assert completeness(tiny_set.TinySet(root)).sentence() == (
        "Tiny train: 5 pictures, 1 fewer than the 6 of a paper; an incomplete copy"
    )


def test_options_are_read_from_text(root: Path) -> None:  # noqa: ARG001  # registers the set
    settings = {"classes": "1", "boxes": "TRUE", "shift": "-3"}
    assert options_from_text("tiny", settings) == {"classes": 1, "boxes": True, "shift": -3}
    assert options_from_text("tiny", {"shift": "none"}) == {"shift": None}
    with pytest.raises(UnknownName, match="did you mean classes"):
        options_from_text("tiny", {"class": "1"})
    with pytest.raises(InputError, match="--set classes=3: this needs 1, 2"):
        options_from_text("tiny", {"classes": "3"})
    with pytest.raises(InputError, match="--set shift=x: this needs a number, none"):
        options_from_text("tiny", {"shift": "x"})
    with pytest.raises(UnknownName, match="no option of FairFace"):
        options_from_text("fairface", {"x": "1"})


def test_checking_needs_no_torch() -> None:
    modules = "mien.data.checking.check, mien.data.stats_pictures"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_ferplus_has_the_known_copies(shared_data: Path) -> None:
    """The numbers of the specification's 9.11."""
    report = check("ferplus", shared_data / "ferplus.zip", splits=["train", "public-test"])
    assert report.ok
    found = {(one.split, one.other): one for one in report.copies}
    assert found["train", "train"].equal == 1_224
    assert (found["public-test", "train"].equal, found["public-test", "train"].near) == (279, 375)
    public = FERPlus(shared_data / "ferplus.zip", "public-test")
    assert report.splits["public-test"].fingerprint == public.fingerprint
    assert [split.fits[0].exact for split in report.splits.values()] == [True, True]
