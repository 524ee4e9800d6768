"""Soft targets from networks that are trained already.

Distillation (Hinton et al. 2015) mixes a teacher's answers into the labels; self-training
(Xie et al. 2020) takes them in the place of labels, where there are none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..card import RUNTIME_MODEL, Card
from ..data.loading.faces import FaceDataset
from ..data.loading.pictures import Pictures
from ..errors import DataError, InputError, LabelMismatch
from ..evaluation.classifier import Classifier, of_network
from ..evaluation.provenance import file_sha256
from ..expressions import LabelSet
from ..inference.session import Model
from ..models import load_model
from .answers import Answers

log = logging.getLogger("mien")

_BATCH = 256
_LEAST = np.finfo(np.float32).tiny  # of a probability, which has a logarithm then
_DIGITS = 16


def teacher_targets(
    teachers: Sequence[Path],
    pictures: Pictures | NDArray[np.uint8],
    labels: LabelSet,
    temperature: float = 1.0,
    *,
    device: str = "cpu",
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Mean of the teachers' calibrated probabilities for each face and its mirror image.

    Each teacher sees the faces as its own card says, whatever the student sees. Its classes
    are mapped by name; those that the student lacks are left out, and the rest sums to 1.

    Args:
        teachers: checkpoints, or ONNX models, with cards.
        pictures: whose faces are cut when they are needed; or uint8 (N, H, W[, 3]) face crops.
        labels: the order of the answer's columns.
        temperature: logits are divided by it, on top of the card's own: above 1 the answers
            are softer.
        device: torch's name of what computes.
        folder: keeps the answers, so that a run that is continued has the same ones at once.
        progress: called after each batch with the answers given and those in all.

    Returns:
        float32 (N, M), rows sum to 1. The same for the same arguments.

    Raises:
        DataError: if there is no teacher, or too many pictures cannot be read.
        LabelMismatch: if a teacher lacks one of ``labels``, or has other classes.
        InputError: if the temperature is not above 0.
        OutputError: if the folder cannot be written to.
    """
    if not teachers:
        raise DataError("the recipe takes targets from a teacher; name its file with --teacher")
    if not temperature > 0:
        raise InputError(f"a teacher's temperature is {temperature}; it is above 0")
    number = len(pictures)
    total = np.zeros((number, len(labels)), np.float32)
    for place, path in enumerate(teachers):
        teacher = _open(path, device)
        card = teacher.card
        columns = _columns(labels, card, path)
        log.info("%s is asked about %d faces", path.name, number)
        faces = FaceDataset(pictures, np.zeros(number, np.int64), card.preprocess)
        kept = Answers(None if folder is None else folder / _file_name(path))
        for rows, logarithms in _logarithms(teacher, faces, kept):
            softer = logarithms / np.float32(temperature)
            answers = _softmax(softer)[..., columns].mean(axis=0)
            total[rows] += answers / answers.sum(axis=1, keepdims=True)
            if progress is not None:
                progress(place * number + rows.stop, len(teachers) * number)
        kept.write()
    return total / np.float32(len(teachers))


def mixed(
    targets: NDArray[np.generic], answers: NDArray[np.float32], share: float
) -> NDArray[np.float32]:
    """Labels and teachers' answers, by ``share`` of the latter; Hinton et al.'s weighted mean.

    Args:
        targets: float (N, M) distributions, or int (N,) class indices.
        answers: float32 (N, M), of :func:`teacher_targets`.
        share: from 0, the labels alone, to 1, the answers alone.

    Raises:
        DataError: if the numbers of pictures or classes differ.
        InputError: if the share is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise InputError(f"the teachers' share is {share}; it lies between 0 and 1")
    number, classes = answers.shape
    if targets.ndim == 1 and len(targets) == number:
        own: NDArray[np.generic] = np.eye(classes, dtype=np.float32)[np.asarray(targets, np.int64)]
    else:
        own = targets
    if own.shape != answers.shape:
        raise DataError(f"labels {targets.shape} do not fit teachers' answers {answers.shape}")
    part = np.float32(share)
    return (1 - part) * own.astype(np.float32) + part * answers


def _open(path: Path, device: str) -> Classifier:
    if path.suffix.lower() == RUNTIME_MODEL:
        model = Model(path)
        return Classifier(model.card, model.probabilities)
    network, card = load_model(path)
    network = network.eval().to(torch.device(device))
    return of_network(network.to(memory_format=torch.channels_last), card)


def _logarithms(
    teacher: Classifier, faces: FaceDataset, kept: Answers
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Logarithms (2, n, M) of what a teacher says of n faces and of their mirror images.

    Divided by a temperature they make softer answers, as calibrated logits would.
    """
    for first in range(0, len(faces), _BATCH):
        rows = slice(first, min(first + _BATCH, len(faces)))
        images = faces.__getitems__(range(rows.start, rows.stop)).images.numpy()

        def ask(images: NDArray[np.float32] = images) -> NDArray[np.float32]:
            views = (images, np.ascontiguousarray(images[..., ::-1]))
            said = np.stack([teacher.probabilities(view) for view in views])
            return np.log(np.maximum(said, _LEAST))

        yield rows, kept.get(images, ask)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the last axis, by NumPy: its sums do not depend on the number of threads."""
    values = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: NDArray[np.float32] = values / values.sum(axis=-1, keepdims=True)
    return shares


def _columns(labels: LabelSet, card: Card, path: Path) -> NDArray[np.intp]:
    try:
        return labels.columns_in(card.labels)
    except LabelMismatch as error:
        raise LabelMismatch(f"{path}: this teacher does not know all classes: {error}") from None


def _file_name(path: Path) -> str:
    """By content: another teacher under the same name has other answers."""
    return f"teacher-{file_sha256(path)[:_DIGITS]}.safetensors"
