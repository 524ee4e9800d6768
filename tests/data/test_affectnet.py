from pathlib import Path
from types import SimpleNamespace

import affectnet_copy
import numpy as np
import pytest

from mien.data.affectnet import AffectNet
from mien.data.annotations import Annotations
from mien.data.reader import Reader
from mien.errors import DataError, ModelError, NotFound, UnknownName
from mien.expressions import BASIC7, BASIC8, LabelSet
from mien.preprocess import Preprocess

TRAIN = (74_874, 134_415, 25_459, 14_090, 6_378, 3_803, 24_882, 3_750)
LABELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1]
PATHS = [affectnet_copy.path_of(number) for number in range(len(LABELS))]
KEPT = [0, 1, 2, 3, 4, 5, 6, 7, 11]


@pytest.fixture
def rows() -> list[str]:
    """A row of each label; three have no face's box."""
    rows = [
        affectnet_copy.row(
            path,
            label,
            box=f"{10 + number},20,90,80",
            landmarks=affectnet_copy.landmark_text(number),
        )
        for number, (path, label) in enumerate(zip(PATHS, LABELS, strict=True))
    ]
    rows[3] = affectnet_copy.row(PATHS[3], 3, box="NULL,NULL,NULL,NULL")
    rows[4] = affectnet_copy.row(PATHS[4], 4, box="-1,-1,-1,-1", landmarks="")
    return rows


@pytest.fixture
def copy(tmp_path: Path, rows: list[str]) -> Path:
    root = affectnet_copy.write_table(tmp_path / "Affect Net ä", rows)
    return affectnet_copy.write_pictures(root, PATHS)


def test_whole_training_table_has_the_published_counts(tmp_path: Path) -> None:
    """287,651 pictures of eight classes and 283,901 of seven, among those without one."""
    labels = np.repeat(np.arange(11), (*TRAIN, 5_000, 2_000, 9_000))
    np.random.default_rng(0).shuffle(labels)
    table = [f"{n % 1000}/{n:056x}.jpg,1,2,3,4,,{one},0,0" for n, one in enumerate(labels.tolist())]
    root = affectnet_copy.write_table(tmp_path, table)
    data = AffectNet(root)
    assert len(data) == 287_651 == sum(TRAIN)
    assert tuple(np.bincount(data.table.classes)) == TRAIN
    assert np.array_equal(data.table.classes, labels[labels < 8])
    assert data.table.landmarks is None
    seven = AffectNet(root, classes=7)
    assert len(seven) == 283_901
    assert tuple(np.bincount(seven.table.classes)) == TRAIN[:7]
    assert len(seven.labels) == 7
    published = {one.images: one for one in AffectNet.published}
    for reader in (data, seven):
        counts = np.bincount(reader.table.classes).tolist()
        expected = dict(zip(reader.labels, counts, strict=True))
        assert published[len(reader)].classes == expected


@pytest.mark.parametrize(("contempt", "seven"), [(500, 3_500), (499, 3_500)])
def test_validation_of_the_newer_release(tmp_path: Path, contempt: int, seven: int) -> None:
    labels = np.repeat(np.arange(8), (*[500] * 7, contempt))
    np.random.default_rng(0).shuffle(labels)
    root = affectnet_copy.zip_arrays(tmp_path / "new.zip", labels.tolist())
    data = AffectNet(root, "val")
    assert len(data) == 3_500 + contempt
    assert len(data) in {one.images for one in AffectNet.published}
    assert sorted(data.names, key=int) == [str(number) for number in range(len(labels))]
    assert data.table.classes.tolist() == [labels[int(name)] for name in data.names]
    assert len(AffectNet(root, "val", classes=7)) == seven


def test_rows_without_an_expression_are_left_out(copy: Path) -> None:
    data = AffectNet(copy)
    assert list(data.names) == [PATHS[number] for number in KEPT]
    assert data.table.classes.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 1]
    # Neutral, happiness, surprise, sadness, anger, disgust, fear, contempt.
    assert data.classes_in(BASIC8).tolist() == [0, 1, 3, 2, 6, 5, 4, 7, 1]
    assert data.classes_in(BASIC7)[7] == -1
    assert abs(int(data.picture(8)[50, 50, 0]) - 110) <= 1
    assert data.side is None


def test_seven_classes_drop_contempt(copy: Path) -> None:
    data = AffectNet(copy, classes=7)
    assert list(data.names) == [PATHS[number] for number in KEPT if number != 7]
    assert list(data.labels) == [
        *("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
    ]
    assert data[7].label == 1
    # The class itself stays as it is.
    assert len(AffectNet.labels) == len(AffectNet(copy).labels) == 8
    with pytest.raises(ModelError, match="classes is '6'; choose one of 7, 8"):
        AffectNet(copy, classes=6)  # type: ignore[arg-type]


def test_boxes_and_landmarks(copy: Path) -> None:
    data = AffectNet(copy, landmarks=True)
    assert data[0].box == (10, 20, 90, 80)
    assert data[8].box == (21, 20, 90, 80)
    assert data[3].box is None
    assert data[4].box is None
    assert data.table.landmarks.shape == (9, 68, 2)
    assert np.array_equal(data.table.landmarks[8], affectnet_copy.points_of(11))
    assert np.isnan(data.table.landmarks[3:5]).all()
    assert not np.isnan(data.table.landmarks[5:]).any()
    assert AffectNet(copy)[0].landmarks is None


@pytest.mark.parametrize(
    ("lists", "images", "header"),
    [
        ("", "Manually_Annotated_Images", True),
        ("Manually_Annotated", "Manually_Annotated/Manually_Annotated_Images", True),
        ("Manually_Annotated_Images", "Manually_Annotated_Images", True),
        ("Manually_Annotated_file_lists", "Manually_Annotated_Images", False),
        ("", "", True),
    ],
)
def test_every_place_of_the_table_is_found(
    tmp_path: Path, rows: list[str], lists: str, images: str, header: bool
) -> None:
    affectnet_copy.write_table(tmp_path, rows, "val", folder=lists, header=header)
    affectnet_copy.write_pictures(tmp_path, PATHS, images)
    data = AffectNet(tmp_path, "val")
    assert list(data.names) == [PATHS[number] for number in KEPT]
    assert abs(int(data.picture(2)[0, 0, 0]) - 20) <= 1


def test_columns_go_by_their_names(copy: Path, rows: list[str]) -> None:
    table = copy / "Manually_Annotated_file_lists/training.csv"
    expected = AffectNet(copy)
    names = affectnet_copy.HEADER.split(",")
    lines = [",".join(names[::-1])] + [",".join(row.split(",")[::-1]) for row in rows]
    # With a byte order mark and Windows' line ends.
    table.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    data = AffectNet(copy)
    assert list(data.names) == list(expected.names)
    assert np.array_equal(data.table.classes, expected.table.classes)
    assert np.array_equal(data.table.boxes, expected.table.boxes, equal_nan=True)


def test_picture_that_is_listed_again_keeps_a_name_of_its_own(tmp_path: Path) -> None:
    rows = [affectnet_copy.row(path, 1) for path in ("1/a.jpg", "1/b.jpg", "1/a.jpg", "1/a.jpg")]
    data = AffectNet(affectnet_copy.write_table(tmp_path, rows))
    assert list(data.names) == ["1/a.jpg", "1/b.jpg", "1/a.jpg#2", "1/a.jpg#3"]
    assert data.table.files[3] == data.table.files[0]


def test_expressions_may_be_written_as_decimals(tmp_path: Path) -> None:
    rows = [affectnet_copy.row(f"1/{n}.jpg", label) for n, label in enumerate(("0.0", "7.", " 3"))]
    data = AffectNet(affectnet_copy.write_table(tmp_path, rows))
    assert data.table.classes.tolist() == [0, 7, 3]


@pytest.mark.parametrize("shape", [(136,), (68, 2)])
def test_landmarks_of_the_newer_release(tmp_path: Path, shape: tuple[int, ...]) -> None:
    root = affectnet_copy.write_arrays(tmp_path, [3, 8, 0])
    for number in (0, 2):  # 1 shows no expression, and needs none
        points = affectnet_copy.array(affectnet_copy.points_of(number).reshape(shape))
        (root / f"val_set/annotations/{number}_lnd.npy").write_bytes(points)
    data = AffectNet(root, "val", landmarks=True)
    assert np.array_equal(data[1].landmarks, affectnet_copy.points_of(2))
    assert data.table.landmarks.shape == (2, 68, 2)
    assert AffectNet(root, "val").table.landmarks is None
    for content in (affectnet_copy.array([1.0, 2.0]), affectnet_copy.array({"x": 1}), b""):
        (root / "val_set/annotations/2_lnd.npy").write_bytes(content)
        with pytest.raises(DataError, match=r"2_lnd\.npy does not hold 68 landmarks$"):
            AffectNet(root, "val", landmarks=True)
    (root / "val_set/annotations/2_lnd.npy").unlink()
    with pytest.raises(DataError, match=r"2_lnd\.npy is missing"):
        AffectNet(root, "val", landmarks=True)


def test_what_operating_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    root = affectnet_copy.write_arrays(tmp_path, [3, 0])
    (root / "val_set/annotations/._1_exp.npy").write_bytes(b"\0\5\26\7")
    assert list(AffectNet(root, "val").names) == ["0", "1"]


@pytest.mark.parametrize("layout", ["folder", "zip"])
def test_newer_release(tmp_path: Path, layout: str) -> None:
    labels = [3, "7", 1.0, np.int64(8), [5], "10", "0"]
    root = affectnet_copy.write_arrays(tmp_path / "new", labels)
    if layout == "zip":
        root = affectnet_copy.zip_folder(root, tmp_path / "new.zip")
    data = AffectNet(root, "val")
    assert list(data.names) == ["0", "1", "2", "4", "6"]
    assert data.table.classes.tolist() == [3, 7, 1, 5, 0]
    assert data[4].picture.shape == (224, 224, 3)
    assert abs(int(data[4].picture[0, 0, 0]) - 120) <= 1
    assert data.side == 224
    assert data[0].box is None
    with pytest.raises(DataError, match=r"neither training\.csv nor train_set/annotations"):
        AffectNet(root, "train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (affectnet_copy.array(11), "expression 11, outside 0 to 10"),
        (affectnet_copy.array(-1), "expression -1, outside 0 to 10"),
        (affectnet_copy.array(2.5), r"2_exp\.npy holds 2\.5, which is no label"),
        (affectnet_copy.array("happy"), r"2_exp\.npy is not an array of one number"),
        (affectnet_copy.array([1, 2]), "is not an array of one number"),
        (
            affectnet_copy.array({"label": 1}),
            r"2_exp\.npy is not an array of one number; copy it again$",
        ),
        (affectnet_copy.array(float("nan")), "holds nan, which is no label"),
        (b"", r"val_set/annotations/2_exp\.npy is not an array"),
        (b"no array", "is not an array"),
        (affectnet_copy.array(1)[:-4], "is not an array"),
    ],
)
def test_damaged_arrays_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    root = affectnet_copy.write_arrays(tmp_path, [1, 2, 3])
    (root / "val_set/annotations/2_exp.npy").write_bytes(content)
    with pytest.raises(DataError, match=message):
        AffectNet(root, "val")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1/c.jpg,1,2,3,4,,happy,0,0", r"training\.csv: line 3 \(1/c\.jpg\) is damaged .*happy"),
        ("1/c.jpg,1,2,3,x,,1,0,0", r"line 3 \(1/c\.jpg\) is damaged .*'x'"),
        ("1/c.jpg,1,2,3,4,,11,0,0", "1/c.jpg in .* has the expression 11, outside 0 to 10$"),
        ("1/c.jpg,1,2,3,4,,-1,0,0\n1/d.jpg,1,2,3,4,,12,0,0", "expression -1.*so are 1 more"),
        ("1/c.jpg,1,2,3,4,,3.5,0,0", r"line 3 \(1/c\.jpg\) is damaged .*'3\.5' is no whole"),
        ("1/c.jpg,1,2,3,4,,nan,0,0", r"line 3 \(1/c\.jpg\) is damaged .*'nan' is no whole"),
        ("1/c.jpg,1,2", r"line 3 is cut off: 1/c\.jpg,1,2"),
        ("1/c.jpg,1,2,3,4,1;2;3,1,0,0", r"landmarks of 1/c\.jpg are not 68 points"),
        ("1/c.jpg,1,2,3,4,1;b,1,0,0", r"landmarks of 1/c\.jpg are not 68 points"),
    ],
)
def test_damaged_rows_are_named(tmp_path: Path, row: str, message: str) -> None:
    rows = [affectnet_copy.row("1/a.jpg", 1, landmarks=affectnet_copy.landmark_text(0)), row]
    root = affectnet_copy.write_table(tmp_path, rows)
    with pytest.raises(DataError, match=message):
        AffectNet(root, landmarks=True)


def test_damaged_tables_are_named(tmp_path: Path) -> None:
    root = affectnet_copy.write_table(tmp_path, ["1/a.jpg,1,2,3,4,,1,0,0"])
    table = tmp_path / "Manually_Annotated_file_lists/training.csv"
    whole = table.read_text()
    table.write_text(whole.replace(",expression", ",emotion").replace("face_x", "x"))
    with pytest.raises(DataError, match="lacks the column face_x, expression; it should have"):
        AffectNet(root)
    table.write_bytes(whole.encode() + "1/\xe4.jpg,1,2,3,4,,1,0,0\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"training\.csv is not UTF-8 text"):
        AffectNet(root)
    for text in ("", affectnet_copy.HEADER):
        table.write_text(text)
        with pytest.raises(DataError, match=r"training\.csv has no rows"):
            AffectNet(root)
    table.write_text(whole.replace(",1,0,0", ",9,0,0"))
    with pytest.raises(DataError, match="no picture of AffectNet's split train is listed"):
        AffectNet(root)
    table.write_text(whole.replace(",1,0,0", ",7,0,0"))
    with pytest.raises(DataError, match="no picture but of contempt"):
        AffectNet(root, classes=7)


def test_wrong_layouts_are_named(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        AffectNet(tmp_path / "nowhere")
    with pytest.raises(UnknownName, match="known: train, val"):
        AffectNet(copy, "test")
    with pytest.raises(
        DataError, match=r"Manually_Annotated release seems to lie in .* Affect Net"
    ):
        AffectNet(tmp_path)
    (copy / "Manually_Annotated_file_lists/training.csv").unlink()
    with pytest.raises(DataError, match=r"Manually_Annotated_Images without training\.csv"):
        AffectNet(copy)
    zipped = affectnet_copy.zip_folder(copy, tmp_path / "a.zip")
    with pytest.raises(DataError, match=r"Manually_Annotated_Images without training\.csv"):
        AffectNet(zipped)
    other = tmp_path / "other"
    (other / "EmoLabel").mkdir(parents=True)
    (other / "EmoLabel/list_patition_label.txt").touch()
    with pytest.raises(DataError, match=r"neither training\.csv nor .*looks like RAF-DB"):
        AffectNet(other)


def test_one_split_alone_is_named(tmp_path: Path) -> None:
    affectnet_copy.write_arrays(tmp_path, [1, 2])
    with pytest.raises(DataError, match="one split alone, give the folder that holds val_set"):
        AffectNet(tmp_path / "val_set", "val")


class Faces:
    """A prepared copy of five faces, of which the third shows contempt."""

    side, preprocess, absent, originals = 112, Preprocess(size=112), 0, {}
    manifest = SimpleNamespace(mosaic=None)

    def packed(self, _: Annotations) -> None:
        """Each picture has a file of its own."""

    def annotations(self, labels: LabelSet, *_: object) -> Annotations:
        assert list(labels) == list(AffectNet.labels)
        files = [f"faces/{number}.jpg" for number in range(5)]
        return Annotations(PATHS[:5], files, classes=np.array([6, 0, 7, 1, 1]))


def test_prepared_copies_drop_contempt_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.data.reader.read_prepared", lambda *_: Faces())
    assert len(AffectNet(tmp_path).labels) == 8
    data = AffectNet(tmp_path, classes=7)
    assert (data.side, len(data.labels)) == (112, 7)
    assert data.table.classes.tolist() == [6, 0, 1, 1]
    assert data.table.files == ["faces/0.jpg", "faces/1.jpg", "faces/3.jpg", "faces/4.jpg"]
    path = tmp_path / "list.txt"
    path.write_text("".join(f"{n}/{PATHS[p].split('/')[1]}\n" for n, p in ((1, 4), (7, 2), (0, 1))))
    assert list(AffectNet(tmp_path, subset=path).names) == [PATHS[1], PATHS[2], PATHS[4]]
    seven = AffectNet(tmp_path, classes=7, subset=path)
    assert list(seven.names) == [PATHS[1], PATHS[4]]


def test_missing_pictures_are_noticed_when_asked_for(copy: Path) -> None:
    (copy / "Manually_Annotated_Images" / PATHS[0]).unlink()
    data: Reader = AffectNet(copy)
    with pytest.raises(DataError, match=f"Manually_Annotated_Images/{PATHS[0]} is missing"):
        data[0]
    assert data[1].name == PATHS[1]
