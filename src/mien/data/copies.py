"""Which pictures of a data set are the same picture.

FER2013 repeats pictures, inside Training and across its splits. A network that has seen a
face in training answers it from memory, so our own splits go by content and every number
is also given without the faces that have a copy in Training (``clean``).

A *copy* is equal pixel for pixel. A *near copy* looks the same after a change of
brightness, contrast, compression or a slight crop: reduced to 8x8 by averaging over areas,
with the mean removed, it correlates above 0.99.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from ..errors import DataError

NEAR = 0.99
"""Correlation above which two reduced pictures are near copies."""

_REDUCED = 8
_ROWS, _COLUMNS = 1024, 8192  # one tile of correlations takes 32 MB


def content_groups(images: NDArray[np.uint8], *, near: bool = True) -> NDArray[np.intp]:
    """Number the groups of pictures that are copies, or near copies, of one another.

    Groups are closed: if a is a near copy of b and b of c, all three are one group, so
    that a split by group never parts two pictures that resemble each other.

    Args:
        images: uint8 (N, H, W) or (N, H, W, C).
        near: whether near copies count; without it only equal pixels do.

    Returns:
        (N,) numbers from 0, in the order in which the groups first appear.

    Raises:
        DataError: if ``images`` is not uint8 of one of these shapes.
    """
    _check(images)
    if not len(images):
        return np.zeros(0, np.intp)
    hashes = _hashes(images)
    _, first, same = np.unique(hashes, return_index=True, return_inverse=True)
    return _renumbered(_joined(reduced(images[first]))[same] if near else same)


def has_copy_in(
    images: NDArray[np.uint8], others: NDArray[np.uint8], *, near: bool = True
) -> NDArray[np.bool_]:
    """Tell for each picture whether ``others`` holds a copy, or near copy, of it.

    Args:
        images: uint8 (N, H, W) or (N, H, W, C).
        others: uint8 (K, H, W) or (K, H, W, C); of another size, only near copies are found.
        near: whether near copies count; without it only equal pixels do.

    Returns:
        bool (N,).

    Raises:
        DataError: if one is not uint8 of one of these shapes, or only one is in colour.
    """
    _check(images)
    _check(others)
    if images.shape[3:] != others.shape[3:]:
        raise DataError(
            f"pictures of shape {images.shape} and {others.shape} cannot be compared; "
            "bring both to grey or both to colour"
        )
    found = np.isin(_hashes(images), _hashes(others))
    if near and len(images) and len(others):
        rest = np.flatnonzero(~found)
        for rows, _ in _near_pairs(reduced(images[rest]), reduced(others)):
            found[rest[rows]] = True
    return found


def reduced(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What near copies are compared by: 8x8 area averages, mean removed, of length 1.

    The dot product of two rows is the correlation of the two pictures. A picture of one
    brightness gives zeros, which correlate with nothing.

    Args:
        images: uint8 (N, H, W) or (N, H, W, C).

    Returns:
        float32 (N, 64) or (N, 64 * C).
    """
    if not len(images):
        return np.zeros((0, _REDUCED * _REDUCED), np.float32)
    size = (_REDUCED, _REDUCED)
    small = np.stack(
        [
            cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            for image in images
        ]
    )
    values = small.reshape(len(images), -1)
    values -= values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    flat = length < 1e-2
    return np.where(flat, np.float32(0), values / np.where(flat, np.float32(1), length))


def _check(images: NDArray[np.uint8]) -> None:
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DataError(
            f"copies are sought among uint8 pictures (N, H, W[, C]), not {images.dtype} of "
            f"shape {images.shape}; decode them to 8 bits and bring them to one size"
        )


def _hashes(images: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    shape = str(images.shape[1:]).encode()
    digests = [
        hashlib.blake2b(image.tobytes(), digest_size=16, key=shape).hexdigest() for image in images
    ]
    return np.array(digests, dtype="S32")


def _near_pairs(
    left: NDArray[np.float32], right: NDArray[np.float32], *, above_diagonal: bool = False
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Indices of near copies, tile by tile, so that memory stays bounded."""
    for row in range(0, len(left), _ROWS):
        first = row if above_diagonal else 0
        for column in range(first, len(right), _COLUMNS):
            tile = left[row : row + _ROWS] @ right[column : column + _COLUMNS].T
            rows, columns = np.nonzero(tile > NEAR)
            rows, columns = rows + row, columns + column
            if above_diagonal:
                kept = rows < columns
                rows, columns = rows[kept], columns[kept]
            yield rows, columns


def _joined(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """Connected components of the graph whose edges join near copies."""
    pairs = list(_near_pairs(values, values, above_diagonal=True))
    rows = np.concatenate([one for one, _ in pairs])
    columns = np.concatenate([one for _, one in pairs])
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(len(values),) * 2)
    _, groups = connected_components(graph, directed=False)
    return np.asarray(groups, np.intp)


def _renumbered(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """The same groups, numbered in the order of their first appearance."""
    _, first, same = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[same]
