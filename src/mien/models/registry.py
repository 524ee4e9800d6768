"""Which networks there are, and how to build one by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, get_type_hints

from torch import nn

from ..errors import ModelError, UnknownName
from ..expressions import LabelSet
from .option_kinds import check_kind

Builder = TypeVar("Builder", bound=Callable[..., nn.Module])
_BUILDERS: dict[str, Callable[..., nn.Module]] = {}


def register(name: str) -> Callable[[Builder], Builder]:
    """Enter a builder ``(*, classes: int, **options) -> nn.Module`` under ``name``.

    Raises:
        ModelError: if the name is taken.
    """

    def enter(builder: Builder) -> Builder:
        if name in _BUILDERS:
            raise ModelError(f"two networks are registered as {name!r}")
        _BUILDERS[name] = builder
        return builder

    return enter


def list_models() -> list[str]:
    """Names of all networks, sorted."""
    return sorted(_BUILDERS)


def create_model(name: str, *, classes: LabelSet | int, **options: Any) -> nn.Module:
    """Build a network with fresh weights.

    Args:
        name: one of :func:`list_models`.
        classes: a label set, or the number of classes.
        options: the builder's own.

    Returns:
        A module with ``forward(images: float32 (N, 3, H, W)) -> Output``.

    Raises:
        UnknownName: if there is no such network, or it has no such option.
        ModelError: if an option is of the wrong kind, or has a value that it cannot have.
    """
    if name not in _BUILDERS:
        raise UnknownName("network", name, _BUILDERS)
    builder = _BUILDERS[name]
    parameters = inspect.signature(builder).parameters
    open_ended = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    known = {key for key, one in parameters.items() if one.kind is one.KEYWORD_ONLY} - {"classes"}
    kinds = _kinds(builder)
    for option, value in options.items():
        if option not in known and not open_ended:
            raise UnknownName(f"option of {name}", option, known)
        if option in known and option in kinds:
            check_kind(name, option, value, kinds[option])
    number = classes if isinstance(classes, int) else len(classes)
    return builder(classes=number, **options)


def _kinds(builder: Callable[..., nn.Module]) -> dict[str, Any]:
    """The types of a builder's parameters, as far as it tells them; of a variant its base's."""
    while isinstance(builder, partial):
        builder = builder.func
    try:
        return get_type_hints(builder)
    except NameError:  # of a name that only type checkers import
        return {}
