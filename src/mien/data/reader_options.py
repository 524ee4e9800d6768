"""Options of readers as text, such as ``--set classes=7``, and the splits of a copy."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from zipfile import is_zipfile

from ..errors import DataError, InputError, UnknownName
from .archive import Archive
from .catalogue import READERS
from .preparing.manifest import read_manifest
from .reader import Reader

_NONE = ("none", "null")
_TRUTH = {"true": True, "false": False}


def reader_named(name: str) -> type[Reader]:
    """The reader of a data set.

    Raises:
        UnknownName: if there is none.
    """
    if name not in READERS:
        raise UnknownName("data set", name, READERS)
    return READERS[name]


def splits_of(name: str, root: Path | str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The splits of a data set, or of this copy where copies have their own.

    Raises:
        UnknownName: if there is no such data set.
        NotFound: if there is nothing at ``root``.
        DataError: if the layout is another one, or a prepared copy has no split that is done.
    """
    reader = reader_named(name)
    if Path(root).is_dir() or is_zipfile(root):  # and not a list, or an address
        manifest = read_manifest(Archive(root, reader.title))
        if manifest is not None and manifest.dataset == name:
            if not manifest.splits:
                raise DataError(
                    f"{root}: no split is prepared to its end; run mien data prepare again with "
                    "this output, which goes on where it stopped"
                )
            return tuple(manifest.splits)
    of_copy = getattr(reader, "splits_in", None)
    return reader.splits if of_copy is None else tuple(of_copy(root, **options))


def options_from_text(name: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Options of a data set's reader from text.

    Numbers, ``true``, ``false`` and ``none`` are understood where the reader takes such;
    several words are divided by commas.

    Raises:
        UnknownName: if there is no such data set or option.
        InputError: if a value is not of the option's kind.
    """
    reader = reader_named(name)
    hints = get_type_hints(reader.__init__)
    known = {
        one.name: hints.get(one.name, str)
        for one in inspect.signature(reader).parameters.values()
        if one.kind is one.KEYWORD_ONLY
    }
    for key in settings:
        if key not in known:
            raise UnknownName(f"option of {reader.title}", key, known or ("none at all",))
    return {key: _value(key, text, known[key]) for key, text in settings.items()}


def _value(key: str, text: str, hint: Any) -> Any:
    kinds = _kinds(hint)
    for kind in kinds:
        value = _as_kind(text, kind)
        if value is not None:
            return value[0]
    words = ", ".join(dict.fromkeys(map(_called, kinds)))
    raise InputError(f"--set {key}={text}: this needs {words}")


def _kinds(hint: Any) -> list[Any]:
    """What an option may be: the members of a union, with plain text last."""
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [kind for one in get_args(hint) for kind in _kinds(one)]
    elif get_origin(hint) is Literal:
        kinds = list(get_args(hint))
    else:
        kinds = [hint]
    return sorted(kinds, key=lambda kind: kind in (str, Path))


def _as_kind(text: str, kind: Any) -> tuple[Any] | None:
    """The value in a tuple, or nothing if the text is not of this kind."""
    if kind is type(None):
        return (None,) if text.lower() in _NONE else None
    if kind is bool:
        return (_TRUTH[text.lower()],) if text.lower() in _TRUTH else None
    if not isinstance(kind, type) and get_origin(kind) is None:  # a value of Literal
        return (kind,) if text == str(kind) else None
    if kind in (int, float):
        try:
            return (kind(text),)
        except ValueError:
            return None
    if kind in (str, Path):
        return (kind(text),)
    return (tuple(text.split(",")),)


def _called(kind: Any) -> str:
    if kind is type(None):
        return "none"
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return "a number"
    return repr(kind) if not isinstance(kind, type) else kind.__name__
