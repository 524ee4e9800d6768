"""Measure a finished run on the split that its recipe reports on.

The chosen epoch is measured, and the last one beside it: its scores are those of the subset
``"whole, last epoch"``. What counts are the protocols of :mod:`mien.evaluation.tasks`. Of those
of FER+ a recipe names the one that its paper's number stands for.
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
from ..data.affectnet import AffectNet
from ..data.ferplus import FERPlus
from ..data.loading.batches import collate
from ..data.loading.faces import FaceDataset
from ..data.loading.pictures import Pictures, PicturesInMemory
from ..data.reader import Reader
from ..errors import DataError
from ..evaluation.answers import Answers
from ..evaluation.classifier import Classifier, of_network
from ..evaluation.clean import clean_faces
from ..evaluation.damage.sample import DamagedSample
from ..evaluation.faces import Faces
from ..evaluation.provenance import file_sha256
from ..evaluation.record import Result
from ..evaluation.recording import predictions_of, record, worst_mistakes
from ..evaluation.scores import RobustnessPoint, Scores
from ..evaluation.scoring import score
from ..evaluation.tasks import LABELS, Task, answerable, tasks_of
from ..models import load_model
from .copies import Copies
from .finish import LAST_FILE, MODEL_FILE
from .history import RUN_FILE
from .sources import Source

LAST_EPOCH = ", last epoch"
PROTOCOL = "protocol"
"""Under which a record's settings say which protocol tables show."""
FRESH = "fresh_instead_of"
"""Under which they say what the recipe starts from, where the run did not."""
PRECISION = "precision"
"""Under which they say what the run was calculated in, by Lightning's names."""
_USUAL = {FERPlus.name: ("protocol", "majority"), AffectNet.name: ("classes", "8")}
"""Of data sets with several protocols: the option that names one, and the usual one."""
_BATCH = 256


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
    def tasks(self) -> tuple[Task, ...]:
        """Each protocol on the whole, and of FER+ on the faces that Training has no copy of."""
        training = None
        if isinstance(self.data, FERPlus) and self.source.split != "train":
            training = _ferplus(self.copies.open(Source(FERPlus.name)))
        return tasks_of(self.data, clean=clean_faces(self.data, training))

    def tasks_for(self, card: Card) -> tuple[Task, ...]:
        """Those whose classes a network has.

        Raises:
            LabelMismatch: if it lacks a class of the data set in every one.
        """
        return answerable(self.tasks, {card.name: card.labels})[0]

    def answers(self, network: nn.Module, card: Card, *, workers: int = 0) -> Answers:
        """Answer every picture once.

        Args:
            network: in evaluation mode, on whichever device it is to run.
            card: says how pictures are prepared, and which classes there are.
            workers: processes that prepare pictures.

        Raises:
            DataError: if a picture is damaged.
        """
        data: Pictures = self.data
        if isinstance(self.data, FERPlus):
            data, workers = PicturesInMemory(self.data.images, self.data.names), 0
        found = probabilities(network, card, data, workers=workers)
        return Answers(card.labels, found.argmax(axis=1), found.astype(np.float64))

    def robustness(self, network: Classifier, images: int) -> tuple[RobustnessPoint, ...]:
        """Accuracies on damaged pictures, the same ones for every network.

        Args:
            network: to ask.
            images: on how many pictures, those that ``mien evaluate --robustness`` draws.

        Raises:
            DataError: if a picture is damaged already.
        """
        task = self.tasks_for(network.card)[0]
        sample = DamagedSample.of(Faces(self.data), self.data.names, task, images)
        return sample.measure(network, network.card.preprocess)


def measure(
    folder: Path,
    reported: Reported,
    *,
    device: str = "cpu",
    workers: int = 0,
    damaged: int = 0,
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
        damaged: on how many pictures the chosen epoch answers damaged ones as well.
        command: that repeats the run; for the record.
        settings: what else the record should say.

    Raises:
        NotFound: if a checkpoint is not there.
        DataError: if a picture is damaged, or classes do not fit.
    """
    chosen, last = folder / MODEL_FILE, folder / LAST_FILE
    network, card = load_model(chosen)
    tasks = reported.tasks_for(card)
    answers = reported.answers(network.to(device), card, workers=workers)
    curves = reported.robustness(of_network(network, card), damaged) if damaged else ()
    network, last_card = load_model(last)
    at_the_end = reported.answers(network.to(device), last_card, workers=workers)
    found = record(
        card,
        [score(task, answers) for task in tasks]
        + [_of_last_epoch(score(task, at_the_end)) for task in tasks],
        predictions_of(tasks[0], answers),
        tasks[0].labels,
        sha256=file_sha256(chosen),
        dataset=reported.source.dataset,
        split=reported.source.split,
        data=reported.fingerprint,
        settings=dict(settings or {}),
        command=command,
        mistakes=worst_mistakes(tasks[0], answers, reported.data.names),
    )
    return replace(found, robustness=curves)


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
            PRECISION: str(run["precision"]),
            "trained_on": ", ".join(f"{name} {value}" for name, value in run["machine"].items()),
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: is no whole record of a run ({error}); run it again with --restart"
        ) from None


def protocol_of(source: Source) -> str:
    """The protocol that tables show: the one that a source's options name, or the usual one."""
    if source.dataset not in _USUAL:
        return LABELS
    option, usual = _USUAL[source.dataset]
    return str(source.options.get(option, usual))


def headline(result: Result, *, last_epoch: bool = False) -> Scores:
    """The scores that a table shows of a record.

    Raises:
        DataError: if it has none of them.
    """
    usual = _USUAL.get(result.dataset, ("", LABELS))[1]
    protocol = str(result.settings.get(PROTOCOL, usual))
    return result.find(protocol, "whole" + LAST_EPOCH * last_epoch)


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


def _of_last_epoch(scores: Scores) -> Scores:
    """The same under the name of the last epoch; without tables, which the chosen epoch has."""
    return replace(
        scores,
        subset=scores.subset + LAST_EPOCH,
        classes={},
        confusion=(),
        reliability=(),
        risk=(),
    )


def _ferplus(reader: Reader) -> FERPlus:
    if not isinstance(reader, FERPlus):
        raise DataError(f"{reader.root}: is no copy of FER+")
    return reader
