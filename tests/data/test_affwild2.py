from pathlib import Path

import more_copies
import numpy as np
import pytest
from more_copies import AFFWILD2_HEADER as NAMES
from more_copies import AFFWILD2_UNITS as UNITS

from mien.data.affwild2 import AffWild2
from mien.data.parts.affwild2_people import person_and_frame
from mien.data.preparing.prepare import prepare
from mien.errors import DataError, InputError, LabelMismatch, ModelError, NotFound
from mien.expressions import BASIC8

NEUTRAL_UNITS = ",".join("0" * 12)
SMILE = "0,0,0,1,0,0,1,0,0,0,1,0"
UNKNOWN = ",".join(["-1"] * 12)


def annotate(
    root: Path,
    task: str,
    part: str,
    person: str,
    lines: list[object],
    header: str | None = None,
) -> None:
    header = header or (UNITS if task.startswith("AU") else NAMES)
    more_copies.write_annotation(root / task / part / f"{person}.txt", header, lines)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Two videos to train on, one of them with two people, and two to validate on."""
    root = tmp_path / "copy ä"
    notes = root / "annotations"
    annotate(notes, "EXPR_Set", "Train_Set", "1-30-1280x720", [0, 0, 4, -1, 4, 4])
    annotate(notes, "EXPR_Set", "Train_Set", "video5_left", [6, 6, 5])
    annotate(notes, "EXPR_Set", "Train_Set", "video5_right", [1, 2, 3])
    annotate(notes, "EXPR_Set", "Validation_Set", "video9", [0, 1])
    annotate(notes, "AU_Set", "Train_Set", "1-30-1280x720", [NEUTRAL_UNITS] * 2 + [SMILE] * 4)
    annotate(notes, "AU_Set", "Train_Set", "video9", [SMILE, SMILE])
    annotate(notes, "AU_Set", "Train_Set", "video7", [NEUTRAL_UNITS, UNKNOWN])
    annotate(notes, "AU_Set", "Validation_Set", "video5_left", [SMILE, SMILE, UNKNOWN])
    more_copies.write_faces(root, "1-30-1280x720", [1, 2, 3, 4, 6])
    more_copies.write_faces(root, "video5_left", [1, 2, 3])
    more_copies.write_faces(root, "video5_right", [2, 3])
    more_copies.write_faces(root, "video9", [1, 2])
    more_copies.write_faces(root, "video7", [1, 2])
    return root


def test_rows_are_frames_with_a_face_and_a_label(copy: Path) -> None:
    data = AffWild2(copy)
    assert list(data.names) == [
        *("1-30-1280x720/00001.jpg", "1-30-1280x720/00002.jpg", "1-30-1280x720/00003.jpg"),
        "1-30-1280x720/00006.jpg",  # 4 has no label, 5 no face
        *("video5_left/00001.jpg", "video5_left/00002.jpg", "video5_left/00003.jpg"),
        *("video5_right/00002.jpg", "video5_right/00003.jpg"),
    ]
    assert data.table.classes.tolist() == [0, 0, 4, 4, 6, 6, 5, 2, 3]
    assert data.class_names == (
        *("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise"),
    )
    assert data.classes_in(BASIC8)[3] == BASIC8.index("happiness")
    # The picture says itself which frame it is.
    for place, frame in enumerate([1, 2, 3, 6, 1, 2, 3, 2, 3]):
        assert data.picture(place)[..., 0].mean() == pytest.approx(20 * frame, abs=5)
    assert data.table.action_units is None
    assert not data.notes


def test_two_people_of_a_video_are_one_group(copy: Path) -> None:
    data = AffWild2(copy)
    assert list(data.table.groups) == ["1-30-1280x720"] * 4 + ["video5"] * 5
    assert data.table.attributes["person"][4] == "video5_left"
    assert data.table.attributes["person"][8] == "video5_right"
    assert data[8].group == "video5"


def test_action_units(copy: Path) -> None:
    data = AffWild2(copy, task="action_units")
    assert data.units == (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
    assert data.table.action_units.dtype == np.int8
    assert list(data.names) == [
        *(f"1-30-1280x720/{number:05d}.jpg" for number in (1, 2, 3, 4, 6)),
        "video7/00001.jpg",
        *("video9/00001.jpg", "video9/00002.jpg"),
    ]
    active = [
        [data.units[place] for place in np.flatnonzero(row)] for row in data.table.action_units
    ]
    assert active == [[], [], [6, 12, 25], [6, 12, 25], [6, 12, 25], [], [6, 12, 25], [6, 12, 25]]
    assert data.table.classes is None
    with pytest.raises(DataError, match="no expressions"):
        data.classes_in(BASIC8)


def test_both_tasks_and_no_video_in_two_splits(copy: Path) -> None:
    train, val = (AffWild2(copy, split, task="both") for split in AffWild2.splits)
    assert not set(train.table.groups) & set(val.table.groups)
    # video9 is one task's validation and video5 the other's: both are validated on.
    assert set(train.table.groups) == {"1-30-1280x720", "video7"}
    assert sorted(note.split()[0] for note in train.notes) == [
        *("video5_left", "video5_right", "video9"),
    ]
    assert train.table.classes.tolist() == [0, 0, 4, -1, 4, -1]
    assert (train.table.action_units >= 0).all(axis=1).tolist() == [True] * 6
    assert list(val.names) == [
        *("video5_left/00001.jpg", "video5_left/00002.jpg", "video5_left/00003.jpg"),
        *("video9/00001.jpg", "video9/00002.jpg"),
    ]
    assert val.table.classes.tolist() == [6, 6, 5, 0, 1]
    assert val.table.action_units[:, 6].tolist() == [1, 1, -1, 1, 1]
    assert train[3].label is None


def test_other_person_of_a_validated_video_is_left_out(copy: Path) -> None:
    moved = copy / "annotations/EXPR_Set/Train_Set/video5_right.txt"
    moved.rename(copy / "annotations/EXPR_Set/Validation_Set/video5_right.txt")
    train, val = AffWild2(copy), AffWild2(copy, "val")
    assert set(train.table.groups) == {"1-30-1280x720"}
    assert train.notes == [
        "video5_left is left out of training, since its video is in a validation set"
    ]
    assert set(val.table.groups) == {"video5", "video9"}


def test_a_person_in_both_sets_of_a_task_is_an_error(copy: Path) -> None:
    annotate(copy / "annotations", "EXPR_Set", "Validation_Set", "video5_left", [0, 0, 0])
    for split in AffWild2.splits:
        with pytest.raises(DataError, match="video5_left is annotated both for training and"):
            AffWild2(copy, split)


@pytest.mark.parametrize(
    ("place", "expressions", "units", "train"),
    [
        ("annotations", "EXPR_Set", "AU_Set", "Training_Set"),
        ("", "EXPR_Set", "AU_Set", "Train_Set"),
        ("Third ABAW Annotations", "EXPR_Classification_Challenge", "AU_Detection_Challenge", ""),
        ("5th_ABAW_Annotations", "EXPR_Classification_Challenge", "AU_Detection_Challenge", ""),
        ("6th ABAW Annotations", "EXPR_Recognition_Challenge", "AU_Detection_Challenge", ""),
        ("ABAW Annotations", "EXPR_Recognition_Challenge", "AU_Detection_Challenge", ""),
        ("my notes", "EXPR_Set", "AU_Set", "Train_Set"),
    ],
)
def test_names_of_all_challenges(
    place: str, expressions: str, units: str, train: str, copy: Path
) -> None:
    before = AffWild2(copy, task="both")
    notes = copy / "annotations"
    (notes / "EXPR_Set/Train_Set").rename(notes / "EXPR_Set" / (train or "Train_Set"))
    (notes / "EXPR_Set").rename(notes / f"x{expressions}")
    (notes / f"x{expressions}").rename(notes / expressions)
    (notes / "AU_Set").rename(notes / f"x{units}")
    (notes / f"x{units}").rename(notes / units)
    for folder in (expressions, units):
        (copy / place).mkdir(exist_ok=True)
        (notes / folder).rename(copy / place / folder)
    given = place if place == "my notes" else None
    data = AffWild2(copy, task="both", annotations=given)
    assert list(data.names) == list(before.names)
    assert np.array_equal(data.table.action_units, before.table.action_units)


@pytest.mark.parametrize("outer", ["cropped_aligned", "cropped_aligned_images"])
def test_places_of_the_faces(outer: str, copy: Path) -> None:
    names = list(AffWild2(copy).names)
    (copy / "cropped_aligned").rename(copy / "faces")
    (copy / outer).mkdir()
    (copy / "faces").rename(copy / outer / "cropped_aligned")
    new = copy / outer / "cropped_aligned_new_50_vids"
    new.mkdir()
    (copy / outer / "cropped_aligned/video5_left").rename(new / "video5_left")
    assert list(AffWild2(copy).names) == names


def test_zip_files_are_read_the_same(copy: Path) -> None:
    archive = more_copies.zipped(copy)
    for split in AffWild2.splits:
        data, zipped = AffWild2(copy, split, task="both"), AffWild2(archive, split, task="both")
        assert list(data.names) == list(zipped.names)
        assert data.fingerprint == zipped.fingerprint


def test_frames_of_other_are_no_rows(copy: Path) -> None:
    folder = copy / "annotations"
    annotate(folder, "EXPR_Set", "Train_Set", "video5_left", [7, 6, 7], f"{NAMES},Other")
    names = [name for name in AffWild2(copy).names if name.startswith("video5_left")]
    assert names == ["video5_left/00002.jpg"]


def test_a_frame_too_many_is_noted_and_many_are_an_error(copy: Path) -> None:
    annotate(copy / "annotations", "EXPR_Set", "Train_Set", "long", [0] * 100)
    more_copies.write_faces(copy, "long", [1, 100, *range(101, 106)])
    data = AffWild2(copy)
    assert data.notes == ["5 pictures of long come after its last annotated frame"]
    assert sum(name.startswith("long/") for name in data.names) == 2
    (copy / "cropped_aligned/long/00106.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="6 of 8 pictures of long come after its last annot"):
        AffWild2(copy)
    annotate(copy / "annotations", "EXPR_Set", "Train_Set", "long", [0] * 99)
    with pytest.raises(DataError, match="7 of 8 pictures"):
        AffWild2(copy)


def test_long_videos_may_have_more_frames_too_many(copy: Path) -> None:
    """2 % of 400."""
    annotate(copy / "annotations", "EXPR_Set", "Train_Set", "long", [0] * 400)
    more_copies.write_faces(copy, "long", [1, *range(401, 409)])
    assert AffWild2(copy).notes == ["8 pictures of long come after its last annotated frame"]
    (copy / "cropped_aligned/long/00409.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="9 of 10 pictures of long"):
        AffWild2(copy)


def test_a_short_video_may_have_a_frame_too_many(copy: Path) -> None:
    """One frame is 8 % of twelve, and no reason to refuse all others."""
    annotate(copy / "annotations", "EXPR_Set", "Train_Set", "short", [6] * 12)
    more_copies.write_faces(copy, "short", range(1, 14))
    data = AffWild2(copy)
    assert data.notes == ["1 picture of short comes after its last annotated frame"]
    assert sum(name.startswith("short/") for name in data.names) == 12


def test_endings_of_pictures_and_foreign_files(copy: Path) -> None:
    names = list(AffWild2(copy).names)
    folder = copy / "cropped_aligned/video5_left"
    for before, after in (("1.jpg", "1.JPG"), ("2.jpg", "2.png"), ("3.jpg", "3.Jpeg")):
        (folder / f"0000{before}").rename(folder / f"0000{after}")
    data = AffWild2(copy)
    assert list(data.names) == names
    assert data.table.files[4].endswith("/video5_left/00001.JPG")
    assert data.picture(4)[..., 0].mean() == pytest.approx(20, abs=5)
    assert not data.notes
    for name in ("00001.jpg", "face.png", "00002.txt"):
        (folder / name).write_bytes(b"x")
    data = AffWild2(copy)
    assert list(data.names) == names
    (note,) = data.notes
    assert note.startswith("3 of 6 files in cropped_aligned/video5_left are no pictures of furth")
    for file in folder.iterdir():
        file.unlink()
    (folder / "face.png").write_bytes(b"x")
    with pytest.raises(DataError, match="1 of 3 annotated people, such as video5_left"):
        AffWild2(copy)


def counted(data: AffWild2, strides: dict[str, int]) -> list[int]:
    """The rows that stay, frame by frame."""
    stays = []
    for person in dict.fromkeys(data.people):
        rows = [row for row, name in enumerate(data.names) if name.startswith(f"{person}/")]
        rows.sort(key=lambda row: int(data.names[row].rpartition("/")[2].removesuffix(".jpg")))
        last, since = None, 0
        for row in rows:
            label = data.table.classes[row]
            if label < 0:
                stays.append(row)
                continue
            since = since + 1 if label == last else 0
            last = label
            if since % strides.get(data.class_names[label], 1) == 0:
                stays.append(row)
    return sorted(stays)


def test_two_people_of_a_video_are_thinned_by_themselves(tmp_path: Path) -> None:
    left, right = [0] * 7 + [4] * 5, [4] * 4 + [0] * 8
    for person, labels in (("video5_left", left), ("video5_right", right), ("video9", [0])):
        part = "Validation_Set" if person == "video9" else "Train_Set"
        annotate(tmp_path / "annotations", "EXPR_Set", part, person, labels)
        more_copies.write_faces(tmp_path, person, range(1, len(labels) + 1))
    data = AffWild2(tmp_path)
    assert data.people == ["video5_left"] * 12 + ["video5_right"] * 12
    assert data.people == list(data.table.attributes["person"])
    assert data.frames.tolist() == [*range(1, 13)] * 2
    rows = data.thinned({"neutral": 3, "happiness": 2})
    assert rows.tolist() == [0, 3, 6, 7, 9, 11, 12, 14, 16, 19, 22]
    assert rows.tolist() == counted(data, {"neutral": 3, "happiness": 2})
    assert data.thinned({}).tolist() == [*range(24)]
    # Frames that have no face end no run.
    for frame in (2, 5):
        (tmp_path / f"cropped_aligned/video5_left/{frame:05d}.jpg").unlink()
    fewer = AffWild2(tmp_path)
    assert fewer.frames[:10].tolist() == [1, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    assert fewer.thinned({"neutral": 3}).tolist()[:3] == [0, 3, 5]
    with pytest.raises(LabelMismatch, match="contempt"):
        data.thinned({"contempt": 2})
    with pytest.raises(InputError, match="at least 1"):
        data.thinned({"neutral": 0})


def test_frames_without_a_class_stay_and_end_no_run(copy: Path, tmp_path: Path) -> None:
    data = AffWild2(copy, task="both")
    assert data.table.classes.tolist() == [0, 0, 4, -1, 4, -1]
    assert data.thinned({"neutral": 2, "happiness": 2}).tolist() == [0, 2, 3, 5]
    prepare(data, tmp_path / "out", detector="none", size=16, jobs=1)
    prepared = AffWild2(tmp_path / "out", task="both")
    assert prepared.prepared
    assert prepared.people == data.people
    assert np.array_equal(prepared.frames, data.frames)
    assert prepared.thinned({"happiness": 2}).tolist() == [0, 1, 2, 3, 5]
    with pytest.raises(DataError, match="no expressions to thin by"):
        AffWild2(tmp_path / "out", task="action_units").thinned({"neutral": 2})
    with pytest.raises(DataError, match="annotations=notes chooses something in an original"):
        AffWild2(tmp_path / "out", task="both", annotations="notes")


def test_names_of_another_form_have_no_frame() -> None:
    assert person_and_frame("video 5_left/00012.jpg") == ("video 5_left", 12)
    for name in ("00012.jpg", "video5/a.jpg", "video5/00012.png"):
        with pytest.raises(DataError, match="is no name of a picture of Aff-Wild2"):
            person_and_frame(name)


def test_tasks_that_disagree_in_length_are_an_error(copy: Path) -> None:
    notes = copy / "annotations"
    annotate(notes, "AU_Set", "Train_Set", "1-30-1280x720", [SMILE] * 12)
    with pytest.raises(DataError, match="1-30-1280x720 has 6 frames with expressions and 12 with"):
        AffWild2(copy, task="both")
    annotate(notes, "EXPR_Set", "Train_Set", "long", [0] * 100)
    annotate(notes, "AU_Set", "Train_Set", "long", [SMILE] * 99)
    annotate(notes, "AU_Set", "Train_Set", "1-30-1280x720", [SMILE] * 6)
    more_copies.write_faces(copy, "long", [1, 100])
    data = AffWild2(copy, task="both")
    assert "long has 100 frames with expressions and 99 with action units" in data.notes
    last = list(data.names).index("long/00100.jpg")
    assert data.table.classes[last] == 0
    assert (data.table.action_units[last] == -1).all()


def test_people_without_pictures(copy: Path) -> None:
    for number in range(60):
        annotate(copy / "annotations", "EXPR_Set", "Train_Set", f"more{number}", [number % 7])
        more_copies.write_faces(copy, f"more{number}", [1])
    annotate(copy / "annotations", "EXPR_Set", "Train_Set", "nobody", [-1, -1])
    assert not AffWild2(copy).notes  # nobody has no label either
    (copy / "cropped_aligned/more7/00001.jpg").unlink()
    assert AffWild2(copy).notes == ["more7 has labels and no picture"]
    (copy / "cropped_aligned/more8/00001.jpg").unlink()
    with pytest.raises(DataError, match="2 of 64 annotated people, such as more7, have no picture"):
        AffWild2(copy)


def test_damaged_annotation_is_named(copy: Path) -> None:
    annotate(copy / "annotations", "EXPR_Set", "Validation_Set", "video9", [0, 7])
    with pytest.raises(DataError, match=r"Validation_Set/video9\.txt: line 3 has 7"):
        AffWild2(copy, "val")


def test_pictures_counted_from_zero_are_refused(copy: Path) -> None:
    (copy / "cropped_aligned/video9/00002.jpg").rename(copy / "cropped_aligned/video9/00000.jpg")
    with pytest.raises(DataError, match="video9 are numbered from 0"):
        AffWild2(copy, "val")


def test_wrong_copies(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        AffWild2(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="task"):
        AffWild2(copy, task="valence")  # type: ignore[arg-type]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no folder EXPR_Set or .* is in annotations"):
        AffWild2(tmp_path / "empty")
    (copy / "annotations/EXPR_Set/Train_Set/video5_left.txt").write_bytes(b"Neutral\xff\n0\n")
    with pytest.raises(DataError, match=r"video5_left\.txt is not UTF-8"):
        AffWild2(copy)
    for file in (copy / "annotations/EXPR_Set/Validation_Set").iterdir():
        file.unlink()
    with pytest.raises(DataError, match="EXPR_Set/Validation_Set has no annotations"):
        AffWild2(copy)


def test_task_chooses_rows_of_a_prepared_copy(copy: Path, tmp_path: Path) -> None:
    both, alone = AffWild2(copy, task="both"), AffWild2(copy)
    for name, data in (("both", both), ("alone", alone)):
        prepare(data, tmp_path / name, detector="none", size=16, jobs=1)
    data = AffWild2(tmp_path / "both")
    assert (data.prepared, data.side) == (True, 16)
    assert data.table.classes.tolist() == [0, 0, 4, 4]
    assert data.table.action_units is None
    assert list(data.names) == [both.names[place] for place in (0, 1, 2, 4)]
    for task in ("action_units", "both"):
        assert len(AffWild2(tmp_path / "both", task=task)) == 6
    with pytest.raises(DataError, match="no labels for the task 'action_units'"):
        AffWild2(tmp_path / "alone", task="action_units")
    assert len(AffWild2(tmp_path / "alone", task="both")) == len(alone)


def test_published_totals() -> None:
    """Table 1 of LLA-Net, papers.md 3.3, which orders anger to neutral."""
    train, val = AffWild2.published
    order = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    assert [train.classes[one] for one in order] == [
        *(25_634, 11_490, 19_279, 171_902, 102_934, 43_306, 546_039),
    ]
    assert [val.classes[one] for one in order] == [
        *(7_389, 7_699, 18_216, 61_307, 35_334, 23_710, 174_827),
    ]
    assert (train.images, val.images) == (920_584, 328_482)
