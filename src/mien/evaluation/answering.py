"""One pass of a network over many faces: the next ones are made ready while it works.

OpenCV, the decoders and the networks release Python's lock, so that a thread reads and cuts
while the network computes. Two batches exist besides the one at work, and never all faces.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..expressions import LabelSet
from ..inference.ahead import ahead
from ..preprocess import Picture, Preprocess
from .answers import MISSED, Answers
from .views import Classify, Images, View, answer_views, enlarged

BATCH = 128
"""How many faces go through the network together."""

Cut: TypeAlias = Callable[[Sequence[int], Preprocess], Sequence[Picture | None]]
"""Positions of pictures to their faces as a preprocessing cuts them, (size, size[, 3]);
``None`` where there is no face."""
Progress: TypeAlias = Callable[[int, int], None]
"""Told the faces done and the faces in all, after each batch."""


def answer(
    classify: Classify,
    preprocess: Preprocess,
    labels: LabelSet,
    cut: Cut,
    count: int,
    *,
    view: View = "plain",
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Answers:
    """Answer the faces of N pictures.

    Args:
        classify: float32 (K, 3, size, size) to probabilities (K, M).
        preprocess: how the network wants its pictures.
        labels: the M classes.
        cut: gives the faces.
        count: N.
        view: see :mod:`mien.evaluation.views`.
        batch: how many pictures go through the network together.
        progress: called after each batch.
    """
    predicted = np.full(count, MISSED, np.int64)
    probabilities = np.zeros((count, len(labels)), np.float64)
    for rows, images, last in ahead(_batches(enlarged(preprocess, view), cut, count, batch)):
        if images is not None:
            found = answer_views(classify, images, view, preprocess.size)
            probabilities[rows] = found
            predicted[rows] = found.argmax(axis=1)
        if progress is not None:
            progress(last, count)
    return Answers(labels, predicted, probabilities)


def _batches(
    preprocess: Preprocess, cut: Cut, count: int, batch: int
) -> Generator[tuple[list[int], Images | None, int], None, None]:
    """Rows with a face, their pictures as a network wants them, and how many rows are done."""
    for start in range(0, count, batch):
        last = min(start + batch, count)
        found = dict(zip(range(start, last), cut(range(start, last), preprocess), strict=True))
        faces = {row: face for row, face in found.items() if face is not None}
        images: NDArray[np.float32] | None = None
        if faces:
            images = preprocess.normalise(np.stack(list(faces.values())))
        yield list(faces), images, last
