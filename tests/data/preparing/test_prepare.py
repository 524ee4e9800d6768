import csv
import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import fairface_copy
import ferplus_copy
import more_copies
import numpy as np
import pytest
import tiny_set

from mien.data.checking.completeness import completeness
from mien.data.cifar10 import CIFAR10
from mien.data.fairface import FairFace
from mien.data.ferplus import FERPlus
from mien.data.preparing.alignment import FaceFinder, face_preprocess
from mien.data.preparing.prepare import prepare
from mien.data.preparing.prepare_settings import Settings, differences
from mien.errors import DataError, InputError, ModelError, OutputError, UnknownName
from mien.faces import Detection, WholePicture
from mien.preprocess import FACE_EVOLVE, Preprocess

KILLED = Path(__file__).parents[2] / "prepare_killed.py"
FACES = ferplus_copy.make_faces(12)


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    splits = {"FER2013Train": FACES, "FER2013Valid": ferplus_copy.make_faces(5, seed=1)}
    return ferplus_copy.write_folders(tmp_path / "copy", splits)


@pytest.fixture
def some_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that finds a face in bright pictures alone."""

    def find(_: WholePicture, pictures: list) -> list:
        box = (64.0, 64.0, 64.0, 64.0)
        return [[Detection(box, 1.0)] if one.mean() > 127 else [] for one in pictures]

    monkeypatch.setattr(WholePicture, "__call__", find)
    monkeypatch.setattr("mien.faces.create.MTCNN", lambda **_: WholePicture())


def content(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in folder.rglob("*")
        if one.is_file()
    }


def start(*arguments: object) -> "subprocess.Popen[str]":
    """Run prepare_killed.py as the leader of a process group."""
    command = [sys.executable, "-W", "error", KILLED, *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where a shell started the tests in the background, Ctrl-C is switched off.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_end_of_group(group: int) -> None:
    """Until no process of it is left."""
    for _ in range(1200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("processes were left behind")


def test_ferplus_is_the_same_prepared(faces: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    for split, count in (("train", 12), ("public-test", 5)):
        report = prepare(
            FERPlus(faces, split),
            tmp_path / "out",
            detector="none",
            jobs=1,
            progress=lambda *done: seen.append(done),
        )
        assert (report.pictures, report.found, report.not_found) == (count, count, ())
    assert seen[:13] == [(done, 12) for done in range(13)]
    for split in ("train", "public-test"):
        original, prepared = FERPlus(faces, split), FERPlus(tmp_path / "out", split)
        assert prepared.prepared
        assert prepared.names == original.names
        assert np.array_equal(prepared.votes, original.votes)
        assert np.array_equal(prepared.table.classes, original.table.classes)
        assert prepared.images.shape == (len(original), 112, 112)
        for index in range(len(original)):
            expected = cv2.resize(original.images[index], (112, 112))
            difference = np.abs(prepared.picture(index)[..., 0].astype(int) - expected)
            assert difference.max() <= 2
    names = {one.name for one in (tmp_path / "out").iterdir()}
    csv = {f"{split}{end}.csv" for split in ("train", "public-test") for end in ("", ".missing")}
    assert names == {"prepared.json", "train", "public-test", *csv}
    with pytest.raises(DataError, match=r"private-test is not prepared.*train, public-test"):
        FERPlus(tmp_path / "out", "private-test")


def test_fairface_is_the_same_prepared_and_zipped(tmp_path: Path) -> None:
    root = fairface_copy.write(tmp_path / "copy", 9)
    report = prepare(
        FairFace(root), tmp_path / "out", detector="none", size=64, picture_format="jpg", jobs=1
    )
    assert (
        "train: 9 of 9 pictures cut without a detector; 9 pictures of 64x64 in" in report.sentence()
    )
    zipped = ferplus_copy.zip_folder(tmp_path / "out", tmp_path / "out.zip")
    original = FairFace(root)
    for copy in (tmp_path / "out", zipped):
        prepared = FairFace(copy)
        assert prepared.names == original.names
        assert prepared.table.attributes == original.table.attributes
        assert np.array_equal(prepared.ages, original.ages)
        picture = prepared.picture(3)
        assert picture.shape == (64, 64, 3)
        expected = cv2.resize(original.picture(3), (64, 64), interpolation=cv2.INTER_AREA)
        assert np.abs(picture.astype(int) - expected).max() < 12


def test_the_sets_boxes_are_cut_without_a_detector(tmp_path: Path) -> None:
    reader = tiny_set.TinySet(tiny_set.write(tmp_path / "copy"), boxes=True)
    prepare(reader, tmp_path / "out", detector="none", size=48, jobs=1)
    prepared = tiny_set.TinySet(tmp_path / "out")
    assert prepared.table.groups == reader.table.groups
    assert prepared.table.boxes is None
    # The box (2, 2, 20, 20) with its margin: 24.4 pixels around (12, 10.5).
    side, centre = 20 * 1.22, np.array([12, 12 - 0.06 * 20 * 1.22])
    corner = centre - side / 2
    zoom = 48 / side
    matrix = np.array([[zoom, 0, -corner[0] * zoom], [0, zoom, -corner[1] * zoom]])
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    expected = cv2.warpAffine(reader.picture(4), matrix, (48, 48), borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(prepared.picture(4).astype(int) - expected).max() <= 2


@pytest.mark.usefixtures("some_missing")
def test_faces_not_found_are_listed_and_kept_or_dropped(tmp_path: Path) -> None:
    images, votes = ferplus_copy.make_faces(10)
    images[:] = 200
    images[[2, 7]] = 10
    root = ferplus_copy.write_folders(tmp_path / "copy", {"FER2013Train": (images, votes)})
    reader, missing = FERPlus(root), ("fer0000002.png", "fer0000007.png")
    kept = prepare(reader, tmp_path / "kept", jobs=1)
    dropped = prepare(reader, tmp_path / "dropped", missing="drop", jobs=1)
    for report, count in ((kept, 10), (dropped, 8)):
        assert (report.pictures, report.found, report.not_found) == (count, 8, missing)
        assert "8 of 10 faces found by mtcnn (80.00%)" in report.sentence()
        assert len(FERPlus(report.output)) == count
    rule = "the others kept as what is around the set's box or the whole picture, resized"
    assert rule in kept.sentence()
    assert "the others dropped" in dropped.sentence()
    assert FERPlus(tmp_path / "kept").picture(2).max() == 10  # the whole picture
    assert not set(missing) & set(FERPlus(tmp_path / "dropped").names)
    assert np.array_equal(FERPlus(tmp_path / "dropped").votes, np.delete(reader.votes, [2, 7], 0))
    lines = (tmp_path / "dropped/train.missing.csv").read_text().splitlines()
    assert lines == ["name,what,why", *(f"{name},face not found," for name in missing)]
    for before in (kept, dropped):
        rule = "keep" if before is kept else "drop"
        again = prepare(reader, before.output, missing=rule, jobs=1)
        assert (again.not_found, again.found, again.earlier) == (missing, 8, 10)
        assert again.done_before
        assert "all was done before" in again.sentence()
        assert not before.done_before


def test_unreadable_pictures_stop_the_split_until_they_are_repaired(
    faces: Path, tmp_path: Path
) -> None:
    damaged = faces / "FER2013Train/fer0000004.png"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"no picture")
    (faces / "FER2013Train/fer0000009.png").rename(tmp_path / "elsewhere.png")
    reader = FERPlus(faces)
    with pytest.raises(
        DataError,
        match=r"2 pictures of train cannot be read, all others of train.*0004.*0009.png is missing",
    ):
        prepare(reader, tmp_path / "out", detector="none", jobs=1)
    with pytest.raises(DataError, match=r"train is not prepared, or not to its end"):
        FERPlus(tmp_path / "out")
    kind = "is not a picture (JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF, PNM)"
    lines = (tmp_path / "out/train.unreadable.csv").read_text().splitlines()
    assert list(csv.reader(lines)) == [
        ["name", "what", "why"],
        ["fer0000004.png", "unreadable", f"FER2013Train/fer0000004.png {kind}"],
        ["fer0000009.png", "unreadable", "FER2013Train/fer0000009.png is missing"],
    ]
    damaged.write_bytes(whole)
    (tmp_path / "elsewhere.png").rename(faces / "FER2013Train/fer0000009.png")
    report = prepare(reader, tmp_path / "out", detector="none", jobs=1)
    assert (report.earlier, report.pictures) == (10, 12)
    assert not (tmp_path / "out/train.unreadable.csv").exists()

    damaged.write_bytes(b"")
    report = prepare(reader, tmp_path / "less", detector="none", unreadable="drop", jobs=1)
    assert (report.unreadable, report.pictures) == (("fer0000004.png",), 11)
    assert "1 picture could not be read and is left out" in report.sentence()
    assert len(FERPlus(tmp_path / "less")) == 11
    last = (tmp_path / "less/train.missing.csv").read_text().splitlines()[-1]
    assert last == "fer0000004.png,unreadable,FER2013Train/fer0000004.png is empty"

    # What was left out is tried again, unless it is to be left out again.
    drop = {"detector": "none", "jobs": 1, "unreadable": "drop"}
    before = content(tmp_path / "less")
    assert prepare(reader, tmp_path / "less", **drop).done_before
    with pytest.raises(DataError, match=r"1 picture of train.*is empty.*--unreadable drop \(in P"):
        prepare(reader, tmp_path / "less", detector="none", jobs=1)
    assert len(FERPlus(tmp_path / "less")) == 11
    assert prepare(reader, tmp_path / "less", **drop).pictures == 11
    assert content(tmp_path / "less") == before
    damaged.write_bytes(whole)
    report = prepare(reader, tmp_path / "less", detector="none", jobs=1)
    assert (report.earlier, report.pictures, report.unreadable) == (11, 12, ())
    assert content(tmp_path / "less") == content(tmp_path / "out")


def test_other_settings_sets_and_folders_are_refused(faces: Path, tmp_path: Path) -> None:
    reader, out = FERPlus(faces), tmp_path / "out"
    prepare(reader, out, detector="none", jobs=1)
    before = content(out)
    for options, message in (
        ({"size": 224}, r"begun with --size 112, not 224; name"),
        ({"missing": "drop"}, r"begun with --missing keep, not drop; name"),
        (
            {"detector": "mtcnn"},
            "--align square, not similarity; --detector none, not mtcnn; name",
        ),
        ({"picture_format": "jpg"}, r"begun with --format png, not jpg; name"),
    ):
        with pytest.raises(OutputError, match=message):
            prepare(reader, out, **{"detector": "none", "jobs": 1, **options})
    other = FairFace(fairface_copy.write(tmp_path / "fairface", 2))
    with pytest.raises(OutputError, match="begun from ferplus, not from fairface"):
        prepare(other, out, detector="none")
    table = faces / "FER2013Train/label.csv"
    table.write_text(table.read_text().replace(",8,", ",7,", 1))
    with pytest.raises(OutputError, match="train was prepared from other annotations"):
        prepare(FERPlus(faces), out, detector="none")
    copied = content(faces)
    for inside in (faces, faces / "new", faces / ".." / "copy" / "FER2013Train"):
        with pytest.raises(OutputError, match=r"lies in the original copy .*copy, which stays"):
            prepare(FERPlus(faces), inside, detector="none")
    assert content(faces) == copied
    with pytest.raises(OutputError, match="not empty, and not a prepared copy"):
        prepare(reader, tmp_path, detector="none")
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="file: is a file where a folder is needed"):
            prepare(reader, path, detector="none")
    cifar = tmp_path / "cifar-10-batches-bin"
    batches = {f"data_batch_{number}": more_copies.cifar10_records(3) for number in range(1, 6)}
    more_copies.write_cifar10_binary(cifar, batches)
    with pytest.raises(InputError, match="CIFAR-10 has no faces"):
        prepare(CIFAR10(cifar), tmp_path / "again", detector="none")
    with pytest.raises(InputError, match="prepared already"):
        prepare(FERPlus(out), tmp_path / "again")
    assert content(out) == before


def test_another_file_of_the_detector_is_another_setting() -> None:
    first = Settings(detector="none").to_dict()
    other = first | {"detector_sha256": ["0"]}
    assert differences(first, other) == "another file of the detector"
    assert differences(first, Settings(detector="none", size=48).to_dict()) == "--size 112, not 48"
    assert "another version of mien" in differences(first | {"method": 0}, first)
    assert differences(first, first) == ""


def test_faces_are_cut_as_a_model_cuts_them(tmp_path: Path) -> None:
    model = Preprocess(56, "grey", std=(0.2, 0.2, 0.2), scale=1.4, shift=(0.1, -0.1))
    cut = Preprocess(64, scale=1.4, shift=(0.1, -0.1))
    settings = Settings(64, "none", like=model)
    assert settings.preprocess == cut
    aligned = replace(model, align="similarity", template=FACE_EVOLVE)
    assert Settings(64, like=aligned).preprocess == replace(
        cut, align="similarity", template=FACE_EVOLVE
    )
    before = Settings(64, "none").to_dict()
    assert "cut as another model" in differences(before, settings.to_dict())
    with pytest.raises(InputError, match="no landmarks"):
        Settings(64, "none", like=aligned)
    with pytest.raises(InputError, match="not both"):
        Settings(64, "none", align="square", like=model)
    root = ferplus_copy.write_folders(
        tmp_path / "copy", {"FER2013Train": ferplus_copy.make_faces(3)}
    )
    prepare(FERPlus(root), tmp_path / "out", detector="none", size=64, like=model)
    assert FERPlus(tmp_path / "out").preprocess == cut


@pytest.mark.usefixtures("some_missing")
@pytest.mark.parametrize("missing", ["keep", "drop"])
def test_what_is_damaged_of_a_finished_split_is_made_again(missing: str, tmp_path: Path) -> None:
    images, votes = ferplus_copy.make_faces(10)
    images[:] = 200
    images[[2, 7]] = 10
    root = ferplus_copy.write_folders(tmp_path / "copy", {"FER2013Train": (images, votes)})
    (root / "FER2013Train/fer0000005.png").write_bytes(b"")
    reader, out = FERPlus(root), tmp_path / "out"
    options = {"missing": missing, "unreadable": "drop", "jobs": 1}
    prepare(reader, out, **options)
    whole = content(out)
    table, listing = out / "train.csv", out / "train.missing.csv"
    pictures = sorted((out / "train/000").iterdir())

    def damage(path: Path, data: bytes | None) -> int:
        """Of how many pictures nothing had to be done."""
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
        report = prepare(reader, out, **options)
        assert content(out) == whole
        assert (report.found, report.not_found) == (7, ("fer0000002.png", "fer0000007.png"))
        return report.earlier

    assert prepare(reader, out, **options).done_before
    assert damage(pictures[0], None) == 9
    assert damage(pictures[1], b"") == 9
    assert damage(pictures[3], pictures[3].read_bytes()[:-9]) == 9
    for lost in (None, b"", table.read_bytes()[:-20]):
        assert damage(table, lost) == 0
    # Without the list it is not known of which rows there is no picture.
    for lost in (None, b"", b"\xff"):
        assert damage(listing, lost) == (9 if missing == "keep" else 7)
    pictures[0].unlink()
    assert damage(listing, None) == (8 if missing == "keep" else 6)


def test_a_copy_that_was_incomplete_before_stays_so_when_prepared(
    faces: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (faces / "FER2013Train/fer0000004.png").write_bytes(b"")
    prepare(FERPlus(faces), tmp_path / "out", detector="none", jobs=1, unreadable="drop")
    sizes = "28,546 fewer than the 28,558 of label.csv of FER+; an incomplete copy"
    assert f"FER+ train: 12 pictures, {sizes}" in [one.message for one in caplog.records]
    prepared = FERPlus(tmp_path / "out")
    assert prepared.absent == 1
    assert prepared.preprocess == face_preprocess(112, "square")
    state = completeness(prepared)
    assert state.too_few
    assert state.sentence() == f"FER+ train: 11 pictures, of 12 in the original, {sizes}"
    assert not state.missing


def test_what_is_left_out_on_purpose_makes_no_copy_incomplete(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader = tiny_set.TinySet(tiny_set.write(tmp_path / "copy"))
    (tmp_path / "copy/train/3.png").write_bytes(b"")
    (tmp_path / "copy/train/5.png").write_bytes(b"")
    prepare(reader, tmp_path / "out", detector="none", jobs=1, unreadable="drop")
    prepared = tiny_set.TinySet(tmp_path / "out")
    sentence = "Tiny train: 5 pictures, of 7 in the original, as published: the authors"
    assert completeness(prepared).sentence() == sentence
    assert (prepared.absent, completeness(prepared).too_few, caplog.records) == (2, False, [])


def test_boxes_that_cannot_be_meant_are_no_faces(tmp_path: Path) -> None:
    reader = tiny_set.TinySet(tiny_set.write(tmp_path / "copy"), boxes=True)
    for row, box in enumerate(([900, 900, 20, 20], [-999, -999, 2032, 2032], [3, 3, 4, 4])):
        reader.table.boxes[row] = box
    for missing, count in (("keep", 7), ("drop", 4)):
        out = tmp_path / missing
        report = prepare(reader, out, detector="none", missing=missing, jobs=1)
        assert (report.pictures, report.found, report.not_found) == (count, 4, ("0", "1", "2"))
    kept = tiny_set.TinySet(tmp_path / "keep")
    expected = cv2.resize(reader.picture(1), (112, 112)).astype(int)
    assert np.abs(kept.picture(1) - expected).max() <= 2
    sentence = prepare(reader, tmp_path / "keep", detector="none", jobs=1).sentence()
    assert "4 of 7 pictures cut without a detector" in sentence
    assert "(without a usable box) kept as the whole picture, resized" in sentence


def test_wrong_options_are_refused(faces: Path, tmp_path: Path) -> None:
    reader, out = FERPlus(faces), tmp_path / "out"
    for options, error in (
        ({"size": 8}, InputError),
        ({"jobs": 0}, InputError),
        ({"missing": "kep"}, UnknownName),
        ({"align": "skewed"}, UnknownName),
        ({"picture_format": "gif"}, UnknownName),
        ({"unreadable": "skip"}, UnknownName),
        ({"detector": "mtcn"}, UnknownName),
        ({"detector": "yunet"}, InputError),
        ({"detector": "none", "align": "similarity"}, InputError),
        ({"detector": "yunet", "detector_model": "nowhere.onnx"}, ModelError),
    ):
        with pytest.raises(error):
            prepare(reader, out, **options)
    assert not out.exists()


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = FERPlus(faces)
    prepare(reader, tmp_path / "whole", detector="none", jobs=1)
    write, room = Path.write_bytes, [8]

    def fill(path: Path, data: bytes) -> int:
        room[0] -= 1
        if room[0] < 0:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OutputError, match=r"cannot be written \(No space left.*goes on"):
        prepare(reader, tmp_path / "out", detector="none", jobs=1)
    monkeypatch.undo()
    report = prepare(reader, tmp_path / "out", detector="none", jobs=1)
    assert report.earlier == 7  # the manifest took the first place
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_pictures_that_have_gone_since_are_made_again(faces: Path, tmp_path: Path) -> None:
    reader, out = FERPlus(faces), tmp_path / "out"

    def stop(done: int, _: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(reader, out, detector="none", jobs=1, progress=stop)
    first, second, *_ = sorted((out / "train/000").iterdir())
    first.unlink()
    second.write_bytes(b"")
    assert prepare(reader, out, detector="none", jobs=1).earlier == 4
    assert FERPlus(out).images.shape == (12, 112, 112)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_step_it_ends_as_if_it_never_was(tmp_path: Path) -> None:
    splits = {"FER2013Train": ferplus_copy.make_faces(4)}
    root = ferplus_copy.write_folders(tmp_path / "copy", splits)
    # Manifest, table, list, manifest: two each; a picture two and its line; the journal. Of a
    # finished copy that lacks a picture: journal, picture, line, table, list, manifest, journal.
    for verb, expected in (("steps", 4 * 2 + 4 * 3 + 1), ("mending", 2 + 2 + 1 + 3 * 2 + 1)):
        process = start(verb, root, tmp_path / verb)
        out, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
        assert int(out) == expected


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_killed_and_interrupted_with_two_processes(tmp_path: Path) -> None:
    splits = {"FER2013Train": ferplus_copy.make_faces(80)}
    root = ferplus_copy.write_folders(tmp_path / "copy", splits)
    prepare(FERPlus(root), tmp_path / "whole", detector="none", jobs=1)
    for number, deadly in ((10, signal.SIGKILL), (30, signal.SIGINT)):
        process = start("run", root, tmp_path / "out", 2, "none")
        for line in process.stdout or ():
            if int(line.split()[0]) >= number:
                break
        if deadly == signal.SIGINT:
            os.killpg(process.pid, deadly)  # as a terminal does
        else:
            process.kill()
        _, error = process.communicate(timeout=300)
        assert error.count("Traceback") == (deadly == signal.SIGINT), error
        wait_for_end_of_group(process.pid)
        lines = (tmp_path / "out/train.journal").read_bytes().count(b"\n") - 1
        assert number <= lines < 80
    done = prepare(FERPlus(root), tmp_path / "out", detector="none", jobs=1)
    assert done.earlier == lines
    assert content(tmp_path / "out") == content(tmp_path / "whole")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_interrupted_while_processes_start(tmp_path: Path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "copy", {"FER2013Train": ferplus_copy.make_faces(80)}
    )
    process = start("run", root, tmp_path / "out", 2, "none")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)  # both import now
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=300)
    assert error.count("Traceback") == 1, error
    assert error.rstrip().endswith("KeyboardInterrupt")


def test_real_faces_are_found_and_brought_onto_the_template(
    shared_data: Path, tmp_path: Path
) -> None:
    """MTCNN, stopped on the way; what it finds in the crops is where the template has it."""
    for reader in (
        FERPlus(shared_data / "ferplus.zip", "public-test"),
        FairFace(shared_data / "fairface112.zip"),
    ):
        reader.table = reader.table.rows(range(0, 1200, 80))
        out = tmp_path / reader.name
        with pytest.raises(ZeroDivisionError):
            prepare(reader, out, jobs=1, progress=lambda done, total: 1 / (total - 4 - done))
        report = prepare(reader, out, jobs=1)
        assert (report.earlier, report.pictures) == (11, 15)
        assert report.found >= 13
        prepared = type(reader)(out, reader.split)
        assert list(prepared.names) == list(reader.names)
        finder, distances = FaceFinder("mtcnn").open(), []
        for index, name in enumerate(prepared.names):
            face = None if name in report.not_found else finder(prepared.picture(index))
            if face is not None and face.landmarks is not None:
                distances.append(np.abs(face.landmarks - np.array(FACE_EVOLVE) * 112).mean())
        assert len(distances) >= 12
        assert np.median(distances) < 3.5
