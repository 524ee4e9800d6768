"""Face detection by YuNet, from the user's own model file.

W. Wu, H. Peng, S. Yu: YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence
Research 20, 2023. One small network looks once at the whole picture. On maps with one cell
per 8, 16 and 32 pixels each cell says whether a face is centred near it, and where. Files of
libfacedetection and of OpenCV's model zoo fit if their height and width are left open.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..preprocess import Picture
from .detection import SMALLEST_FACE
from .single_shot import Faces, SingleShot

_STRIDES = (8, 16, 32)
_MULTIPLE = 32  # of both sides of the input
_WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_OUTPUTS = [f"{kind}_{stride}" for kind in _WIDTHS for stride in _STRIDES]


class YuNet(SingleShot):
    """YuNet on onnxruntime.

    Args:
        model: the ONNX file, with open height and width.
        score_threshold: least score of a face.
        nms_threshold: of two faces that share more than this of their union, one goes.
        min_face: side of the smallest face to be found, in pixels: no box with a shorter longer
            side is given. The picture is shrunk
            until such a face has 24, which the network needs; it is never enlarged.
        max_side: pictures still larger are shrunk to this longer side, which bounds time
            and memory.
        threads: how many to compute with; by default one for each physical core.
        smaller: give faces smaller than ``min_face``, too, where some are found nevertheless.

    Raises:
        ModelError: if the file is missing, or is not such a model.
    """

    name = "yunet"
    title = "YuNet"
    needed = 24
    remedy = "give a YuNet's ONNX file, such as yunet_n_dynamic.onnx"

    def __init__(
        self,
        model: Path | str,
        score_threshold: float = 0.6,
        nms_threshold: float = 0.3,
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
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if len(inputs) != 1 or not set(_OUTPUTS) <= {one.name for one in outputs}:
            raise ModelError(
                f"{source}: not a YuNet (no outputs cls_8, obj_8, bbox_8, kps_8, ...); "
                f"{self.remedy}"
            )
        shape = inputs[0].shape
        if len(shape) != 4 or shape[1] != 3 or any(isinstance(side, int) for side in shape[2:]):
            raise ModelError(
                f"{source}: this YuNet takes only inputs {shape}; give one whose height "
                "and width are open, such as yunet_n_dynamic.onnx"
            )
        return str(inputs[0].name)

    def _look(self, session: Any, picture: Picture) -> Faces:
        rows, columns = picture.shape[:2]
        padded = -(-rows // _MULTIPLE) * _MULTIPLE, -(-columns // _MULTIPLE) * _MULTIPLE
        pixels = np.zeros((1, 3, *padded), np.float32)
        for target, channel in zip(pixels[0, ::-1], cv2.split(picture), strict=True):
            target[:rows, :columns] = channel
        answers = session.run(_OUTPUTS, {self._input: pixels})
        named = dict(zip(_OUTPUTS, answers, strict=True))
        parts = [decode(named, padded[1], one, self._score_threshold) for one in _STRIDES]
        scores, boxes, points = (np.concatenate(one) for one in zip(*parts, strict=True))
        return scores, boxes, points


def decode(
    answers: dict[str, NDArray[np.float32]], width: int, stride: int, threshold: float
) -> Faces:
    """The faces of one map, in pixels of the network's input.

    A cell at (column, row) answers with the face's centre and landmarks relative to its own
    corner and the logarithms of the face's sides, all in strides; the score is the geometric
    mean of the class's and the object's probability.

    Args:
        answers: the network's outputs by name, such as ``bbox_8`` (1, cells, 4).
        width: columns of the input in pixels.
        stride: 8, 16 or 32.
        threshold: least score.

    Returns:
        Scores (N,), boxes (N, 4) left, top, right, bottom, landmarks (N, 5, 2): the eye on
        the picture's left, the other, nose, left and right mouth corner.
    """
    values = {kind: answers[f"{kind}_{stride}"][0].astype(np.float64) for kind in _WIDTHS}
    scores = np.sqrt(np.clip(values["cls"][:, 0], 0, 1) * np.clip(values["obj"][:, 0], 0, 1))
    cells = np.flatnonzero(scores >= threshold)
    corner = np.stack([cells % (width // stride), cells // (width // stride)], 1).astype(float)
    box, points = values["bbox"][cells], values["kps"][cells].reshape(-1, 5, 2)
    centre, half = corner + box[:, :2], np.exp(box[:, 2:]) / 2
    boxes = np.concatenate([centre - half, centre + half], 1) * stride
    return scores[cells], boxes, (corner[:, None] + points) * stride
