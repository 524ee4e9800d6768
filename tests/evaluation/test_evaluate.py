"""One pass, three protocols, whole and clean: on a small FER+ made here, and the real one."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.card import Card
from mien.data.ferplus import FERPlus
from mien.errors import DataError, LabelMismatch, UnknownName
from mien.evaluation import evaluate
from mien.evaluation.classifier import Classifier
from mien.evaluation.record import read_result, write_result
from mien.expressions import BASIC7, BASIC8, LabelSet
from mien.preprocess import Preprocess

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
TEST_LABELS = [0, 1, 4, 0, 1, 6]


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


def classifier(labels: LabelSet = REVERSED) -> Classifier:
    """Says happiness of everything, with probability 0.65."""

    def probabilities(inputs: np.ndarray) -> np.ndarray:
        assert inputs.shape[1:] == (3, 40, 40)
        row = np.full(len(labels), 0.35 / (len(labels) - 1), np.float32)
        row[labels.index("happiness")] = 0.65
        return np.tile(row, (len(inputs), 1))

    card = Card(
        name="happy",
        architecture="none",
        labels=labels,
        preprocess=Preprocess(size=40, colour="grey"),
        recipe="smile",
        seed=7,
        commit="c0ffee",
    )
    return Classifier(card, lambda inputs: np.repeat(probabilities(inputs), 1, axis=0), "5a")


def test_run_scores_every_protocol_whole_and_clean(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(evaluate, "load_classifier", lambda *_, **__: classifier())
    seen: list[tuple[int, int]] = []
    result = evaluate.run(
        tmp_path / "happy.onnx", root=root, progress=lambda *pair: seen.append(pair)
    )
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
    assert whole.classes["happiness"].recall == 1
    assert whole.confusion[BASIC8.index("fear")][BASIC8.index("happiness")] == 1
    assert result.predictions == (1,) * 6
    assert seen == [(6, 6)]


def test_run_records_where_the_numbers_come_from(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(evaluate, "load_classifier", lambda *_, **__: classifier())
    result = evaluate.run(tmp_path / "happy.onnx", root=root, protocol="majority")
    assert (result.model, result.model_sha256, result.recipe) == ("happy", "5a", "smile")
    assert (result.seed, result.trained_at) == (7, "c0ffee")
    assert result.labels == tuple(BASIC8)
    assert result.data_fingerprint == FERPlus(root, "public-test").fingerprint
    assert result.command == (
        "mien evaluate happy.onnx ferplus --root ferplus --split public-test --protocol majority"
    )
    assert str(tmp_path) not in result.to_json()
    assert [one.protocol for one in result.scores] == ["majority", "majority"]
    write_result(result, tmp_path / "out.json")
    assert read_result(tmp_path / "out.json") == result


def test_training_has_no_clean_part(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "load_classifier", lambda *_, **__: classifier())
    result = evaluate.run("happy", root=root, split="train")
    assert {one.subset for one in result.scores} == {"whole"}


def test_a_model_with_fewer_classes_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "load_classifier", lambda *_, **__: classifier(BASIC7))
    with pytest.raises(LabelMismatch, match="lacks contempt"):
        evaluate.run("happy", root=root)


def test_unknown_names(root: Path) -> None:
    with pytest.raises(UnknownName, match="no data set is called 'ferpluss'; did you mean ferplus"):
        evaluate.run("happy", "ferpluss", root=root)
    with pytest.raises(UnknownName, match="no FER\\+ protocol is called 'most'"):
        evaluate.run("happy", root=root, protocol="most")


def test_answers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="2 pictures of 8 classes"):
        evaluate.score([0, 1], np.zeros((2, 7)), BASIC8, protocol="all")


def test_public_test_has_the_known_numbers_of_faces(shared_data: Path) -> None:
    pictures = FERPlus(shared_data / "ferplus.zip", "public-test")
    fixed = np.eye(8, dtype=np.float32)[np.zeros(len(pictures), int)]
    scores, predicted = evaluate.evaluate_classifier(lambda _: fixed, BASIC8, pictures)
    assert {one.protocol: one.images for one in scores} == {
        "majority": 3191,
        "argmax": 3555,
        "all": 3579,
    }
    assert not predicted.any()
    by_protocol = {one.protocol: one for one in scores}
    neutral = by_protocol["majority"].classes["neutral"].images
    assert by_protocol["majority"].metrics["accuracy"].value == pytest.approx(neutral / 3191)
    assert by_protocol["majority"].metrics["balanced_accuracy"].value == pytest.approx(1 / 8)
