"""Face detection by three networks in a row (MTCNN).

K. Zhang, Z. Zhang, Z. Li, Y. Qiao: Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks, IEEE Signal Processing Letters 23 (10), 2016. P-Net proposes
boxes on a pyramid of sizes, R-Net throws most of them away, O-Net decides and finds five
landmarks. The networks come from the weights of the ``mtcnn`` distribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import MienError
from ..preprocess import Picture
from .boxes import suppress
from .crops import Octaves
from .detection import SMALLEST_FACE, Detection
from .mtcnn_graphs import graph
from .mtcnn_weights import Network
from .session import open_session

Thresholds: TypeAlias = tuple[float, float, float]
"""Least probability of a face after P-Net, R-Net and O-Net."""

THRESHOLDS: Thresholds = (0.6, 0.7, 0.7)
"""The usual ones."""

AGAIN: Thresholds = (0.3, 0.1, 0.4)
"""For a second look at a picture in which the usual ones find no face.

They lose one in eleven tight faces of FER+'s training pictures pasted into scenes, nearly all of
them in the first two networks; these lose one in forty. Their price are false faces where there
is none: of 600 faces whose tiles were shuffled, 154 instead of 9 have one
(``results/training/crop-geometry.json``). In photos of several people they would find hands and
hair besides, in more than twice the time (``results/benchmarks/detection.json``).
"""

SURE_AGAIN: Thresholds = (*AGAIN[:2], THRESHOLDS[2])
"""For a second look that gives only faces as sure as those of the first."""

_CELL, _STEP = 12, 2  # the square that P-Net sees, and how far it moves, in pixels
_OVERLAP_IN_SCALE, _OVERLAP = 0.5, 0.7
_PIXELS_AT_ONCE = 40_000  # P-Net's maps of more than these leave the processor's cache
_LEAST_BAND = 64  # rows; a border of 10 is computed twice
_SQUARES_AT_ONCE = {"rnet": 96, "onet": 24}  # about 10 MB of maps each


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Boxes (N, 4), the logit of each being a face (N,), and whose picture it is (N,)."""

    boxes: NDArray[np.float64]
    logits: NDArray[np.float64]
    picture: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, chosen: NDArray[Any]) -> _Candidates:
        return _Candidates(self.boxes[chosen], self.logits[chosen], self.picture[chosen])


class MTCNN:
    """MTCNN on onnxruntime.

    Args:
        min_face: side of the smallest face to be found, in pixels: no box with a shorter longer
            side is given. Twice as large is about four times as fast.
        thresholds: least probability of a face after P-Net, R-Net and O-Net.
        scale_factor: from one size of the pyramid to the next, below 1.
        threads: how many to compute with; by default one for each physical core.
        again: the same for a second look at pictures in which there is none by them. It gives the
            faces that reach the last of ``thresholds``, or else the best one, which is called
            unsure. ``None`` for no second look.
        smaller: give faces smaller than ``min_face``, too, where some are found nevertheless.

    Raises:
        ModelError: if the weights are missing or not the known ones.
    """

    name = "mtcnn"

    def __init__(
        self,
        min_face: float = SMALLEST_FACE,
        thresholds: Thresholds = THRESHOLDS,
        scale_factor: float = 0.709,
        threads: int | None = None,
        *,
        again: Thresholds | None = AGAIN,
        smaller: bool = False,
    ) -> None:
        if min_face < _CELL:
            raise MienError(f"min_face is {min_face}; MTCNN finds faces of {_CELL} pixels or more")
        if not 0 < scale_factor < 1:
            raise MienError(f"scale_factor is {scale_factor}; choose it between 0 and 1")
        looks = [thresholds] if again is None else [thresholds, again]
        for one in looks:
            if len(one) != 3 or not all(0 < limit < 1 for limit in one):
                raise MienError(f"thresholds are {one}; choose three between 0 and 1")
        self._scale, self._factor = _CELL / min_face, scale_factor
        self._smallest = 0.0 if smaller else min_face
        self._sure = thresholds[2]
        self._lowest = float(np.log(min(one[0] / (1 - one[0]) for one in looks)))
        self._looks = [np.log(np.divide(one, np.subtract(1, one))) for one in looks]
        self._sessions = {one: _open(one, threads) for one in ("pnet", "rnet", "onet")}

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Faces of each picture, largest score first.

        Boxes are as the network gives them and may leave the picture a little.

        Args:
            pictures: uint8 (H, W, 3) RGB, of any sizes.
        """
        octaves = [Octaves(picture) for picture in pictures]
        proposed = self._propose(octaves)
        result: list[list[Detection]] = [[] for _ in pictures]
        for limits in self._looks:
            without = [index for index, found in enumerate(result) if not found]
            if without:
                for index, found in zip(
                    without, self._look(octaves, proposed, limits, without), strict=True
                ):
                    result[index] = found
        return result

    def _look(
        self,
        octaves: Sequence[Octaves],
        proposed: Sequence[_Candidates],
        limits: NDArray[np.float64],
        pictures: Sequence[int],
    ) -> list[list[Detection]]:
        """Faces of some of the pictures, by the logits that are the least after each network."""
        chosen = [
            one[(one.logits > limits[0]) & np.isin(one.picture, pictures)] for one in proposed
        ]
        found = _thinned(_joined([_thinned(one, _OVERLAP_IN_SCALE) for one in chosen]), _OVERLAP)
        found, answer = self._ask("rnet", octaves, found, limits[1])
        found = _Candidates(_shifted(found.boxes, answer), found.logits, found.picture)
        found = _thinned(found, _OVERLAP)
        found, answer = self._ask("onet", octaves, found, limits[2])
        own = [found.picture == one for one in pictures]
        return [_detections(found[one], answer[one], self._sure, self._smallest) for one in own]

    def _propose(self, octaves: Sequence[Octaves]) -> list[_Candidates]:
        """P-Net on all sizes of all pictures; those of one size go through it together.

        Returns the squares that any look may take, of each size.
        """
        groups: dict[tuple[int, int], list[int]] = {}
        for index, one in enumerate(octaves):
            groups.setdefault((one.height, one.width), []).append(index)
        parts = []
        for (height, width), members in groups.items():
            for scale in self._scales(min(height, width)):
                pixels = [octaves[index].scaled(scale) for index in members]
                rows, columns = pixels[0].shape[:2]
                zoom = np.array([width / columns, height / rows] * 2)
                part = self._scan(pixels)
                parts.append(
                    _Candidates(part.boxes * zoom, part.logits, np.array(members)[part.picture])
                )
        return parts

    def _scales(self, shortest: int) -> Iterator[float]:
        scale = self._scale
        while shortest * scale >= _CELL:
            yield scale
            scale *= self._factor

    def _scan(self, pixels: Sequence[Picture]) -> _Candidates:
        """P-Net on pictures of one size: boxes in their own pixels."""
        height, width = pixels[0].shape[:2]
        # A large picture goes in bands that share a border, several small ones go together.
        band = max(_PIXELS_AT_ONCE // width // _STEP * _STEP, _LEAST_BAND)
        together = max(_PIXELS_AT_ONCE // (height * width), 1)
        parts = []
        for first in range(0, len(pixels), together):
            some = pixels[first : first + together]
            for top in range(0, height - _CELL + 1, band):
                piece = np.stack([one[top : top + band + _CELL - _STEP] for one in some])
                if piece.shape[1] >= _CELL:
                    answer = _run(self._sessions["pnet"], piece)
                    parts.append(self._read(answer, first, top))
        return _joined(parts)

    def _read(self, answer: NDArray[np.float32], first: int, top: int) -> _Candidates:
        """Candidates from P-Net's map (N, 5, rows, columns) of a band that starts at ``top``."""
        picture, row, column = np.nonzero(answer[:, 0] > self._lowest)
        values = answer[picture, :, row, column].astype(np.float64)
        corner = np.stack([column, row], 1) * float(_STEP) + (0, top)
        cells = np.concatenate([corner, corner + _CELL], 1)
        return _Candidates(cells + values[:, 1:5] * _CELL, values[:, 0], picture + first)

    def _ask(
        self, network: Network, octaves: Sequence[Octaves], found: _Candidates, limit: float
    ) -> tuple[_Candidates, NDArray[np.float64]]:
        """Show squares around the candidates to R-Net or O-Net.

        Returns the squares of those that pass, and the network's answer for each.
        """
        order = np.argsort(found.picture, kind="stable")
        found = found[order]
        squares = _squares(found.boxes)
        side = 24 if network == "rnet" else 48
        answers = [np.empty((0, 15 if network == "onet" else 5), np.float32)]
        step = _SQUARES_AT_ONCE[network]
        for first in range(0, len(found), step):
            some, owner = squares[first : first + step], found.picture[first : first + step]
            crops = [octaves[one].squares(some[owner == one], side) for one in np.unique(owner)]
            answers.append(_run(self._sessions[network], np.concatenate(crops)))
        answer = np.concatenate(answers).astype(np.float64)
        passed = answer[:, 0] > limit
        kept = _Candidates(squares[passed], answer[passed, 0], found.picture[passed])
        return kept, answer[passed]


def _open(network: Network, threads: int | None) -> Any:
    return open_session(graph(network), f"MTCNN's {network}", threads)


def _run(session: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    answer: NDArray[np.float32] = session.run(["answer"], {"pixels": pixels})[0]
    return answer


def _joined(parts: Sequence[_Candidates]) -> _Candidates:
    empty = _Candidates(np.empty((0, 4)), np.empty(0), np.empty(0, np.intp))
    parts = [empty, *parts]
    return _Candidates(
        np.concatenate([one.boxes for one in parts]),
        np.concatenate([one.logits for one in parts]),
        np.concatenate([one.picture for one in parts]),
    )


def _thinned(found: _Candidates, threshold: float) -> _Candidates:
    """Non-maximum suppression within each picture."""
    kept = [np.empty(0, np.intp)]
    for one in np.unique(found.picture):
        index = np.flatnonzero(found.picture == one)
        kept.append(index[suppress(found.boxes[index], found.logits[index], threshold)])
    return found[np.concatenate(kept)]


def _squares(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squares with the boxes' centres and their longer sides."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True), 1) / 2
    return np.concatenate([centre - half, centre + half], 1)


def _shifted(boxes: NDArray[np.float64], answer: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes with their sides moved as the network says, in sides of the box."""
    size = boxes[:, 2:] - boxes[:, :2]
    shifted: NDArray[np.float64] = boxes + answer[:, 1:5] * np.concatenate([size, size], 1)
    return shifted


def _detections(
    found: _Candidates, answer: NDArray[np.float64], sure: float, smallest: float
) -> list[Detection]:
    """O-Net's answer for one picture as detections, without those that lie within better ones.

    If none of the others has a score above ``sure``, the best one.
    """
    boxes, scores = _shifted(found.boxes, answer), 1 / (1 + np.exp(-found.logits))
    size = found.boxes[:, None, 2:] - found.boxes[:, None, :2]
    points = found.boxes[:, None, :2] + answer[:, 5:15].reshape(-1, 2, 5).transpose(0, 2, 1) * size
    large = np.flatnonzero((boxes[:, 2:] - boxes[:, :2]).max(1) >= smallest)
    index = large[suppress(boxes[large], scores[large], _OVERLAP, over="smaller")]
    result = []
    for face in index[: max(int((scores[index] > sure).sum()), 1)]:  # the best ones come first
        left, top, right, bottom = boxes[face].tolist()
        box, score = (left, top, right - left, bottom - top), float(scores[face])
        landmarks = points[face].astype(np.float32)
        result.append(Detection(box, score, landmarks, unsure=score <= sure))
    return result
