import pytest

from mien.data.parts.expression_names import (
    expression_named,
    in_usual_order,
    is_among,
    is_expression,
    label_set_named,
)
from mien.errors import LabelMismatch, UnknownName
from mien.expressions import BASIC7, BASIC8, Expression

# How the sets of the papers, and two of the laboratory's, write the eight.
SPELLINGS = {
    "AffectNet": "Neutral Happy Sad Surprise Fear Disgust Anger Contempt",
    "SFEW": "Neutral Happy Sad Surprise Fear Disgust Angry",
    "Aff-Wild2": "Neutral Happiness Sadness Surprise Fear Disgust Anger",
    "people": "neutrals happy sad surprised fearful disgusted angry contemptuous",
    "JAFFE": "NE HA SA SU FE DI AN",
    "KDEF": "NE HA SA SU AF DI AN",
}
ORDER = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_sets_spelling_is_understood(spelling: str) -> None:
    words = SPELLINGS[spelling].split()
    assert [expression_named(word) for word in words] == list(ORDER[: len(words)])


@pytest.mark.parametrize("one", list(Expression))
def test_case_number_and_spaces_do_not_matter(one: Expression) -> None:
    for word in (one, one.upper(), one.title(), f" {one}\n", f"{one}s", f"{one.upper()}S"):
        assert expression_named(word) is one
        assert is_expression(word)


@pytest.mark.parametrize("word", ["", "s", "ss", "3", "train", "valence", "neutral face"])
def test_other_words_are_none(word: str) -> None:
    assert not is_expression(word)
    with pytest.raises(UnknownName, match="no expression is called"):
        expression_named(word)


def test_unknown_names_are_answered_with_known_ones() -> None:
    with pytest.raises(UnknownName, match="did you mean surprise or surprised"):
        expression_named("suprise")
    with pytest.raises(UnknownName) as raised:
        expression_named("xyz")
    for word in (*Expression, "happy", "sad", "angry", "fearful", "surprised"):
        assert word in str(raised.value)
    assert "more" not in str(raised.value)


def test_label_sets_keep_the_given_order() -> None:
    assert list(label_set_named(["Angry", "happy", "Neutral"])) == ["anger", "happiness", "neutral"]
    with pytest.raises(LabelMismatch, match="twice"):
        label_set_named(["happy", "joy"])
    with pytest.raises(UnknownName):
        label_set_named(["happy", "bored"])


def test_what_occurs_comes_in_the_usual_order() -> None:
    assert in_usual_order(reversed(BASIC8.expressions)) == BASIC8
    assert in_usual_order(set(BASIC7)) == BASIC7
    with pytest.raises(LabelMismatch, match="at least one"):
        in_usual_order([])


def test_names_are_compared_as_classes() -> None:
    assert is_among("Happy", ["unknown", "happiness"])
    assert is_among("Unknown", ["unknown "])
    assert not is_among("Happy", ["sad", "unknown"])
    assert not is_among("Happy", [])
