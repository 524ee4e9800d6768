"""Which pictures of a data set are the same picture.

FER2013 repeats pictures, inside Training and across its splits. A network that has seen a
face in training answers it from memory, so our own splits go by content and every number
is also given without the faces that have a copy in Training (``clean``).

A *copy* is equal pixel for pixel. A *near copy* looks the same after a change of
brightness, contrast, compression or a slight crop: reduced to 8x8 by averaging over areas,
with the mean removed, it correlates above 0.99.

A data set that does not fit in memory is compared by :class:`Sketches` of its pictures, which
take 272 bytes each and are made one by one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from ...errors import DataError

NEAR = 0.99
"""Correlation above which two reduced pictures are near copies."""

_REDUCED = 8
_ROWS, _COLUMNS = 1024, 8192  # one tile of correlations takes 32 MB
_PAIRS = 4_000_000  # held at once, in 64 MB
# Rows of length 1 that correlate above NEAR lie closer together than this, and so do their
# shadows on any line; a little more for rounding.
_REACH = float(np.sqrt(2 - 2 * NEAR)) + 1e-3


@dataclass(frozen=True, slots=True)
class Sketches:
    """What N pictures are compared by.

    Attributes:
        hashes: 16 bytes (N,), equal for pictures of the same size and pixels.
        values: float32 (N, D), as :func:`reduced` gives them; ``None`` if near copies do not
            count.
    """

    hashes: NDArray[np.bytes_]
    values: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.hashes)

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Sketches:
        """The sketches of some of the pictures."""
        return Sketches(self.hashes[chosen], None if self.values is None else self.values[chosen])


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
    hashes = _hashes(images)
    _, first, same = np.unique(hashes, return_index=True, return_inverse=True)
    if not near or not len(images):
        return _renumbered(same)
    return sketch_groups(Sketches(hashes, reduced(images[first])[same]))


def sketch_groups(sketches: Sketches) -> NDArray[np.intp]:
    """The groups of :func:`content_groups`, from sketches.

    Returns:
        (N,) numbers from 0, in the order in which the groups first appear.
    """
    _, first, same = np.unique(sketches.hashes, return_index=True, return_inverse=True)
    if sketches.values is None or not len(sketches):
        return _renumbered(same)
    return _renumbered(_joined(sketches.values[first])[same])


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
    sides = [Sketches(_hashes(one), reduced(one) if near else None) for one in (images, others)]
    return sketch_matches(*sides)[0] >= 0


def sketch_matches(left: Sketches, right: Sketches) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each picture of either side, the place of a copy on the other side.

    Where one side has no values, only equal pictures are found.

    Returns:
        (N,) places in ``right`` and (K,) places in ``left``; -1 for none. An equal picture is
        preferred to a near copy.
    """
    in_right, in_left = np.full(len(left), -1, np.intp), np.full(len(right), -1, np.intp)
    if not len(left) or not len(right):
        return in_right, in_left
    if left.values is not None and right.values is not None:
        for rows, columns in _near_pairs(left.values, right.values):
            in_right[rows], in_left[columns] = columns, rows
    for hashes, others, places in (
        (left.hashes, right.hashes, in_right),
        (right.hashes, left.hashes, in_left),
    ):
        known, first = np.unique(others, return_index=True)
        spots = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        equal = known[spots] == hashes
        places[equal] = first[spots[equal]]
    return in_right, in_left


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
    return correlated(np.stack([shrunk(image) for image in images]))


def shrunk(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The 8x8 area averages of one picture, float32 (64,) or (64 * C,)."""
    size = (_REDUCED, _REDUCED)
    small = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).reshape(-1)


def correlated(averages: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of :func:`shrunk`, mean removed, of length 1: what :func:`reduced` gives."""
    values = averages - averages.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    flat = length < 1e-2
    return np.where(flat, np.float32(0), values / np.where(flat, np.float32(1), length))


def _check(images: NDArray[np.uint8]) -> None:
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DataError(
            f"copies are sought among uint8 pictures (N, H, W[, C]), not {images.dtype} of "
            f"shape {images.shape}; decode them to 8 bits and bring them to one size"
        )


def pixel_hash(image: NDArray[np.uint8]) -> bytes:
    """16 bytes that only pictures of the same shape and pixels share."""
    shape = str(image.shape).encode()
    return hashlib.blake2b(image.tobytes(), digest_size=16, key=shape).digest()


def _hashes(images: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    return np.array([pixel_hash(image) for image in images], dtype="S16")


def _near_pairs(
    left: NDArray[np.float32], right: NDArray[np.float32], *, among_themselves: bool = False
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Indices of near copies, tile by tile, so that memory stays bounded.

    Along the line on which the pictures differ most, near copies lie close together: what is
    further off than that is left out.
    """
    line = np.linalg.eigh(right.T @ right)[1][:, -1]
    left_places, right_places = left @ line, right @ line
    left_order, right_order = np.argsort(left_places), np.argsort(right_places)
    left_places, right_places = left_places[left_order], right_places[right_order]
    for row in range(0, len(left), _ROWS):
        rows = left_order[row : row + _ROWS]
        ends = left_places[row] - _REACH, left_places[row + len(rows) - 1] + _REACH
        first, last = np.searchsorted(right_places, ends)
        for column in range(row if among_themselves else first, last, _COLUMNS):
            columns = right_order[column : min(column + _COLUMNS, last)]
            down, along = np.nonzero(left[rows] @ right[columns].T > NEAR)
            if among_themselves:
                once = row + down < column + along
                down, along = down[once], along[once]
            yield rows[down], columns[along]


def _joined(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """Connected components of the graph whose edges join near copies."""
    groups = np.arange(len(values), dtype=np.intp)
    held: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    number = 0
    for pairs in _near_pairs(values, values, among_themselves=True):
        held.append(pairs)
        number += len(pairs[0])
        if number > _PAIRS:
            groups, held, number = _connected(groups, held), [], 0
    return _connected(groups, held)


def _connected(
    groups: NDArray[np.intp], pairs: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> NDArray[np.intp]:
    """The groups after joining those that the pairs connect."""
    _, first, same = np.unique(groups, return_index=True, return_inverse=True)
    everything = np.arange(len(groups))
    rows = np.concatenate([everything, *(one for one, _ in pairs)])
    columns = np.concatenate([first[same], *(one for _, one in pairs)])
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(len(groups),) * 2)
    _, joined = connected_components(graph, directed=False)
    return np.asarray(joined, np.intp)


def _renumbered(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """The same groups, numbered in the order of their first appearance."""
    _, first, same = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[same]
