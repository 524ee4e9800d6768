"""Models on a split, from one pass to records: on small copies made here, and the real FER+."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import affectnet_copy
import cv2
import more_copies
import numpy as np
import pytest
import rafdb_copy
from sklearn.metrics import accuracy_score

from mien.card import Card
from mien.data.ferplus import FERPlus
from mien.data.rafdb import RAFDB
from mien.errors import DataError, InputError, LabelMismatch, MienError, UnknownName
from mien.evaluation.classifier import Classifier, load_classifier
from mien.evaluation.evaluate import evaluate
from mien.evaluation.manner import Manner
from mien.evaluation.record import read_result, write_result
from mien.expressions import BASIC7, BASIC8, LabelSet
from mien.faces.detection import Detection
from mien.preprocess import Picture, Preprocess

REVERSED = LabelSet(tuple(reversed(BASIC8.expressions)))


def textures(number: int, seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (number, 8, 8), dtype=np.uint8)
    return np.stack([cv2.resize(one, (48, 48)) for one in coarse])


def votes(*rows: str) -> list[list[int]]:
    """Rows such as ``"0:6 3:4"``: column and number of votes."""
    table = []
    for row in rows:
        counts = [0] * 10
        for item in row.split():
            column, number = item.split(":")
            counts[int(column)] = int(number)
        table.append(counts)
    return table


# Majority keeps rows 0, 1, 2, 5; argmax 0 to 3 and 5; all keeps every row.
TEST_VOTES = votes("0:10", "1:8 2:2", "4:9 7:1", "3:5 0:5", "8:6 1:4", "6:10")


def write_split(folder: Path, images: np.ndarray, rows: list[list[int]]) -> None:
    folder.mkdir(parents=True)
    with (folder / "label.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        for number, (image, row) in enumerate(zip(images, rows, strict=True)):
            cv2.imwrite(str(folder / f"fer{number:07d}.png"), image)
            table.writerow([f"fer{number:07d}.png", "(0, 0, 48, 48)", *row])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Training of three faces; of PublicTest's six, 1 is a copy and 5 a near copy."""
    images = textures(6, seed=1)
    near = (images[5] * 0.8 + 20).astype(np.uint8)
    train = np.stack([textures(1, seed=2)[0], images[1], near])
    write_split(tmp_path / "ferplus" / "FER2013Train", train, votes("0:10", "1:10", "2:10"))
    write_split(tmp_path / "ferplus" / "FER2013Valid", images, TEST_VOTES)
    return tmp_path / "ferplus"


@pytest.fixture
def rafdb(tmp_path: Path) -> Path:
    """Fourteen pictures of the seven classes in turns."""
    names = rafdb_copy.names_of("test", 14)
    labels = {name: place % 7 + 1 for place, name in enumerate(names)}
    rafdb_copy.write_list(tmp_path / "rafdb", labels)
    return rafdb_copy.write_pictures(tmp_path / "rafdb", names)


def classifier(labels: LabelSet = REVERSED, says: str = "happiness") -> Classifier:
    """Says one thing of everything, with probability 0.65."""

    def probabilities(inputs: np.ndarray) -> np.ndarray:
        assert inputs.shape[1:] == (3, 40, 40)
        row = np.full(len(labels), 0.35 / (len(labels) - 1), np.float32)
        row[labels.index(says)] = 0.65
        return np.tile(row, (len(inputs), 1))

    card = Card(
        name=says,
        architecture="none",
        labels=labels,
        preprocess=Preprocess(size=40, colour="grey"),
        recipe="smile",
        seed=7,
        commit="c0ffee",
    )
    return Classifier(card, probabilities, "5a")


def test_every_protocol_is_scored_whole_and_clean(root: Path) -> None:
    seen: list[tuple[int, int]] = []
    done = evaluate(
        [classifier()],
        "ferplus",
        root=root,
        with_faces=True,
        progress=lambda *pair: seen.append(pair),
    )
    (result,) = done.results
    numbers = {(one.protocol, one.subset): one for one in result.scores}
    assert {key: one.images for key, one in numbers.items()} == {
        ("majority", "whole"): 4,
        ("majority", "clean"): 2,
        ("argmax", "whole"): 5,
        ("argmax", "clean"): 3,
        ("all", "whole"): 6,
        ("all", "clean"): 4,
    }
    # Happiness is right of picture 1, which is no clean one, and under "all" of picture 4.
    right = {key: one.metrics["accuracy"].value * one.images for key, one in numbers.items()}
    assert right == pytest.approx(
        {
            ("majority", "whole"): 1,
            ("majority", "clean"): 0,
            ("argmax", "whole"): 1,
            ("argmax", "clean"): 0,
            ("all", "whole"): 2,
            ("all", "clean"): 1,
        }
    )
    whole = numbers["majority", "whole"]
    assert whole.metrics["expected_calibration_error"].value == pytest.approx(0.65 - 0.25)
    expected = -(np.log(0.65) + 3 * np.log(0.05)) / 4
    assert whole.metrics["negative_log_likelihood"].value == pytest.approx(expected, rel=1e-5)
    # Of the four faces' votes happiness has 0.8 of one.
    assert whole.metrics["vote_agreement"].value == pytest.approx(0.8 / 4)
    assert whole.classes["happiness"].recall == 1
    assert whole.confusion[BASIC8.index("fear")][BASIC8.index("happiness")] == 1
    assert result.predictions == (1,) * 6
    assert seen == [(6, 6)]
    assert [one.name[-5] for one in result.mistakes] == ["0", "2", "5"]
    assert (result.mistakes[1].truth, result.mistakes[1].predicted) == ("anger", "happiness")
    crops = done.mistakes["happiness"]
    assert np.array_equal(crops["fer0000002.png"], textures(6, seed=1)[2])


def test_the_record_says_where_the_numbers_come_from(root: Path, tmp_path: Path) -> None:
    (result,) = evaluate([classifier()], "ferplus", root=root, protocol="majority").results
    assert (result.model, result.model_sha256, result.recipe) == ("happiness", "5a", "smile")
    assert (result.seed, result.trained_at) == (7, "c0ffee")
    assert result.labels == tuple(BASIC8)
    assert result.data_fingerprint == FERPlus(root, "public-test").fingerprint
    assert result.command == "mien evaluate happiness ferplus --root ferplus --split public-test"
    assert str(tmp_path) not in result.to_json()
    assert [one.protocol for one in result.scores] == ["majority", "majority"]
    assert result.settings == {}
    write_result(result, tmp_path / "out.json")
    assert read_result(tmp_path / "out.json") == result


def test_training_has_no_clean_part(root: Path) -> None:
    (result,) = evaluate([classifier()], "ferplus", root=root, split="train").results
    assert {one.subset for one in result.scores} == {"whole"}


def test_several_models_are_compared_with_the_first(root: Path, tmp_path: Path) -> None:
    rows = ["fer0000000.png,neutral", "fer0000001.png,happiness", "fer0000002.png,anger"]
    rows += [f"fer000000{place}.png,fear" for place in (3, 4, 5)]
    (tmp_path / "theirs.csv").write_text("\n".join(["name,predicted", *rows]))
    seen: list[tuple[int, int]] = []
    done = evaluate(
        [classifier(), classifier(BASIC8, "fear"), tmp_path / "theirs.csv"],
        "ferplus",
        root=root,
        protocol="majority",
        progress=lambda *pair: seen.append(pair),
    )
    accuracies = [one.find("majority").metrics["accuracy"].value for one in done.results]
    assert accuracies == pytest.approx([1 / 4, 1 / 4, 1])
    assert seen == [(6, 12), (12, 12)]
    whole, _, other, _ = done.comparisons
    assert (whole.first, whole.second, whole.images) == ("happiness", "fear", 4)
    assert (whole.only_first, whole.only_second, whole.p_value) == (1, 1, 1)
    assert (other.second, other.only_first, other.only_second) == ("theirs", 0, 3)
    # Heads three times out of three.
    assert other.p_value == pytest.approx(2 * 0.5**3)
    theirs = done.results[2]
    assert (theirs.recipe, theirs.settings) == ("", {"predictions": "theirs.csv"})
    assert "expected_calibration_error" not in theirs.find("majority").metrics
    assert done.mistakes["theirs"] == {}


def test_more_classes_than_the_data_set_are_left_out(rafdb: Path) -> None:
    (result,) = evaluate([classifier()], "rafdb", root=rafdb).results
    (scores,) = result.scores
    assert (result.split, scores.protocol, scores.images) == ("test", "labels", 14)
    assert result.labels == tuple(RAFDB.labels)
    # Without contempt 0.65 of 0.95 remain; two of fourteen are happy.
    sure = 0.65 / 0.95
    assert scores.metrics["accuracy"].value == pytest.approx(2 / 14)
    assert scores.metrics["expected_calibration_error"].value == pytest.approx(sure - 2 / 14)


def test_a_class_that_a_model_lacks_is_an_error_with_a_way_out(root: Path) -> None:
    seven = classifier(BASIC7)
    with pytest.raises(LabelMismatch, match=r"lacks fear.*--ignore fear leaves out"):
        evaluate(
            [classifier(LabelSet(tuple(BASIC8)[:6]))], "ferplus", root=root, protocol="majority"
        )
    # No face of this copy is contempt under majority, so that nothing is left out.
    (result,) = evaluate([seven], "ferplus", root=root, protocol="majority").results
    assert result.labels == tuple(map(str, BASIC7))
    (result,) = evaluate([seven], "ferplus", root=root, ignore=("fear",)).results
    assert result.find("majority without fear").images == 3
    assert result.settings == {"ignored": "fear"}


def test_what_one_model_alone_does_not_know_is_told_and_repeated(root: Path) -> None:
    # No face of this copy is contempt under majority; the pictures of fear are left out by hand.
    eight, seven = classifier(), classifier(BASIC7, "anger")
    options = {"root": root, "protocol": "majority", "ignore": ("fearful",)}
    both = evaluate([eight, seven], "ferplus", **options).results  # type: ignore[arg-type]
    for one in both:
        assert one.settings == {"ignored": "fear, contempt"}
        assert one.command.endswith("--split public-test --ignore contempt")
    again = {**options, "ignore": ("fearful", "contempt")}
    (alone,) = evaluate([eight], "ferplus", **again).results  # type: ignore[arg-type]
    assert alone.settings == both[0].settings
    assert [one.metrics for one in alone.scores] == [one.metrics for one in both[0].scores]


def test_affectnet_with_a_model_of_seven_classes(tmp_path: Path) -> None:
    paths = [affectnet_copy.path_of(number, "val") for number in range(16)]
    rows = [affectnet_copy.row(path, place % 8) for place, path in enumerate(paths)]
    affectnet_copy.write_table(tmp_path, rows, "val")
    affectnet_copy.write_pictures(tmp_path, paths)
    (seven,) = evaluate([classifier(BASIC7)], "affectnet", root=tmp_path).results
    assert [(one.protocol, one.images) for one in seven.scores] == [("7", 14)]
    (eight,) = evaluate([classifier()], "affectnet", root=tmp_path).results
    assert [(one.protocol, one.images) for one in eight.scores] == [("8", 16), ("7", 14)]
    with pytest.raises(LabelMismatch, match="lacks contempt"):
        evaluate([classifier(BASIC7)], "affectnet", root=tmp_path, protocol="8")
    lists = tmp_path / "lists"
    lists.mkdir()
    names = [Path(path).name for path in paths]
    (lists / "pose_45_affectnet_list.txt").write_text(f"1/{names[1]}\n7/{names[7]}\n")
    (listed,) = evaluate(
        [classifier()], "affectnet", root=tmp_path, subsets=("pose-45",), lists=lists
    ).results
    assert [(one.protocol, one.subset, one.images) for one in listed.scores] == [
        ("8", "pose-45", 2),
        ("7", "pose-45", 1),
    ]
    assert listed.find("7", "pose-45").metrics["accuracy"].value == 1
    assert listed.predictions == (1, 1)
    assert listed.settings == {"subsets": "pose-45"}


class Finds:
    """Finds one face in every other picture."""

    name = "every other"

    def __init__(self) -> None:
        self.pictures = 0

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        found = []
        for _ in pictures:
            self.pictures += 1
            found.append([Detection((10.0, 10.0, 50.0, 50.0), 1.0)] * (self.pictures % 2))
        return found


def test_from_end_to_end_a_missed_face_is_wrong(rafdb: Path) -> None:
    manner = Manner(detector=Finds(), view="flip")
    (result,) = evaluate([classifier()], "rafdb", root=rafdb, manner=manner).results
    assert result.settings == {"views": "flip", "detector": "every other"}
    assert result.predictions == (RAFDB.labels.index("happiness"), -1) * 7
    (scores,) = result.scores
    # Of the two happy ones, 3 and 10, the second is found.
    assert scores.images == 14
    assert scores.metrics["accuracy"].value == pytest.approx(1 / 14)
    assert scores.metrics["found"].value == pytest.approx(7 / 14)
    assert [row[-1] for row in scores.confusion] == [1] * 7


def test_groups_of_a_table_and_of_the_data_set(rafdb: Path, tmp_path: Path) -> None:
    names = rafdb_copy.names_of("test", 14)
    lines = [f"{name},{'young' if place < 7 else 'old'}" for place, name in enumerate(names)]
    (tmp_path / "people.csv").write_text("\n".join(["name,age", *lines]))
    (result,) = evaluate(
        [classifier()], "rafdb", root=rafdb, metadata=tmp_path / "people.csv"
    ).results
    assert {(one.column, one.group, one.images) for one in result.groups} == {
        ("age", "young", 7),
        ("age", "old", 7),
    }
    rafdb_copy.write_annotations(rafdb, names)
    rafdb_copy.write_pictures(rafdb, names, "original")
    originals = {"images": "original"}
    (result,) = evaluate(
        [classifier()], "rafdb", root=rafdb, options=originals, columns=("gender",)
    ).results
    assert [(one.group, one.images) for one in result.groups] == [
        ("female", 5),
        ("male", 5),
        ("unsure", 4),
    ]
    assert result.settings == {"option images": "original"}
    with pytest.raises(UnknownName, match="no column of RAF-DB is called 'genders'"):
        evaluate([classifier()], "rafdb", root=rafdb, options=originals, columns=("genders",))
    with pytest.raises(InputError, match="RAF-DB says nothing of its pictures"):
        evaluate([classifier()], "rafdb", root=rafdb, columns=("gender",))


def test_robustness_is_measured_on_the_same_pictures(root: Path, tiny_onnx: Path) -> None:
    manner = Manner(robustness=3)
    (result,) = evaluate([tiny_onnx], "ferplus", root=root, manner=manner).results
    assert {one.images for one in result.robustness} == {3}
    assert {one.strength for one in result.robustness} == set(range(6))
    (all_of_them,) = evaluate(
        [tiny_onnx], "ferplus", root=root, manner=Manner(robustness=0), protocol="argmax"
    ).results
    whole = all_of_them.find("argmax").metrics["accuracy"].value
    undamaged = [one for one in all_of_them.robustness if one.strength == 0]
    assert {one.images for one in undamaged} == {5}
    assert {one.accuracy.value for one in undamaged} == {whole}


def test_tables_are_left_out_of_robustness(
    root: Path, tiny_onnx: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"fer000000{place}.png,fear" for place in range(6)]
    (tmp_path / "theirs.csv").write_text("\n".join(["name,predicted", *rows]))
    models = [tmp_path / "theirs.csv", tiny_onnx]
    caplog.set_level("INFO", "mien")
    theirs, ours = evaluate(models, "ferplus", root=root, manner=Manner(robustness=2)).results
    assert theirs.robustness == ()
    assert ours.robustness != ()
    assert "theirs.csv: a table of predictions says nothing of damaged pictures" in caplog.text


def test_sets_without_expressions_are_refused(tmp_path: Path) -> None:
    batches = {"test_batch": more_copies.cifar10_records(10)}
    more_copies.write_cifar10_binary(tmp_path / "cifar-10-batches-bin", batches)
    with pytest.raises(DataError, match="CIFAR-10 has no expressions"):
        evaluate([classifier()], "cifar10", root=tmp_path)


def test_what_cannot_be_done_is_said_before_the_work(root: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs.csv").write_text("name,predicted\nfer0000000.png,sad\n")
    theirs = tmp_path / "theirs.csv"
    with pytest.raises(InputError, match="--views ten-crop needs the model itself"):
        evaluate([theirs], "ferplus", root=root, manner=Manner(view="ten-crop"))
    with pytest.raises(InputError, match="--end-to-end needs the model itself"):
        evaluate([theirs], "ferplus", root=root, manner=Manner(detector=Finds()))
    with pytest.raises(InputError, match="--robustness needs the model itself"):
        evaluate([theirs], "ferplus", root=root, manner=Manner(robustness=9))
    with pytest.raises(DataError, match="have no prediction"):
        evaluate([theirs], "ferplus", root=root)
    with pytest.raises(InputError, match="without --end-to-end"):
        Manner(robustness=9, detector=Finds())
    with pytest.raises(UnknownName, match="no view is called 'flop'; did you mean flip"):
        Manner(view="flop")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="-1 pictures"):
        Manner(robustness=-1)


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        ("ferpluss", {}, "no data set is called 'ferpluss'; did you mean ferplus"),
        ("ferplus", {"protocol": "most"}, r"no FER\+ protocol is called 'most'"),
        ("ferplus", {"split": "test"}, r"no split of FER\+ is called 'test'"),
        ("ferplus", {"ignore": ("bliss",)}, "no expression is called 'bliss'"),
        ("ferplus", {"options": {"protocol": "all"}}, "is chosen with --protocol"),
        ("ferplus", {"subsets": ("pose-30",)}, "are for affectnet and rafdb, not for ferplus"),
    ],
)
def test_wrong_names(root: Path, dataset: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(MienError, match=message):
        evaluate([classifier()], dataset, root=root, **options)  # type: ignore[arg-type]


def test_public_test_has_the_known_numbers_of_faces(shared_data: Path, tmp_path: Path) -> None:
    reader = FERPlus(shared_data / "ferplus.zip", "public-test")
    lines = [f"{name},neutral" for name in reader.names]
    (tmp_path / "neutral.csv").write_text("\n".join(["name,expression", *lines]))
    (result,) = evaluate(
        [tmp_path / "neutral.csv"], "ferplus", root=shared_data / "ferplus.zip"
    ).results
    assert {one.protocol: one.images for one in result.scores if one.subset == "whole"} == {
        "majority": 3191,
        "argmax": 3555,
        "all": 3579,
    }
    voted = reader.votes[:, :8].argmax(axis=1)
    expected = accuracy_score(voted, np.zeros(3579, int))
    assert result.find("all").metrics["accuracy"].value == pytest.approx(expected, abs=1e-12)
    majority = result.find("majority")
    assert majority.metrics["balanced_accuracy"].value == pytest.approx(1 / 8)


def test_the_shipped_model_on_real_faces(shared_data: Path) -> None:
    """A few of them, answered by hand."""
    reader = FERPlus(shared_data / "ferplus.zip", "public-test")
    shipped = load_classifier("mien-small", threads=1)
    faces = reader.images[:24]
    inputs = shipped.card.preprocess.normalise(
        np.stack([shipped.card.preprocess.cut(one) for one in faces])
    )
    by_hand = shipped.probabilities(inputs).argmax(axis=1)
    assert shipped(faces, batch=7).predicted.tolist() == by_hand.tolist()
    right = by_hand == reader.votes[:24, :8].argmax(axis=1)
    assert right.mean() > 0.6
