"""One face for all kinds of model: the runtime's ONNX, the lab's checkpoint, others' ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..card import CHECKPOINT, Card
from ..errors import CardError, require
from ..inference.session import Model
from ..preprocess import Picture, Preprocess
from ..zoo import model_file
from .answering import BATCH, Cut, Progress, answer
from .answers import Answers
from .foreign import Foreign, ForeignModel, carries_card
from .provenance import file_sha256
from .views import Classify, View

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model that answers faces.

    Attributes:
        card: what the model says of itself.
        probabilities: float32 (N, 3, size, size), prepared by the card, to calibrated
            probabilities (N, M).
        sha256: of the model's file.
        said: what the user says of a file without a card; ``None`` where the card is the file's.
    """

    card: Card
    probabilities: Classify
    sha256: str = ""
    said: Foreign | None = None

    def answer(
        self,
        cut: Cut,
        count: int,
        *,
        view: View = "plain",
        batch: int = BATCH,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer the faces of N pictures, which are cut while the network works.

        Args:
            cut: gives the faces as a preprocessing cuts them.
            count: N.
            view: see :mod:`mien.evaluation.views`.
            batch: how many go through the network together.
            progress: called after each batch with the faces done and the faces in all.
        """
        return answer(
            self.probabilities,
            self.card.preprocess,
            self.card.labels,
            cut,
            count,
            view=view,
            batch=batch,
            progress=progress,
        )

    def __call__(
        self,
        crops: Sequence[Picture] | Picture,
        *,
        view: View = "plain",
        batch: int = BATCH,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer pictures that are whole face crops, uint8 (H, W) grey or (H, W, 3) RGB."""

        def cut(rows: Sequence[int], preprocess: Preprocess) -> list[Picture | None]:
            return [preprocess.cut(crops[row]) for row in rows]

        return self.answer(cut, len(crops), view=view, batch=batch, progress=progress)


def load_classifier(
    model: str | Path, *, threads: int | None = None, foreign: Foreign | None = None
) -> Classifier:
    """Load a model for evaluation.

    Args:
        model: path of an ``.onnx`` file or of a ``.safetensors`` checkpoint, or the name of
            a shipped model.
        threads: for the network; ``None`` leaves it to the runtime.
        foreign: what to take an ONNX file for that has no card.

    Raises:
        MienError: if there is no such model, it has no card and nothing is said of it, or its
            classes are no expressions.
    """
    path = model_file(model)
    if path.suffix == CHECKPOINT:
        loaded = _from_checkpoint(path)
    else:
        loaded = _from_onnx(path, threads, foreign)
    loaded.card.labels.require_expressions(str(model))
    return loaded


def _from_onnx(path: Path, threads: int | None, foreign: Foreign | None) -> Classifier:
    try:
        runtime = Model(path, threads=threads)
    except CardError as error:
        if carries_card(path):
            raise
        if foreign is None:
            raise CardError(
                f"{error}, or say here what it takes and answers with --labels and --size"
            ) from None
        other = ForeignModel(path, foreign, threads=threads)
        return Classifier(other.card, other.probabilities, file_sha256(path), foreign)
    return Classifier(runtime.card, runtime.probabilities, file_sha256(path))


def _from_checkpoint(path: Path) -> Classifier:
    require("torch", "train")
    from ..models import load_model

    network, card = load_model(path)
    return of_network(network.eval(), card, file_sha256(path))


def of_network(network: nn.Module, card: Card, sha256: str = "") -> Classifier:
    """A network of the lab as a classifier.

    Args:
        network: in evaluation mode, on whichever device it is to run.
        card: says how pictures are prepared, the classes and the temperature.
        sha256: of its file.
    """
    import torch

    device = next(network.parameters()).device

    def probabilities(images: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits = network(torch.from_numpy(images).to(device)).logits.float()
            found = torch.softmax(logits / card.temperature, dim=1)
            return np.asarray(found.cpu(), np.float32)

    return Classifier(card, probabilities, sha256)
