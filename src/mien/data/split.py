"""The validation part that is split off a training set, by content, group or name.

A picture's part is decided by a hash, so that the split is the same on every machine and for
every order of files. Where pictures are few and small, the hash is of their content, and
copies and near copies of one face go together, so that none crosses it. Elsewhere it is of the
group, so that no person or video crosses it, or of the picture's name. A copy whose pictures were
cut or resized has other content, and so another part of it is held out: see :func:`altered`.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .checking.copies import content_groups
from .cifar10 import CIFAR10
from .concatenation import Concatenation
from .ferplus import FERPlus
from .part import AnnotatedPictures

HELD_OUT_SHARE = 0.08
"""Of a training set that is held out, unless a recipe says otherwise."""
_BUCKETS = 10_000
_AGAIN = re.compile(r"#\d+$")  # of a picture that a table lists a second time


def held_out(data: AnnotatedPictures, share: float) -> NDArray[np.bool_]:
    """Which pictures of a training set are held out: about ``share`` of them, bool (N,).

    Of several data sets one after the other, each is split as it is by itself.

    Raises:
        DataError: if ``share`` is not between 0 and 1, or a picture is missing or damaged
            where they are split by content.
    """
    if isinstance(data, Concatenation):
        parts = zip(data.parts, data.rows, strict=True)
        return np.concatenate([held_out(part.data, share)[rows] for part, rows in parts])
    if isinstance(data, FERPlus | CIFAR10):
        return validation_part(data.images, share)
    _check(share)
    keys = data.table.groups or [_AGAIN.sub("", name) for name in data.table.names]
    smallest = {key: _hash(key.encode("utf-8", "surrogateescape")) for key in set(keys)}
    return _chosen(np.array([smallest[key] for key in keys], np.uint64), share)


def split_by(data: AnnotatedPictures) -> str:
    """What decides the part of a picture: ``"content"``, ``"group"`` or ``"name"``."""
    if isinstance(data, Concatenation):
        return " and ".join(dict.fromkeys(split_by(part.data) for part in data.parts))
    if isinstance(data, FERPlus | CIFAR10):
        return "content"
    return "name" if data.table.groups is None else "group"


def altered(data: AnnotatedPictures) -> str:
    """How the pictures differ by which another part is held out than of the original copy.

    Returns:
        Such as ``"by pictures of 112 pixels"``; nothing where the same part is held out.
    """
    if isinstance(data, Concatenation):
        return " and ".join(dict.fromkeys(filter(None, (altered(one.data) for one in data.parts))))
    if not isinstance(data, FERPlus | CIFAR10) or data.as_given:
        return ""
    way = "" if data.preprocess is None else f", {data.preprocess.align}"
    return f"by pictures of {data.side} pixels{way}"


def validation_part(images: NDArray[np.uint8], share: float) -> NDArray[np.bool_]:
    """Which of ``images`` (N, H, W[, 3]) are held out: about ``share`` of them, by content.

    Raises:
        DataError: if ``share`` is not between 0 and 1.
    """
    _check(share)
    groups = content_groups(images)
    hashes = np.array([_hash(image.tobytes()) for image in images], np.uint64)
    smallest = np.full(int(groups.max()) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, groups, hashes)
    return _chosen(smallest[groups], share)


def _check(share: float) -> None:
    if not 0 < share < 1:
        raise DataError(f"the validation share must lie between 0 and 1, not at {share}")


def _hash(content: bytes) -> int:
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")


def _chosen(hashes: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    chosen: NDArray[np.bool_] = hashes % _BUCKETS < round(share * _BUCKETS)
    return chosen
