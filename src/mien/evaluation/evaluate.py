"""Measure a model on a data set: one pass of the network, then every protocol.

Each protocol is scored twice where it matters: on the ``whole`` split, and ``clean``,
without the faces that have a copy or near copy among the training pictures.
"""

from __future__ import annotations

import datetime
import functools
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..card import Card
from ..data.checking.copies import has_copy_in
from ..data.ferplus import FERPlus
from ..data.ferplus_protocols import PROTOCOLS, protocol_labels
from ..errors import DataError, UnknownName
from ..expressions import BASIC8, LabelSet
from ..preprocess import Picture
from . import metrics
from .bootstrap import Estimate, estimate, estimate_from_counts
from .classifier import load_classifier
from .framing import framing_warning
from .provenance import git_commit, machine, version
from .record import Result
from .scores import Scores

log = logging.getLogger("mien")

DATASETS = ("ferplus",)
Predict = Callable[[Picture], NDArray[np.float32]]


def evaluate_classifier(
    predict: Predict,
    labels: LabelSet,
    dataset: FERPlus,
    *,
    protocols: Sequence[str] = PROTOCOLS,
    clean: NDArray[np.bool_] | None = None,
) -> tuple[tuple[Scores, ...], NDArray[np.intp]]:
    """Answer every picture of a split once and score the answers under each protocol.

    Args:
        predict: face crops uint8 (N, H, W) to probabilities (N, M).
        labels: the order of those M columns; it must have all eight expressions of FER+.
        dataset: the split.
        protocols: see :mod:`mien.data.ferplus_protocols`.
        clean: bool (N,), true for faces without a copy in Training; ``None`` leaves the
            clean numbers out.

    Returns:
        The scores, and the predicted class (N,) of every picture in the order of
        :data:`mien.expressions.BASIC8`.

    Raises:
        LabelMismatch: if the model lacks an expression of FER+.
    """
    BASIC8.columns_in(labels)  # refuse before the work, not after it
    answers = BASIC8.reorder(predict(dataset.images), labels).astype(np.float64)
    scores = []
    for protocol in protocols:
        truth, keep = protocol_labels(dataset.votes, protocol)
        subsets = {"whole": keep}
        if clean is not None:
            subsets["clean"] = keep & clean
        for subset, mask in subsets.items():
            scores.append(
                score(truth[mask], answers[mask], BASIC8, protocol=protocol, subset=subset)
            )
    return tuple(scores), answers.argmax(axis=1)


def score(
    truth: ArrayLike,
    probabilities: ArrayLike,
    labels: LabelSet,
    *,
    protocol: str,
    subset: str = "whole",
    seed: int = 0,
) -> Scores:
    """All metrics of one set of answers, each with its 95 % interval.

    The interval of the calibration error leans upwards: a resampled set is always a little
    worse calibrated than the set it is drawn from.

    Args:
        truth: class indices (N,).
        probabilities: (N, M), in the order of ``labels``.
        labels: the M classes.
        protocol: for the record.
        subset: for the record.
        seed: of the bootstrap.

    Raises:
        DataError: if there is no picture, or the shapes do not fit.
    """
    true, table = np.asarray(truth), np.asarray(probabilities, np.float64)
    if table.shape != (len(true), len(labels)):
        raise DataError(f"{len(true)} pictures of {len(labels)} classes have answers {table.shape}")
    predicted = table.argmax(axis=1)
    counts = metrics.confusion_matrix(true, predicted, len(labels))
    measured: dict[str, Estimate] = {
        "accuracy": estimate_from_counts(metrics.accuracy, counts, seed=seed),
        "balanced_accuracy": estimate_from_counts(metrics.balanced_accuracy, counts, seed=seed),
        "macro_f1": estimate_from_counts(metrics.macro_f1, counts, seed=seed),
        "expected_calibration_error": estimate(
            metrics.expected_calibration_error, table.max(axis=1), predicted == true, seed=seed
        ),
        "negative_log_likelihood": estimate(_mean, metrics.log_losses(true, table), seed=seed),
    }
    return Scores(
        protocol=protocol,
        subset=subset,
        images=len(true),
        metrics=measured,
        classes=dict(
            zip((str(name) for name in labels), metrics.class_scores(counts), strict=True)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
    )


def run(
    model: str | Path,
    dataset: str = "ferplus",
    *,
    root: Path,
    split: str = "public-test",
    protocol: str | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Measure a model on a split of a data set: what ``mien evaluate`` does.

    Args:
        model: an ``.onnx`` file, a ``.safetensors`` checkpoint, or a shipped model's name.
        dataset: ``"ferplus"``.
        root: where the user's copy of the data set lies, a folder or a zip.
        split: ``"train"``, ``"public-test"`` or ``"private-test"``.
        protocol: see :mod:`mien.data.ferplus_protocols`; ``None`` for all of them.
        threads: for the network.
        progress: called now and then with the faces done and the faces in all.

    Raises:
        UnknownName: if the data set or the protocol is unknown.
        MienError: if the model or the data cannot be read.
    """
    protocols = known_protocols(dataset, protocol)
    classifier = load_classifier(model, threads=threads)
    classifier.card.labels.require_expressions(str(model))
    BASIC8.columns_in(classifier.card.labels)
    pictures = FERPlus(root, split=split)
    if warning := framing_warning(classifier.card.preprocess, pictures.preprocess):
        log.warning("%s", warning)
    scores, predicted = evaluate_classifier(
        functools.partial(classifier, progress=progress),
        classifier.card.labels,
        pictures,
        protocols=protocols,
        clean=clean_faces(pictures),
    )
    return record(
        classifier.card,
        scores,
        predicted,
        sha256=classifier.sha256,
        dataset=dataset,
        split=split,
        data=pictures.fingerprint,
        settings={} if pictures.preprocess is None else {"copy": "prepared"},
        command=" ".join(
            ["mien evaluate", Path(model).name, dataset]
            + ["--root", Path(root).resolve().name, "--split", split]
            + (["--protocol", protocol] if protocol else [])
        ),
    )


def clean_faces(pictures: FERPlus) -> NDArray[np.bool_] | None:
    """Which faces have no copy or near copy in Training, bool (N,); ``None`` for Training."""
    if pictures.split == "train":
        return None
    return ~has_copy_in(pictures.images, FERPlus(pictures.root, split="train").images)


def record(
    card: Card,
    scores: tuple[Scores, ...],
    predicted: ArrayLike,
    *,
    dataset: str,
    split: str,
    data: str,
    command: str,
    sha256: str = "",
    settings: dict[str, str | int | float] | None = None,
) -> Result:
    """Put scores together with where they come from.

    Args:
        card: of the model.
        scores: of :func:`evaluate_classifier`.
        predicted: class of every picture (N,), in the order of ``BASIC8``.
        dataset: name of the data set.
        split: name of the split.
        data: fingerprint of the split.
        command: that repeats it; with file names, not with paths of this machine.
        sha256: of the model's file.
        settings: whatever else the numbers depend on.
    """
    return Result(
        model=card.name,
        model_sha256=sha256,
        recipe=card.recipe,
        seed=card.seed,
        trained_at=card.commit,
        dataset=dataset,
        split=split,
        data_fingerprint=data,
        labels=tuple(str(name) for name in BASIC8),
        scores=scores,
        settings=settings or {},
        commit=git_commit(),
        version=version(),
        machine=machine(),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        command=command,
        predictions=tuple(int(one) for one in np.asarray(predicted)),
    )


def known_protocols(dataset: str, protocol: str | None) -> tuple[str, ...]:
    """The protocols to score: the one asked for, or all of the data set.

    Raises:
        UnknownName: if the data set or the protocol is unknown.
    """
    if dataset not in DATASETS:
        raise UnknownName("data set", dataset, DATASETS)
    if protocol is None:
        return PROTOCOLS
    if protocol not in PROTOCOLS:
        raise UnknownName("FER+ protocol", protocol, PROTOCOLS)
    return (protocol,)


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values.mean(axis=-1))
