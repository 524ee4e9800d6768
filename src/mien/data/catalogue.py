"""All data sets by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UnknownName
from .affectnet import AffectNet
from .affwild2 import AffWild2
from .cifar10 import CIFAR10
from .expw import ExpW
from .fairface import FairFace
from .ferplus import FERPlus
from .hugging_face import HuggingFace
from .image_folder import ImageFolder
from .listing import Listing
from .rafdb import RAFDB
from .reader import Reader
from .sfew import SFEW

_READERS: tuple[type[Reader], ...] = (
    *(AffectNet, AffWild2, CIFAR10, ExpW, FairFace, FERPlus, RAFDB, SFEW),
    *(HuggingFace, ImageFolder, Listing),
)
READERS: Mapping[str, type[Reader]] = {one.name: one for one in _READERS}


def open_reader(name: str, root: Path | str, split: str, **options: Any) -> Reader:
    """One split of a copy of the data set called ``name``.

    Raises:
        UnknownName: if there is no such data set or split.
        NotFound: if there is nothing at ``root``.
        DataError: if the copy is of another layout, or its annotations are damaged.
    """
    if name not in READERS:
        raise UnknownName("data set", name, READERS)
    return READERS[name](root, split, **options)
