"""Who is asked and about whom: a trained network with its card, and faces found in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..card import Card
from ..errors import UnknownName
from ..models import load_model
from ..preprocess import Box, Picture, Preprocess
from .explanation import Explanation
from .methods import explain

VIEW = 256
"""Side in pixels of the face under a map: networks see few pixels, people like more."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceCut:
    """A face in a picture.

    Attributes:
        name: of the face, for captions and files.
        picture: uint8 (H, W, 3), RGB, upright.
        box: x, y, width, height in pixels; ``None`` if the picture is a face crop already.
        landmarks: (5, 2), x and y in pixels; ``None`` where there are none.
    """

    name: str
    picture: Picture
    box: Box | None = None
    landmarks: NDArray[np.float32] | None = None

    def crop(self, preprocess: Preprocess) -> Picture:
        """The face as the network sees it, cut as in prediction: (size, size[, 3])."""
        return preprocess.cut(self.picture, self.box, self.landmarks)

    def view(self, preprocess: Preprocess, side: int = VIEW) -> Picture:
        """The same square in more pixels and in colour, (side, side, 3), to draw maps over."""
        return replace(preprocess, size=side, colour="rgb").cut(
            self.picture, self.box, self.landmarks
        )


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network that was trained, with what it says of itself.

    Attributes:
        network: in evaluation mode.
        card: of its checkpoint.
    """

    network: nn.Module
    card: Card

    @classmethod
    def load(cls, path: Path | str) -> Trained:
        """Read a checkpoint, an exported model, or a shipped one by its name.

        Raises:
            ModelError: if the file is damaged, or an ONNX file that the network cannot be had from.
            NotFound, CardError: if there is no such file, or it has no card.
        """
        return cls(*load_model(path))

    def images(self, faces: Sequence[FaceCut]) -> Tensor:
        """The network's input, float32 (N, 3, size, size)."""
        preprocess = self.card.preprocess
        return torch.from_numpy(preprocess.normalise(np.stack([f.crop(preprocess) for f in faces])))

    def views(self, faces: Sequence[FaceCut]) -> list[Picture]:
        """The same faces for people, see :meth:`FaceCut.view`."""
        return [face.view(self.card.preprocess) for face in faces]

    def probabilities(self, faces: Sequence[FaceCut]) -> NDArray[np.float32]:
        """Calibrated probabilities (N, M), in the order of the card's labels."""
        with torch.inference_mode():
            logits = self.network(self.images(faces)).logits
            return np.asarray((logits / self.card.temperature).softmax(1), np.float32)

    def explain(
        self, faces: Sequence[FaceCut], method: str, expression: str | None = None
    ) -> Explanation:
        """Explain faces by one method, see :func:`.methods.explain`.

        Args:
            faces: N of them.
            method: its name.
            expression: the class to explain for all; ``None`` for each face's predicted one.

        Raises:
            UnknownName: if there is no such method, or the network has no such class.
            ModelError: if the network has no layer that the method needs.
        """
        classes = None if expression is None else [self.class_of(expression)] * len(faces)
        return explain(self.network, self.images(faces), method, classes=classes)

    def class_of(self, expression: str) -> int:
        """The position of a class.

        Raises:
            UnknownName: if the network has no such class.
        """
        names = [str(label) for label in self.card.labels]
        if expression not in names:
            raise UnknownName(f"class of {self.card.name}", expression, names)
        return names.index(expression)
