"""One face for both kinds of model file: the runtime's ONNX and the lab's checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..card import Card
from ..errors import require
from ..inference.session import Model
from ..preprocess import Picture
from ..zoo import SHIPPED, shipped_model
from .provenance import file_sha256

BATCH = 128


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model that answers face crops.

    Attributes:
        card: what the model says of itself.
        probabilities: float32 (N, 3, size, size), prepared by the card, to calibrated
            probabilities (N, M).
        sha256: of the model's file.
    """

    card: Card
    probabilities: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    sha256: str = ""

    def __call__(
        self,
        crops: Picture,
        *,
        batch: int = BATCH,
        progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Prepare face crops as the card says and answer them.

        Args:
            crops: uint8 (N, H, W) grey or (N, H, W, 3) RGB, each a whole face crop.
            batch: how many go through the network together.
            progress: called after each batch with the faces done and the faces in all.

        Returns:
            float32 (N, M), in the order of the card's labels.
        """
        prepare = self.card.preprocess
        answers = [np.zeros((0, len(self.card.labels)), np.float32)]
        for start in range(0, len(crops), batch):
            cut = np.stack([prepare.cut(crop) for crop in crops[start : start + batch]])
            answers.append(self.probabilities(prepare.normalise(cut)))
            if progress is not None:
                progress(min(start + batch, len(crops)), len(crops))
        return np.concatenate(answers)


def load_classifier(model: str | Path, *, threads: int | None = None) -> Classifier:
    """Load a model for evaluation.

    Args:
        model: path of an ``.onnx`` file or of a ``.safetensors`` checkpoint, or the name of
            a shipped model.
        threads: for the network; ``None`` leaves it to the runtime.

    Raises:
        MienError: if there is no such model, or it has no card.
    """
    if Path(model).suffix == ".safetensors":
        return _from_checkpoint(Path(model))
    path = shipped_model(str(model)) if str(model) in SHIPPED else Path(model)
    runtime = Model(path, threads=threads)
    return Classifier(runtime.card, runtime.probabilities, file_sha256(path))


def _from_checkpoint(path: Path) -> Classifier:
    torch = require("torch", "train")
    from ..models import load_model

    network, card = load_model(path)
    network.eval()

    def probabilities(images: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits = network(torch.from_numpy(images)).logits
            return np.asarray(torch.softmax(logits / card.temperature, dim=1), np.float32)

    return Classifier(card, probabilities, file_sha256(path))
