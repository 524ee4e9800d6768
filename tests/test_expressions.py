import pickle

import numpy as np
import pytest

from mien.errors import LabelMismatch
from mien.expressions import BASIC7, BASIC8, Expression, LabelSet, OtherClasses

RAF_DB = LabelSet.of(["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"])


def test_basic8_is_the_order_of_ferplus() -> None:
    assert str(BASIC8) == "neutral, happiness, surprise, sadness, anger, disgust, fear, contempt"


def test_basic7_is_basic8_without_contempt() -> None:
    assert tuple(BASIC7) == tuple(BASIC8)[:7]


def test_reorder_maps_by_name() -> None:
    values = np.arange(7)
    assert RAF_DB.reorder(values, BASIC7).tolist() == [2, 6, 5, 1, 3, 4, 0]
    there = RAF_DB.reorder(values, BASIC7)
    assert BASIC7.reorder(there, RAF_DB).tolist() == values.tolist()


def test_reorder_leaves_out_what_the_target_lacks() -> None:
    assert BASIC7.reorder(np.arange(16).reshape(2, 8), BASIC8)[1].tolist() == list(range(8, 15))


def test_missing_class_names_both_sets() -> None:
    with pytest.raises(LabelMismatch, match=r"lacks contempt of"):
        BASIC8.columns_in(BASIC7)


def test_wrong_number_of_columns_is_refused() -> None:
    with pytest.raises(LabelMismatch, match="8 columns do not fit"):
        RAF_DB.reorder(np.zeros((2, 8)), BASIC7)


def test_require_refuses_another_order() -> None:
    with pytest.raises(LabelMismatch, match="the checkpoint has the classes"):
        BASIC7.require(RAF_DB, "the checkpoint")
    BASIC7.require(LabelSet.of(BASIC7), "itself")


@pytest.mark.parametrize("names", [["joy"], ["fear", "fear"], []])
def test_bad_sets_are_refused(names: list[str]) -> None:
    with pytest.raises(LabelMismatch):
        LabelSet.of(names)


def test_index_and_membership() -> None:
    assert RAF_DB.index("neutral") == 6
    assert Expression.CONTEMPT not in RAF_DB
    with pytest.raises(LabelMismatch, match="contempt"):
        RAF_DB.index("contempt")


CIFAR = OtherClasses(("airplane", "cat", "deer"))


def test_other_classes_are_labels_of_their_own() -> None:
    assert isinstance(CIFAR, LabelSet)
    assert str(CIFAR) == "airplane, cat, deer"
    assert (len(CIFAR), CIFAR[1], CIFAR.index("deer")) == (3, "cat", 2)
    assert CIFAR == OtherClasses.of(["airplane", "cat", "deer"]) != OtherClasses(["cat"])
    assert OtherClasses(CIFAR.expressions[::-1]).reorder(np.arange(3), CIFAR).tolist() == [2, 1, 0]
    assert pickle.loads(pickle.dumps(CIFAR)) == CIFAR
    assert {CIFAR: 1}[OtherClasses(("airplane", "cat", "deer"))] == 1


def test_nothing_maps_other_classes_onto_expressions() -> None:
    with pytest.raises(LabelMismatch, match=r"\[airplane, cat, deer\] lacks neutral"):
        BASIC7.columns_in(CIFAR)
    with pytest.raises(LabelMismatch, match="lacks airplane, cat, deer"):
        CIFAR.columns_in(BASIC8)
    with pytest.raises(LabelMismatch, match="the checkpoint has the classes"):
        BASIC7.require(CIFAR, "the checkpoint")
    with pytest.raises(LabelMismatch, match="'neutral' is not among: airplane"):
        CIFAR.index("neutral")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "at least one"),
        (["cat", "cat"], "twice: cat, cat"),
        (["cat", "anger"], "anger is an expression"),
        (["cat", " "], "' ' is no name"),
        (["cat", 3], "3 is no name"),
    ],
)
def test_other_classes_that_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(LabelMismatch, match=message):
        OtherClasses(names)


def test_what_needs_expressions_says_so_in_one_line() -> None:
    BASIC7.require_expressions("model.onnx")
    many = OtherClasses(f"class {number}" for number in range(10))
    with pytest.raises(LabelMismatch) as caught:
        many.require_expressions("stem.safetensors")
    assert str(caught.value) == (
        "stem.safetensors: its classes (class 0, class 1, class 2 and 7 more) are no expressions; "
        "use it as a start of one that has them, with: mien train RECIPE --start stem.safetensors"
    )
