"""Face detection by RetinaFace with MobileNet-0.25, from the user's own weights.

J. Deng, J. Guo, E. Ververas, I. Kotsia, S. Zafeiriou: RetinaFace: Single-shot Multi-level Face
Localisation in the Wild, CVPR 2020. One network looks once at the whole picture. On maps with
one cell per 8, 16 and 32 pixels each cell says of two square anchors whether a face is there,
and how it lies relative to them. Anchors and decoding are those of the public PyTorch
re-implementation, whose ``mobilenet0.25_Final.pth`` ``mien import-checkpoint`` turns into the
file that is read here. These weights were not at hand when this was written: it is tested with
made-up outputs and made-up weights, and nothing is known here of how well it finds faces.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..preprocess import Picture
from .detection import SMALLEST_FACE
from .retinaface_graph import ANCHORS, CHANNELS, INPUT, OUTPUTS, STRIDES
from .single_shot import Faces, SingleShot

SIDES = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
"""Sides of the two anchors of a cell in pixels, by the stride of the map."""

_VARIANCES = 0.1, 0.2  # what places and logarithms of sides were divided by in training


class RetinaFace(SingleShot):
    """RetinaFace on onnxruntime.

    Args:
        model: the ONNX file that ``mien import-checkpoint --model retinaface`` wrote.
        score_threshold: least probability of a face.
        nms_threshold: of two faces that share more than this of their union, one goes.
        min_face: side of the smallest face to be found, in pixels: no box with a shorter longer
            side is given. The picture is shrunk
            until such a face has 32, twice the smallest anchor; it is never enlarged.
        max_side: pictures still larger are shrunk to this longer side, which bounds time
            and memory.
        threads: how many to compute with; by default one for each physical core.
        smaller: give faces smaller than ``min_face``, too, where some are found nevertheless.

    Raises:
        ModelError: if the file is missing, or is not such a model.
    """

    name = "retinaface"
    title = "RetinaFace"
    needed = 32
    remedy = (
        "turn the public weights mobilenet0.25_Final.pth into its file with: "
        "mien import-checkpoint --model retinaface mobilenet0.25_Final.pth -o retinaface.onnx"
    )

    def __init__(
        self,
        model: Path | str,
        score_threshold: float = 0.6,
        nms_threshold: float = 0.4,
        min_face: float = SMALLEST_FACE,
        max_side: int = 1280,
        threads: int | None = None,
        *,
        smaller: bool = False,
    ) -> None:
        super().__init__(
            model, score_threshold, nms_threshold, min_face, max_side, threads, smaller
        )

    def _checked(self, session: Any, source: str) -> str:
        inputs = [one.name for one in session.get_inputs()]
        outputs = [(one.name, one.shape[1:2]) for one in session.get_outputs()]
        if inputs != [INPUT] or outputs != [(name, [CHANNELS]) for name in OUTPUTS]:
            raise ModelError(f"{source}: not a RetinaFace as mien writes it; {self.remedy}")
        return INPUT

    def _look(self, session: Any, picture: Picture) -> Faces:
        pixels = np.ascontiguousarray(picture)[None]
        answers = session.run(OUTPUTS, {self._input: pixels})
        parts = [
            decode(answer[0], stride, self._score_threshold)
            for answer, stride in zip(answers, STRIDES, strict=True)
        ]
        scores, boxes, points = (np.concatenate(one) for one in zip(*parts, strict=True))
        return scores, boxes, points


def anchors(rows: int, columns: int, stride: int) -> NDArray[np.float64]:
    """The squares that the cells of a map speak of.

    Returns:
        (2, rows, columns, 3): x and y of the centre, which is the cell's, and the side, in
        pixels of the network's input; the smaller anchor of each cell first.
    """
    y, x = (np.mgrid[:rows, :columns] + 0.5) * stride
    return np.stack([np.stack([x, y, np.full_like(x, side)], -1) for side in SIDES[stride]])


def decode(answer: NDArray[np.float32], stride: int, threshold: float) -> Faces:
    """The faces of one map, in pixels of the network's input.

    For an anchor at c with side s the network gives a face's logit, then b and l: the box's
    centre is c + 0.1 s (b0, b1), its sides are s exp(0.2 b2) and s exp(0.2 b3), and the
    landmark i is c + 0.1 s (l2i, l2i+1).

    Args:
        answer: the network's output (30, rows, columns), see :mod:`.retinaface_graph`.
        stride: 8, 16 or 32.
        threshold: least probability.

    Returns:
        Scores (N,), boxes (N, 4) left, top, right, bottom, landmarks (N, 5, 2): the eye on
        the picture's left, the other, nose, left and right mouth corner.
    """
    rows, columns = answer.shape[1:]
    values = np.moveaxis(answer.reshape(ANCHORS, -1, rows, columns), 1, -1)
    scores = np.exp(-np.logaddexp(0, -values[..., 0].astype(np.float64)))
    chosen = scores >= threshold
    picked, squares = values[chosen].astype(np.float64), anchors(rows, columns, stride)[chosen]
    centres, sides = squares[:, :2], squares[:, 2:]
    place, size = _VARIANCES
    middle = centres + picked[:, 1:3] * place * sides
    half = sides * np.exp(picked[:, 3:5] * size) / 2
    boxes = np.concatenate([middle - half, middle + half], 1)
    points = centres[:, None] + picked[:, 5:].reshape(-1, 5, 2) * place * sides[:, None]
    return scores[chosen], boxes, points
