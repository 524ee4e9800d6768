"""Which faces of FER+ the numbers called ``clean`` are about: those without a copy in Training.

To find them every picture of both splits must be decoded, which takes as long as a small
network needs for the answers. What was found is kept in the user's cache, under the names of
the pictures and the stamps of the copies that they lie in.
"""

from __future__ import annotations

import hashlib
import logging

import numpy as np
from numpy.typing import NDArray

from ..cache import recalled, remember
from ..data.checking.copies import NEAR, has_copy_in
from ..data.ferplus import FERPlus
from ..data.reader import Reader
from ..errors import SplitMissing

log = logging.getLogger("mien")

_VERSION = 1
"""Counts the ways in which copies have been found; a new one makes old findings stale."""


def clean_faces(pictures: Reader, training: FERPlus | None = None) -> NDArray[np.bool_] | None:
    """Which faces of FER+ have no copy or near copy in Training, bool (N,).

    Args:
        pictures: a split of any data set.
        training: FER+'s own; ``None`` opens that of the same copy.

    Returns:
        ``None`` for Training itself, for other data sets, and where the copy has no Training.
    """
    if not isinstance(pictures, FERPlus) or pictures.split == "train":
        return None
    name = f"clean-{_key(pictures, training)}.mask"
    kept = recalled(name)
    if kept is not None:
        return np.frombuffer(kept, np.bool_).copy()
    if training is None:
        try:
            training = FERPlus(pictures.root, split="train")
        except SplitMissing as error:
            log.info("nothing is measured on clean faces alone: %s", error)
            return None
    clean = ~has_copy_in(pictures.images, training.images)
    remember(name, clean.tobytes())
    return clean


def _key(pictures: FERPlus, training: FERPlus | None) -> str:
    """Of the pictures and what they are compared with: without ``training``, their own copy."""
    digest = hashlib.sha256(f"{_VERSION} {NEAR}".encode())
    for side in (pictures, training):
        said = () if side is None else (*side.names, side.archive.stamp())
        digest.update("\n".join(said).encode() + b"\0")
    return digest.hexdigest()[:32]
