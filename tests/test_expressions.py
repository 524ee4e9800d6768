import numpy as np
import pytest

from mien.errors import LabelMismatch
from mien.expressions import BASIC7, BASIC8, Expression, LabelSet

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
