"""The validation part that is split off a training set, by content.

A picture's part is decided by a hash of its content, so that the split is the same on every
machine and for every order of files; copies and near copies of one face go together, so that
none crosses it.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .checking.copies import content_groups

_BUCKETS = 10_000


def validation_part(images: NDArray[np.uint8], share: float) -> NDArray[np.bool_]:
    """Which of ``images`` (N, H, W[, 3]) are held out: about ``share`` of them.

    Raises:
        DataError: if ``share`` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise DataError(f"the validation share must lie between 0 and 1, not at {share}")
    groups = content_groups(images)
    hashes = np.array(
        [int.from_bytes(hashlib.sha256(image.tobytes()).digest()[:8], "big") for image in images],
        np.uint64,
    )
    smallest = np.full(int(groups.max()) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, groups, hashes)
    held: NDArray[np.bool_] = smallest[groups] % _BUCKETS < round(share * _BUCKETS)
    return held
