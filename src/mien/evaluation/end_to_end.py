"""The test from photo to expression on a split of a data set, with its record."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..data.ferplus import FERPlus
from ..errors import UnknownName
from ..inference.recognizer import Recognizer
from ..inference.results import Face
from ..preprocess import Picture
from .classifier import Classifier
from .clean import clean_faces
from .judging import judge
from .pasting import SIDES, Border
from .provenance import file_sha256
from .record import Result
from .recording import record
from .scenes import SceneOutcome, evaluate_scenes
from .scores import Scores
from .tasks import answerable, tasks_of

DATASETS = (FERPlus.name,)
BANDS = (60, 100, 200, 300, 401)
"""Sides of pasted faces in pixels, at which the bands of the report begin and end."""


def run_scenes(
    recognizer: Recognizer,
    dataset: str = "ferplus",
    *,
    root: Path,
    split: str = "public-test",
    protocol: str = "majority",
    faces: int | None = None,
    seed: int = 0,
    sides: tuple[int, int] = SIDES,
    border: Border = "hard",
    background: Picture | None = None,
    command: str = "",
    settings: Mapping[str, str | int | float] = MappingProxyType({}),
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Paste the faces of a split into scenes and compare with the direct evaluation.

    Args:
        recognizer: detector and model as they are used.
        dataset: ``"ferplus"``.
        root: where the user's copy of the data set lies, a folder or a zip.
        split: ``"train"``, ``"public-test"`` or ``"private-test"``.
        protocol: which faces count.
        faces: how many of them, drawn at random; ``None`` for all.
        seed: of that draw, and of sizes, places and backgrounds.
        sides: smallest and largest side of a pasted face in pixels.
        border: see :mod:`mien.evaluation.pasting`.
        background: a photo without faces, or ``None`` for random colours.
        command: that repeats it, for the record.
        settings: of the recognizer that are not as usual, for the record.
        progress: called now and then with the scenes done and the scenes in all.

    Returns:
        The record; its scores are all faces (``scenes``), those without a copy in Training
        (``scenes clean``), and bands of size (such as ``scenes 100-199``). Predictions are
        -1 for faces that do not count, that were not drawn, or that were not found.

    Raises:
        UnknownName: if the data set or the protocol is unknown.
        MienError: if the data cannot be read.
    """
    if dataset != FERPlus.name:
        raise UnknownName("data set whose faces can be pasted into scenes", dataset, DATASETS)
    pictures = FERPlus(root, split=split)
    (whole,) = tasks_of(pictures, protocol=protocol)
    ((task,), _) = answerable([whole], {recognizer.card.name: recognizer.labels}, all_of_them=True)
    chosen = _draw(np.flatnonzero(task.counts), faces, seed)
    crops, drawn = pictures.images[chosen], task.at(chosen)
    classifier = Classifier(recognizer.card, recognizer.model.probabilities)
    outcome = evaluate_scenes(
        in_lists(recognizer),
        crops,
        drawn.truth,
        judge(drawn, classifier(crops)).predicted,
        task.labels,
        seed=seed,
        sides=sides,
        border=border,
        background=background,
        progress=progress,
    )
    clean = clean_faces(pictures)
    predictions = np.full(len(pictures), -1, np.intp)
    predictions[chosen] = outcome.predicted
    return record(
        recognizer.card,
        subsets(outcome, protocol, None if clean is None else clean[chosen]),
        predictions.tolist(),
        task.labels,
        sha256=file_sha256(recognizer.model.path),
        dataset=dataset,
        split=split,
        data=pictures.fingerprint,
        settings={
            "detector": recognizer.detector.name,
            **settings,
            "border": border,
            "background": "random colours" if background is None else "photo",
            "smallest_side": sides[0],
            "largest_side": sides[1],
            "scene_seed": seed,
            "false_faces": int(outcome.extra.sum()),
        },
        command=command,
    )


def in_lists(
    recognizer: Recognizer,
) -> Callable[[Sequence[Picture]], list[list[Face]]]:
    """The recognizer as a function from pictures to the faces of each."""

    def recognise(pictures: Sequence[Picture]) -> list[list[Face]]:
        return [people for _, people in recognizer.stream(list(pictures))]

    return recognise


def subsets(
    outcome: SceneOutcome, protocol: str, clean: NDArray[np.bool_] | None = None
) -> tuple[Scores, ...]:
    """Numbers of all faces, of the clean ones, and of each band of :data:`BANDS`."""
    parts = {"scenes": outcome}
    if clean is not None:
        parts["scenes clean"] = outcome.where(clean)
    for smallest, largest in itertools.pairwise(BANDS):
        band = outcome.between(smallest, largest)
        if len(band.side) < len(outcome.side):
            parts[f"scenes {smallest}-{largest - 1}"] = band
    return tuple(one.scores(protocol, name) for name, one in parts.items() if len(one.side))


def _draw(indices: NDArray[np.intp], faces: int | None, seed: int) -> NDArray[np.intp]:
    if faces is None or faces >= len(indices):
        return indices
    return np.sort(np.random.default_rng(seed).choice(indices, faces, replace=False))
