"""Everything mien raises on purpose.

MienError
├── InputError           a picture, video or path of the user's cannot be used
│   ├── NotFound         nothing is there
│   ├── Unreadable       something is there, but it does not decode
│   └── TooLarge         it would not fit in memory
├── OutputError          a result cannot be written (full disk, read-only folder)
├── LabelMismatch        two label sets do not fit each other
├── CardError            a model says nothing, or nothing readable, of itself
├── ModelError           a model, detector or weight file is not what it claims to be
├── TensorError          a tensor has the wrong shape, type or values
├── DataError            a data set's copy is incomplete or not laid out as expected
│   ├── SplitMissing     other splits are there, and nothing of this one
│   └── PreparedCopy     an option needs the original copy, and this one is prepared
├── UnknownName          no model, recipe, data set, ... goes by that name
└── MissingExtra         an optional dependency is not installed

Every message is one line: what was wrong, where, and what to do.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType

_LISTED = 20


class MienError(Exception):
    """Base of all errors that mien raises on purpose."""


class InputError(MienError):
    """A picture, video or path given by the user cannot be used."""


class NotFound(InputError):
    """There is nothing at the path."""


class Unreadable(InputError):
    """The file is there, but it is empty, cut off, or of another kind."""


class TooLarge(InputError):
    """The picture has more pixels than mien agrees to decode."""


class OutputError(MienError):
    """A result could not be written; what was written before is intact."""


class LabelMismatch(MienError):
    """Two label sets do not fit each other."""


class CardError(MienError):
    """A model file has no card, a damaged one, or one of a newer format."""


class ModelError(MienError):
    """A model, detector or weight file is not what it should be."""


class TensorError(MienError):
    """A tensor given to a network or a loss has the wrong shape, type or values."""


class DataError(MienError):
    """A copy of a data set is incomplete, damaged or of another layout."""


class SplitMissing(DataError):
    """A copy has annotations of other splits, and none at all of this one.

    Test labels are often held back, so that such a copy may be all that there is to have.
    """


class PreparedCopy(DataError):
    """An option chooses something in an original copy, and this one was made of such.

    Attributes:
        option: its name.
        packed: whether the copy is a packed file, which remembers what was chosen.
    """

    def __init__(self, message: str, option: str, *, packed: bool) -> None:
        super().__init__(message)
        self.option, self.packed = option, packed


class UnknownName(MienError):
    """Nothing of that kind has that name."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3)
        more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
        listed = ", ".join(known[:_LISTED]) + more
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {listed}"
        super().__init__(f"no {kind} is called {name!r}; {hint}")
        self.known = known


class MissingExtra(MienError):
    """An optional dependency is needed and not installed."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"{module} is not installed; bring it with: pip install 'mien[{extra}]'")
        self.extra = extra


def require(module: str, extra: str) -> ModuleType:
    """Import ``module``, or say which extra of mien brings it.

    Raises:
        MissingExtra: if the module's distribution is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingExtra(module.split(".")[0], extra) from None
