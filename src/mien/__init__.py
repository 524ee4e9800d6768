"""Recognise facial expressions in photos and videos, and train the networks that do it.

Everything public is listed in ``__all__`` and loaded when first asked for, so that
``import mien`` costs next to nothing. What builds networks needs ``pip install 'mien[train]'``;
the rest never imports PyTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .card import Card
    from .errors import (
        CardError,
        DataError,
        InputError,
        LabelMismatch,
        MienError,
        MissingExtra,
        ModelError,
        NotFound,
        OutputError,
        TooLarge,
        UnknownName,
        Unreadable,
    )
    from .expressions import BASIC7, BASIC8, Expression, LabelSet
    from .inference.recognizer import Recognizer
    from .inference.results import Face
    from .models import create_model, list_models, load_model
    from .preprocess import Preprocess

__version__ = "0.1.0"

__all__ = [
    "BASIC7",
    "BASIC8",
    "Card",
    "CardError",
    "DataError",
    "Expression",
    "Face",
    "InputError",
    "LabelMismatch",
    "LabelSet",
    "MienError",
    "MissingExtra",
    "ModelError",
    "NotFound",
    "OutputError",
    "Preprocess",
    "Recognizer",
    "TooLarge",
    "UnknownName",
    "Unreadable",
    "__version__",
    "create_model",
    "list_models",
    "load_model",
]

_HOMES = {
    ".card": ("Card",),
    ".errors": (
        "CardError",
        "DataError",
        "InputError",
        "LabelMismatch",
        "MienError",
        "MissingExtra",
        "ModelError",
        "NotFound",
        "OutputError",
        "TooLarge",
        "UnknownName",
        "Unreadable",
    ),
    ".expressions": ("BASIC7", "BASIC8", "Expression", "LabelSet"),
    ".inference.recognizer": ("Recognizer",),
    ".inference.results": ("Face",),
    ".models": ("create_model", "list_models", "load_model"),
    ".preprocess": ("Preprocess",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name from its home (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(_HOME[name], __name__), name)
    except ModuleNotFoundError as error:
        if _HOME[name] != ".models" or error.name is None or error.name.startswith(__name__):
            raise
        return _missing(error.name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(__all__) | set(globals()))


def _missing(module: str) -> Any:
    """A function of the lab where its libraries are not installed: says so when called.

    Not already when looked at, so that ``help(mien)`` works everywhere.
    """
    from .errors import MissingExtra

    def unavailable(*_: object, **__: object) -> None:
        raise MissingExtra(module, "train")

    return unavailable
