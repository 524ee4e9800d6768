"""What data sets and people call the expressions, as expressions.

The names of folders, of columns and of classes go through this one table, so that ``Happy``,
``happiness`` and ``HA`` (KDEF) are one class wherever they come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...errors import DataError, UnknownName
from ...expressions import BASIC8, Expression, LabelSet

# After each expression its adjective, which is what messages list besides it.
_WORDS: dict[Expression, tuple[str, ...]] = {
    Expression.NEUTRAL: ("neutral", "neutrality", "ne"),
    Expression.HAPPINESS: ("happiness", "happy", "joy", "joyful", "ha"),
    Expression.SURPRISE: ("surprise", "surprised", "su"),
    Expression.SADNESS: ("sadness", "sad", "sa"),
    Expression.ANGER: ("anger", "angry", "an"),
    Expression.DISGUST: ("disgust", "disgusted", "di"),
    Expression.FEAR: ("fear", "fearful", "afraid", "scared", "af", "fe"),
    Expression.CONTEMPT: ("contempt", "contemptuous"),
}
_BY_WORD = {word: one for one, words in _WORDS.items() for word in words}
_NUMBER = re.compile(r"([+-]?[0-9]{1,9})(\.0*)?")
_LISTED = sorted({word for words in _WORDS.values() for word in words[:2]} - {"neutrality"})


def expression_named(name: str) -> Expression:
    """The expression that goes by this name, whatever its case, singular or plural.

    The two letters of KDEF and JAFFE, such as ``AN``, count as names; numbers do not.

    Raises:
        UnknownName: listing known names.
    """
    found = _find(name)
    if found is None:
        raise UnknownName("expression", name, _LISTED)
    return found


def is_expression(name: str) -> bool:
    """Whether an expression goes by this name."""
    return _find(name) is not None


def is_among(name: str, names: Iterable[str]) -> bool:
    """Whether a class goes by one of these names, which need not be those of expressions."""
    word, found = name.strip().casefold(), _find(name)
    return any(
        one.strip().casefold() == word or (found is not None and _find(one) is found)
        for one in names
    )


def label_set_named(names: Iterable[str]) -> LabelSet:
    """The label set whose classes go by these names, in their order.

    Raises:
        UnknownName: if a name is not an expression's.
        LabelMismatch: if two names stand for one expression, or there is none.
    """
    return LabelSet(tuple(expression_named(name) for name in names))


def in_usual_order(expressions: Iterable[Expression]) -> LabelSet:
    """The label set of those that occur, in the order of :data:`~mien.expressions.BASIC8`.

    Raises:
        LabelMismatch: if there is none.
    """
    occurring = set(expressions)
    return LabelSet(tuple(one for one in BASIC8 if one in occurring))


def read_label(text: str, known: LabelSet | None, ignore: Iterable[str]) -> Expression | None:
    """What a label in a table means.

    Args:
        text: an expression's name, or a number.
        known: what the numbers from 0 stand for, and which expressions may occur.
        ignore: names of classes that are left out.

    Returns:
        ``None`` if it is left out.

    Raises:
        DataError: if it means nothing. The message does not say where it stands.
    """
    if is_among(text, ignore):
        return None
    if not text:
        raise DataError('there is no label; leave such pictures out with ignore=[""]')
    if number := _NUMBER.fullmatch(text):
        place = int(number[1])
        if known is None:
            raise DataError(f"the label is the number {place}; labels must say what it stands for")
        if not 0 <= place < len(known):
            raise DataError(f"the label {place} is not within 0 to {len(known) - 1}")
        return known[place]
    try:
        found = expression_named(text)
    except UnknownName as error:
        raise DataError(f"{error}; or leave it out with ignore") from None
    if known is not None and found not in known:
        raise DataError(f"the label {text!r} is not among {known}")
    return found


def _find(name: str) -> Expression | None:
    word = name.strip().casefold()
    return _BY_WORD.get(word) or _BY_WORD.get(word.removesuffix("s"))
