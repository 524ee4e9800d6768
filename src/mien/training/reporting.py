"""Measure a finished run on the split that its recipe reports on.

The chosen epoch is measured, and the last one beside it: its scores are those of the subset
``"whole, last epoch"``. FER+ has its protocols, of which a recipe names the one that its paper's
number stands for; of other data sets every picture with a class of the network counts, which is
the protocol ``"labelled"``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader

from ..card import Card
from ..data.checking.copies import has_copy_in
from ..data.ferplus import FERPlus
from ..data.loading.batches import collate
from ..data.loading.faces import FaceDataset
from ..data.loading.pictures import Pictures, PicturesInMemory
from ..data.reader import Reader
from ..errors import DataError
from ..evaluation.evaluate import evaluate_classifier, record, score
from ..evaluation.provenance import file_sha256
from ..evaluation.record import Result
from ..evaluation.scores import Scores
from ..expressions import BASIC8, LabelSet
from ..models import load_model
from .copies import Copies
from .finish import LAST_FILE, MODEL_FILE
from .history import RUN_FILE
from .sources import Source

LABELLED = "labelled"
LAST_EPOCH = ", last epoch"
PROTOCOL = "protocol"
"""Under which a record's settings say which protocol tables show."""
FRESH = "fresh_instead_of"
"""Under which they say what the recipe starts from, where the run did not."""
_USUAL = {FERPlus.name: "majority"}
_BATCH = 256
_MOST_PREDICTIONS = 20_000
"""Of larger splits a record has no list of predictions, so that it stays a small file."""


class Reported:
    """A split that results are reported on; read once for all networks that are measured on it.

    Args:
        source: the split.
        copies: where it lies.

    Raises:
        DataError: if there is no copy of it, or the copy is damaged.
    """

    def __init__(self, source: Source, copies: Copies) -> None:
        self.source, self.copies = source, copies
        self.data: Reader = copies.open(source)

    @cached_property
    def fingerprint(self) -> str:
        """Which data exactly a number stands for."""
        return self.data.fingerprint

    @cached_property
    def clean(self) -> NDArray[np.bool_] | None:
        """Which faces of FER+ have no copy or near copy in Training, bool (N,)."""
        if not isinstance(self.data, FERPlus) or self.source.split == "train":
            return None
        training = self.copies.open(Source(FERPlus.name))
        return ~has_copy_in(self.data.images, _ferplus(training).images)

    def scores(
        self, network: nn.Module, card: Card, *, workers: int = 0
    ) -> tuple[tuple[Scores, ...], NDArray[np.intp], LabelSet]:
        """Answer every picture once and score the answers.

        Args:
            network: in evaluation mode, on whichever device it is to run.
            card: says how pictures are prepared, and which classes there are.
            workers: processes that prepare pictures.

        Returns:
            The scores under each protocol; the predicted class of every picture, (N,); and what
            the numbers of these classes stand for.

        Raises:
            DataError: if a picture is damaged, or the data set has no class of the network.
            LabelMismatch: if the network lacks an expression of FER+.
        """
        data = self.data
        if isinstance(data, FERPlus):
            faces = PicturesInMemory(data.images, data.names)
            answers = probabilities(network, card, faces)
            # Answered above, by the loader of the training; what is scored is the same.
            scored = evaluate_classifier(lambda _: answers, card.labels, data, clean=self.clean)
            return *scored, BASIC8
        answers = probabilities(network, card, data, workers=workers)
        truth = classes_of(data, card.labels)
        known = truth >= 0
        whole = score(truth[known], answers[known], card.labels, protocol=LABELLED)
        return (whole,), answers.argmax(axis=1), card.labels


def measure(
    folder: Path,
    reported: Reported,
    *,
    device: str = "cpu",
    workers: int = 0,
    command: str = "",
    settings: Mapping[str, str | int | float] | None = None,
) -> Result:
    """The record of a finished run.

    Args:
        folder: of the run, with ``model.safetensors`` of the chosen epoch and
            ``last.safetensors`` of the last.
        reported: what to measure on.
        device: where the network runs.
        workers: processes that prepare pictures.
        command: that repeats the run; for the record.
        settings: what else the record should say.

    Raises:
        NotFound: if a checkpoint is not there.
        DataError: if a picture is damaged, or classes do not fit.
    """
    chosen, last = folder / MODEL_FILE, folder / LAST_FILE
    network, card = load_model(chosen)
    scores, predicted, labels = reported.scores(network.to(device), card, workers=workers)
    network, last_card = load_model(last)
    at_the_end, _, _ = reported.scores(network.to(device), last_card, workers=workers)
    result = record(
        card,
        scores + tuple(_of_last_epoch(one) for one in at_the_end),
        predicted if len(predicted) <= _MOST_PREDICTIONS else (),
        sha256=file_sha256(chosen),
        dataset=reported.source.dataset,
        split=reported.source.split,
        data=reported.fingerprint,
        settings=dict(settings or {}),
        command=command,
    )
    return replace(result, labels=tuple(map(str, labels)))


def run_facts(folder: Path) -> dict[str, str | int | float]:
    """What a finished run says of itself, as settings of its record.

    Raises:
        DataError: if the run's own record is missing or damaged.
    """
    path = folder / RUN_FILE
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        history, chosen = run["history"], int(run["chosen_epoch"])
        return {
            "chosen_epoch": chosen,
            "epochs": len(history),
            "validation_accuracy": float(history[chosen - 1]["val_accuracy"]),
            "training_pictures": int(run["pictures"]["train"]),
            "training_data": str(run["data"]),
            "seconds": float(run["seconds"]),
            "processes": int(run["processes"]),
            "trained_on": ", ".join(f"{name} {value}" for name, value in run["machine"].items()),
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: is no whole record of a run ({error}); run it again with --restart"
        ) from None


def protocol_of(source: Source) -> str:
    """The protocol that tables show: of FER+ the source's own, or else ``"majority"``."""
    usual = _USUAL.get(source.dataset)
    return LABELLED if usual is None else str(source.options.get("protocol", usual))


def headline(result: Result, *, last_epoch: bool = False) -> Scores:
    """The scores that a table shows of a record.

    Raises:
        DataError: if it has none of them.
    """
    protocol = result.settings.get(PROTOCOL, _USUAL.get(result.dataset, LABELLED))
    return result.find(str(protocol), "whole" + LAST_EPOCH * last_epoch)


@torch.inference_mode()
def probabilities(
    network: nn.Module, card: Card, pictures: Pictures, *, workers: int = 0, batch: int = _BATCH
) -> NDArray[np.float32]:
    """Calibrated probabilities (N, M) of every picture, in float32.

    Args:
        network: in evaluation mode, on whichever device it is to run.
        card: says how pictures are prepared, and the temperature.
        pictures: decoded batch by batch when they are wanted.
        workers: processes that do so.
        batch: pictures that go through the network together.

    Raises:
        DataError: if a picture is missing or damaged: every one is to be measured.
    """
    faces = FaceDataset(pictures, np.zeros(len(pictures), np.int64), card.preprocess, tolerated=0)
    loader = DataLoader(faces, batch_size=batch, collate_fn=collate, num_workers=workers)
    device = next(network.parameters()).device
    answers = [
        (network(images.to(device)).logits.float() / card.temperature).softmax(dim=1).cpu().numpy()
        for images, _ in loader
    ]
    return np.concatenate(answers)


def classes_of(data: Reader, labels: LabelSet) -> NDArray[np.int64]:
    """Class of every picture as positions in a network's label set, (N,); -1 for none.

    Raises:
        DataError: if the data set's classes are others altogether.
    """
    names, column = tuple(map(str, labels)), data.table.classes
    if column is not None and data.class_names == names:
        return column
    classes = data.classes_in(labels)
    if not (classes >= 0).any():
        raise DataError(f"{data.title} has no picture of a class of the network: {labels}")
    return classes


def _of_last_epoch(scores: Scores) -> Scores:
    """The same under the name of the last epoch; without tables, which the chosen epoch has."""
    return replace(scores, subset=scores.subset + LAST_EPOCH, classes={}, confusion=())


def _ferplus(reader: Reader) -> FERPlus:
    if not isinstance(reader, FERPlus):
        raise DataError(f"{reader.root}: is no copy of FER+")
    return reader
