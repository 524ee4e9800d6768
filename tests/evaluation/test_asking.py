"""How models are asked: what is wrong is said first, and all see the same pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.card import Card
from mien.errors import DataError, MienError, ModelError
from mien.evaluation.classifier import Classifier
from mien.evaluation.evaluate import evaluate
from mien.evaluation.manner import Manner
from mien.evaluation.record import Result
from mien.expressions import BASIC7, LabelSet
from mien.preprocess import Preprocess

NAMES = [f"{place}.png" for place in range(8)]
LABELS = LabelSet(BASIC7.expressions[:2])


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Eight photographs with two classes in turns; the last four have no box."""
    draw = np.random.default_rng(0)
    rows = ["path,label,x,y,w,h"]
    for place, name in enumerate(NAMES):
        cv2.imwrite(str(tmp_path / name), draw.integers(0, 256, (80, 80, 3), np.uint8))
        box = "10,10,40,40" if place < 4 else ",,,"
        rows.append(f"{name},{LABELS[place % 2]},{box}")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    return tmp_path / "list.csv"


BOXES = {"box_columns": ("x", "y", "w", "h")}


class Seeing(list[np.ndarray]):
    """Answers the first class to everything, and keeps what it is shown."""

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        self.append(inputs)
        return np.tile(np.float32([0.9, 0.1]), (len(inputs), 1))


def model(seen: Seeing, name: str = "seeing", **preprocess: float) -> Classifier:
    card = Card(
        name=name,
        architecture="none",
        labels=LABELS,
        preprocess=replace(Preprocess(size=24), **preprocess),
    )
    return Classifier(card, seen)


def test_robustness_is_of_faces_that_are_there(listed: Path) -> None:
    seen = Seeing()
    (result,) = evaluate(
        [model(seen)], "list", root=listed, options=BOXES, manner=Manner(robustness=0)
    ).results
    # Half have no box, and count as wrong; of the others every second is right.
    assert result.find("labels").metrics["accuracy"].value == 0.25
    assert result.find("labels").metrics["found"].value == 0.5
    undamaged = [one for one in result.robustness if one.strength == 0]
    assert {(one.images, one.accuracy.value) for one in undamaged} == {(4, 0.5)}


def test_damaged_faces_are_cut_as_a_model_s_card_says_whoever_is_asked_before(listed: Path) -> None:
    first, second, alone = Seeing(), Seeing(), Seeing()
    for models in (
        [model(first), model(second, "wider", scale=1.5)],
        [model(alone, "wider", scale=1.5)],
    ):
        evaluate(models, "list", root=listed, options=BOXES, manner=Manner(robustness=0))
    # After the face that is asked for first and the pass over all come the damaged ones.
    assert len(first) == len(second) == len(alone) == 2 + 51
    for one, other, same in zip(first[2:], second[2:], alone[2:], strict=True):
        assert not np.array_equal(one, other)
        assert np.array_equal(other, same)


def test_a_table_that_lacks_pictures_is_refused_before_a_network_works(listed: Path) -> None:
    seen = Seeing()
    (listed.parent / "short.csv").write_text("name,predicted\n0.png,neutral\n")
    with pytest.raises(DataError, match="have no prediction"):
        evaluate([model(seen), listed.parent / "short.csv"], "list", root=listed)
    assert sum(map(len, seen)) <= 1


def test_a_network_that_fails_is_told_before_another_works(listed: Path) -> None:
    seen = Seeing()

    def failing(inputs: np.ndarray) -> np.ndarray:
        raise ModelError(f"cannot take {inputs.shape}")

    with pytest.raises(ModelError, match="cannot take"):
        evaluate([model(seen), Classifier(model(seen).card, failing)], "list", root=listed)
    assert sum(map(len, seen)) <= 1


def test_a_column_of_groups_without_values_is_told_before_the_work(listed: Path) -> None:
    seen = Seeing()
    people = listed.parent / "people.csv"
    people.write_text("name,age\n" + "\n".join(f"{name}," for name in NAMES))
    with pytest.raises(DataError, match="age has no value"):
        evaluate([model(seen)], "list", root=listed, metadata=people, columns=("age",))
    assert sum(map(len, seen)) <= 1


def test_each_record_is_given_as_soon_as_it_is_there(listed: Path) -> None:
    given: list[Result] = []
    shown: list[int] = []

    class Counting(Seeing):
        def __call__(self, inputs: np.ndarray) -> np.ndarray:
            shown.append(len(given))
            return super().__call__(inputs)

    models = [model(Counting()), model(Counting(), "other")]
    done = evaluate(models, "list", root=listed, finished=given.append)
    # Both are asked for one face; then each works, the second with the first one's record there.
    assert shown == [0, 0, 0, 1]
    assert tuple(given) == done.results


def test_files_of_one_name_in_two_folders_are_two_models(listed: Path) -> None:
    for folder, label in (("a", "neutral"), ("b", "happiness")):
        (listed.parent / folder).mkdir()
        rows = "\n".join(f"{name},{label}" for name in NAMES)
        (listed.parent / folder / "model.csv").write_text(f"name,predicted\n{rows}\n")
    (listed.parent / "b" / "model.csv").write_text(
        "name,happiness,anger\n" + "\n".join(f"{name},1,0" for name in NAMES)
    )
    models = [listed.parent / folder / "model.csv" for folder in "ab"]
    with pytest.raises(MienError, match=r"b/model: \[happiness, anger\] lacks neutral"):
        evaluate(models, "list", root=listed)
