"""Fields of nested records by dotted names, from text or from values.

``optimiser.learning_rate`` is a field of a record in a field; ``options.heads`` an entry of a
mapping. Text is read as the field's type wants it: ``true``, ``0.01``, ``[3, 5]``, ``null``;
an entry of a mapping as JSON, or as plain text if it is none.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import InputError, UnknownName

Record = TypeVar("Record")
_CONSTANTS = ("true", "false", "null")
_UNIONS = (Union, types.UnionType)


def changed(record: Record, settings: Mapping[str, Any], within: str = "") -> Record:
    """The record with the named fields changed, all of one record at once.

    Args:
        record: a dataclass, or a mapping.
        settings: values, or text to read them from, by dotted name.
        within: what stands before these names in messages.

    Raises:
        UnknownName: if there is no such field, naming near ones.
        InputError: if a value is of the wrong type, or the record refuses it.
    """
    if not settings:
        return record
    if isinstance(record, Mapping):
        entries = {name: _entry(value) for name, value in settings.items()}
        return {**record, **entries}  # type: ignore[return-value]
    names = {one.name for one in fields(record)}  # type: ignore[arg-type]
    hints = get_type_hints(type(record))
    changes: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        first, dot, rest = key.partition(".")
        nested = dot and first in names and _has_parts(getattr(record, first))
        if first not in names or (dot and not nested):
            raise UnknownName("setting", within + key, (within + one for one in keys(record)))
        if nested:
            inner.setdefault(first, {})[rest] = value
        elif _has_parts(getattr(record, first)):
            parts = ", ".join(f"{within}{first}.{one}" for one in keys(getattr(record, first)))
            raise InputError(f"{within}{key} is a record; set its parts: {parts or 'NAME=VALUE'}")
        else:
            changes[first] = _read(within + key, value, hints[first])
    for name, values in inner.items():
        changes[name] = changed(getattr(record, name), values, f"{within}{name}.")
    return replace(record, **changes)  # type: ignore[type-var]


def keys(record: Any) -> Iterator[str]:
    """The dotted names of all that can be set; of a mapping those that it has."""
    values = (
        record.items()
        if isinstance(record, Mapping)
        else ((one.name, getattr(record, one.name)) for one in fields(record))
    )
    for name, value in values:
        if _has_parts(value):
            yield from (f"{name}.{rest}" for rest in keys(value))
        else:
            yield name


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping) or is_dataclass(value)


def _entry(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value.lower() if value.lower() in _CONSTANTS else value)
    except ValueError:
        return value


def _read(key: str, value: Any, hint: Any) -> Any:
    """A value of the type that ``hint`` says."""
    text = value if isinstance(value, str) else json.dumps(value)
    kinds = get_args(hint) if get_origin(hint) in _UNIONS else (hint,)
    for kind in kinds:
        try:
            return _as(text, kind)
        except (ValueError, TypeError, KeyError):
            continue
    wanted = " or ".join(map(_called, kinds))
    raise InputError(f"{key}={text}: this needs {wanted}")


def _as(text: str, kind: Any) -> Any:
    """Raises ValueError, TypeError or KeyError if the text is none of that kind."""
    if get_origin(kind) is Literal:
        return {str(one): one for one in get_args(kind)}[text]
    if get_origin(kind) is tuple:
        return _tuple(json.loads(text), get_args(kind))
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    if kind is types.NoneType:
        return {"null": None}[text.lower()]
    if kind is float:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    if kind in (int, str):
        return kind(text)
    raise TypeError(kind)


def _tuple(values: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(values, list):
        raise TypeError(values)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(values)
    read = (
        _as(one if isinstance(one, str) else json.dumps(one), kind)
        for one, kind in zip(values, kinds, strict=True)
    )
    return tuple(read)


def _called(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return "a list such as [1, 2]"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return "null" if kind is types.NoneType else names.get(kind, "a recipe of its own")
