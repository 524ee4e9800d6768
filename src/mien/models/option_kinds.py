"""Whether the options of a network are of the kinds that its builder's signature says."""

from __future__ import annotations

import types
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Union, get_args, get_origin

from ..errors import ModelError

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_MANY = {bool: "true or false each", int: "whole numbers", float: "numbers", str: "texts"}
_ABSTRACT: dict[Any, type[Any]] = {int: Integral, float: Real}


def check_kind(network: str, option: str, value: Any, hint: Any) -> None:
    """Refuse an option of another kind, such as the text ``"no"`` where true or false is due.

    Args:
        network: its name.
        option: of the builder.
        value: what it is to be.
        hint: the type of the builder's parameter: of bool, int, float, str, None, a sequence
            or a union of these. Any other one takes everything.

    Raises:
        ModelError: naming the option, its value, and what it takes.
    """
    if not _fits(value, hint):
        raise ModelError(f"{option} of {network} is {value!r}, and not {_words(hint)}")


def _fits(value: Any, hint: Any) -> bool:
    if _is_union(hint):
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is Sequence:
        inside = get_args(hint)[0]
        return isinstance(value, list | tuple) and all(_fits(one, inside) for one in value)
    if hint is types.NoneType:
        return value is None
    if hint not in _WORDS:
        return True
    if isinstance(value, bool):  # which Python takes for a whole number
        return hint is bool
    return isinstance(value, _ABSTRACT.get(hint, hint))


def _words(hint: Any) -> str:
    if _is_union(hint):
        return " or ".join(map(_words, get_args(hint)))
    if get_origin(hint) is Sequence:
        return f"a list of {_MANY.get(get_args(hint)[0], 'such')}"
    return _WORDS.get(hint, "null")


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)
