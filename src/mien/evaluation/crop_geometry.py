"""Where a detector sees the face inside the crops that a model was trained on.

Training crops come without the detector's box. To cut photos so that they look like them,
paste training crops into scenes, let the detector find them, and take the middle of what it
says. Only training pictures are to be measured: the numbers become part of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..faces.detection import Detection, Detector
from .pasting import SCENE, Border, paste
from .scenes import best_overlap

_BATCH = 16


@dataclass(frozen=True, slots=True)
class CropGeometry:
    """Medians over the faces found, and how far they spread.

    Attributes:
        faces: how many were pasted.
        found: share of them that was found.
        scale: side of the crop over the mean of the box's two sides.
        scale_quartiles: a quarter of the faces lies below the first, one above the second.
        shift: centre of the crop minus that of the box, in sides of the crop.
        shift_quartiles: for x and for y.
        template: five landmarks (x, y) in sides of the crop, from its upper left corner;
            ``None`` if the detector gives none.
        template_spread: half the distance of the quartiles of each, five (x, y).
    """

    faces: int
    found: float
    scale: float
    scale_quartiles: tuple[float, float]
    shift: tuple[float, float]
    shift_quartiles: tuple[tuple[float, float], tuple[float, float]]
    template: tuple[tuple[float, float], ...] | None = None
    template_spread: tuple[tuple[float, float], ...] | None = None


def measure_crop_geometry(
    detector: Detector,
    faces: NDArray[np.uint8],
    *,
    sides: tuple[int, int] = (100, 300),
    size: tuple[int, int] = SCENE,
    border: Border = "hard",
    seed: int = 0,
) -> CropGeometry:
    """Measure scale, shift and template of :class:`mien.preprocess.Preprocess`.

    Args:
        detector: such as MTCNN.
        faces: uint8 (N, H, W) or (N, H, W, 3): square training crops.
        sides: smallest and largest side of a pasted crop in pixels.
        size: width and height of a scene in pixels.
        border: see :mod:`mien.evaluation.pasting`.
        seed: of sizes, places and backgrounds.

    Raises:
        DataError: if not one face was found.
    """
    boxes, landmarks = [], []
    for start in range(0, len(faces), _BATCH):
        scenes = [
            paste(face, index=start + offset, seed=seed, sides=sides, size=size, border=border)
            for offset, face in enumerate(faces[start : start + _BATCH])
        ]
        found = detector([scene.picture for scene in scenes])
        for scene, detections in zip(scenes, found, strict=True):
            x, y, side, _ = scene.square
            detection = _pasted(detections, scene.square)
            if detection is None or detection.box is None:
                continue
            boxes.append((np.array(detection.box) - (x, y, 0, 0)) / side)
            if detection.landmarks is not None:
                landmarks.append((detection.landmarks - (x, y)) / side)
    if not boxes:
        raise DataError("the detector found not one of the pasted faces; try larger sides")
    return _summarise(len(faces), np.array(boxes), np.array(landmarks))


def _pasted(
    detections: Sequence[Detection], square: tuple[float, float, float, float]
) -> Detection | None:
    with_box = [one for one in detections if one.box is not None]
    best = best_overlap([one.box for one in with_box if one.box is not None], square)
    return None if best is None else with_box[best]


def _summarise(
    faces: int, boxes: NDArray[np.float64], landmarks: NDArray[np.float64]
) -> CropGeometry:
    """From boxes (K, 4) and landmarks (K or 0, 5, 2) in sides of the crop."""
    scale = 2 / (boxes[:, 2] + boxes[:, 3])
    shift = 0.5 - (boxes[:, :2] + boxes[:, 2:] / 2)
    low, high = np.quantile(shift, [0.25, 0.75], axis=0)
    template = spread = None
    if len(landmarks):
        template = _points(np.median(landmarks, axis=0))
        first, third = np.quantile(landmarks, [0.25, 0.75], axis=0)
        spread = _points((third - first) / 2)
    return CropGeometry(
        faces=faces,
        found=len(boxes) / faces,
        scale=float(np.median(scale)),
        scale_quartiles=(float(np.quantile(scale, 0.25)), float(np.quantile(scale, 0.75))),
        shift=_pair(np.median(shift, axis=0)),
        shift_quartiles=((float(low[0]), float(high[0])), (float(low[1]), float(high[1]))),
        template=template,
        template_spread=spread,
    )


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _points(values: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple(_pair(point) for point in values)
