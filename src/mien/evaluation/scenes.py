"""From photo to expression: faces pasted into scenes, found, cut and recognised.

What a detector and a crop cost: the same faces are answered directly, as crops, and end to
end. A face that was not found counts as wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..expressions import LabelSet
from ..inference.results import Face
from ..preprocess import Box, Picture
from .bootstrap import estimate
from .pasting import SCENE, SIDES, Border, paste
from .scores import Scores

OVERLAP = 0.25
"""Intersection over union from which a found box is the pasted face."""


@dataclass(frozen=True, slots=True)
class SceneOutcome:
    """What came of each face; all arrays (N,).

    Attributes:
        truth: true class.
        direct: class predicted for the crop itself.
        predicted: class predicted end to end; -1 where the face was not found.
        side: side of the pasted face in pixels.
        extra: how many other faces were found in the scene, where there are none.
    """

    truth: NDArray[np.intp]
    direct: NDArray[np.intp]
    predicted: NDArray[np.intp]
    side: NDArray[np.intp]
    extra: NDArray[np.intp]

    @property
    def found(self) -> NDArray[np.bool_]:
        """Whether the face was found."""
        return self.predicted >= 0

    def between(self, smallest: int, largest: int) -> SceneOutcome:
        """The faces pasted at ``smallest`` to below ``largest`` pixels."""
        return self.where((self.side >= smallest) & (self.side < largest))

    def where(self, part: NDArray[np.bool_]) -> SceneOutcome:
        """The faces that a mask (N,) names."""
        return SceneOutcome(
            *(one[part] for one in (self.truth, self.direct, self.predicted, self.side, self.extra))
        )

    def scores(self, protocol: str, subset: str = "scenes", seed: int = 0) -> Scores:
        """Numbers with intervals.

        ``found``: share of faces found; ``accuracy``: end to end, not found is wrong;
        ``accuracy_of_found``; ``accuracy_direct``: of the crops; ``loss``: direct minus end
        to end, with the interval of the difference on the same faces.
        """
        found, right = self.found, self.predicted == self.truth
        direct = self.direct == self.truth
        metrics = {
            "accuracy": estimate(_mean, right, seed=seed),
            "accuracy_direct": estimate(_mean, direct, seed=seed),
            "loss": estimate(_mean, direct.astype(np.float64) - right, seed=seed),
            "found": estimate(_mean, found, seed=seed),
        }
        if found.any():
            metrics["accuracy_of_found"] = estimate(_mean, right[found], seed=seed)
        return Scores(protocol=protocol, subset=subset, images=len(found), metrics=metrics)


def evaluate_scenes(
    recognise: Callable[[Sequence[Picture]], Sequence[Sequence[Face]]],
    faces: NDArray[np.uint8],
    truth: ArrayLike,
    direct: ArrayLike,
    labels: LabelSet,
    *,
    seed: int = 0,
    sides: tuple[int, int] = SIDES,
    size: tuple[int, int] = SCENE,
    border: Border = "hard",
    background: Picture | None = None,
    batch: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> SceneOutcome:
    """Paste each face into a scene of its own and recognise it from there.

    Args:
        recognise: pictures to the faces of each, such as a ``Recognizer`` on a list of
            arrays.
        faces: uint8 (N, H, W) or (N, H, W, 3), square crops.
        truth: class indices (N,), in the order of ``labels``.
        direct: classes (N,) that the same model predicts for the crops themselves.
        labels: what the indices stand for.
        seed: of sizes, places and backgrounds.
        sides: smallest and largest side of a pasted face in pixels.
        size: width and height of a scene in pixels.
        border: see :mod:`mien.evaluation.pasting`.
        background: a photo without faces, or ``None`` for random colours.
        batch: how many scenes are in memory at once.
        progress: called after each batch with the scenes done and the scenes in all.

    Raises:
        DataError: if faces, truth and direct differ in number.
    """
    true, crop_answers = np.asarray(truth, np.intp), np.asarray(direct, np.intp)
    if not len(faces) == len(true) == len(crop_answers):
        raise DataError(f"{len(faces)} faces, {len(true)} labels, {len(crop_answers)} answers")
    answered: list[tuple[int, int, int]] = []
    for start in range(0, len(faces), batch):
        scenes = [
            paste(
                face,
                index=start + offset,
                seed=seed,
                sides=sides,
                size=size,
                border=border,
                background=background,
            )
            for offset, face in enumerate(faces[start : start + batch])
        ]
        found = recognise([one.picture for one in scenes])
        for scene, people in zip(scenes, found, strict=True):
            answered.append((*_answer(people, scene.square, labels), int(scene.square[2])))
        if progress is not None:
            progress(len(answered), len(faces))
    predicted, extra, side = np.array(answered, np.intp).reshape(-1, 3).T
    return SceneOutcome(true, crop_answers, predicted, side, extra)


def best_overlap(boxes: Sequence[Box], square: Box) -> int | None:
    """Which box is the pasted face: the largest overlap, if it reaches :data:`OVERLAP`."""
    overlaps = [overlap(box, square) for box in boxes]
    best = int(np.argmax(overlaps)) if overlaps else None
    return best if best is not None and overlaps[best] >= OVERLAP else None


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = one[2] * one[3] + other[2] * other[3] - shared
    return shared / union if union > 0 else 0.0


def _answer(people: Sequence[Face], square: Box, labels: LabelSet) -> tuple[int, int]:
    """The class predicted for the pasted face or -1, and how many other faces there are."""
    with_box = [one for one in people if one.box is not None]
    best = best_overlap([one.box for one in with_box if one.box is not None], square)
    if best is None:
        return -1, len(with_box)
    probabilities = with_box[best].probabilities
    expression = max(probabilities, key=lambda name: probabilities[name])
    return labels.index(expression), len(with_box) - 1


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values.mean(axis=-1, dtype=np.float64))
