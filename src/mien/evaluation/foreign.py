"""Networks of others: any ONNX classifier of face crops, without a card.

What a card would say, the user says: the classes in the order of the network's output, and how
pictures are prepared. From this a card is made on the spot, so that everything else is the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..card import CARD_KEY, Card
from ..errors import InputError, ModelError, NotFound
from ..expressions import LabelSet
from ..faces.session import open_session
from ..inference.session import softmax
from ..preprocess import Preprocess

_TYPES: dict[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}
_CHANNELS = (1, 3)
_CLOSE = 1e-3
"""How far the sum of a network's own probabilities may be from 1."""
_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What the user says of a network without a card.

    Attributes:
        labels: the M classes in the order of the output.
        size: side of the square input in pixels; ``None`` where the network fixes it.
        colour: of the input; ``None`` for grey where the network has one channel, else rgb.
        mean: per channel, of values between 0 and 1; it is subtracted.
        std: per channel; it divides. 0 and 1/255 give values from 0 to 255.
        probabilities: whether the network answers probabilities, and not logits.

    Raises:
        InputError: if ``size`` or ``std`` is not above 0, or a number is not finite.
    """

    labels: LabelSet
    size: int | None = None
    colour: Literal["grey", "rgb"] | None = None
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    probabilities: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise InputError(f"--size is {self.size}, not at least 1")
        if not all(map(math.isfinite, self.mean)):
            raise InputError(f"--mean is {_listed(self.mean)}; it needs finite numbers")
        if not all(math.isfinite(one) and one > 0 for one in self.std):
            raise InputError(f"--std is {_listed(self.std)}; it needs finite numbers above 0")


def carries_card(path: Path) -> bool:
    """Whether an ONNX file has a card, be it damaged or of a newer format.

    Raises:
        ModelError: if it is no ONNX model.
    """
    session = open_session(path.read_bytes(), str(path), threads=1)
    return CARD_KEY in session.get_modelmeta().custom_metadata_map


class ForeignModel:
    """An ONNX classifier without a card.

    Its one input is a tensor of N grey or RGB pictures, (N, C, H, W) or (N, H, W, C); an output
    is (N, M).

    Args:
        path: the ONNX file.
        said: what the user says of it.
        threads: how many it may use; ``None`` for one per core.

    Attributes:
        card: made of what the user says.

    Raises:
        NotFound: if there is no such file.
        ModelError: if it is no ONNX model, or not such a classifier.
        InputError: if what the user says does not fit it.
    """

    def __init__(self, path: Path, said: Foreign, *, threads: int | None = None) -> None:
        self.path, self._said = path, said
        try:
            content = path.read_bytes()
        except OSError as error:
            raise NotFound(f"{path}: the model cannot be read ({error.strerror})") from None
        self._session = open_session(content, str(path), threads)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _TYPES:
            wants = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise ModelError(f"{path}: it takes {wants}, not one batch of pictures of floats")
        self._input, self._type = inputs[0].name, _TYPES[inputs[0].type]
        shape = inputs[0].shape
        self._channels_last = shape[3] in _CHANNELS and shape[1] not in _CHANNELS
        sides = shape[1:3] if self._channels_last else shape[2:4]
        channels = shape[3] if self._channels_last else shape[1]
        self._channels = channels if isinstance(channels, int) else 3
        if self._channels not in _CHANNELS:
            raise ModelError(f"{path}: it takes pictures of {self._channels} channels, not 1 or 3")
        self._batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
        self._output = self._find_output()
        self.card = Card(
            name=path.stem,
            architecture="ONNX without a card",
            labels=said.labels,
            preprocess=Preprocess(
                size=self._size(sides), colour=self._colour(), mean=said.mean, std=said.std
            ),
        )

    def probabilities(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answer pictures.

        Args:
            inputs: float32 (N, 3, size, size) of the card's preprocess; N may be 0.

        Returns:
            float32 (N, M), rows sum to 1.

        Raises:
            ModelError: if the network fails, or its answers are not what the user says.
        """
        step = self._batch or _BATCH
        parts = [self._run(inputs[at : at + step]) for at in range(0, len(inputs), step)]
        if not parts:
            return np.empty((0, len(self.card.labels)), np.float32)
        found = np.concatenate(parts)
        if not np.isfinite(found).all():
            raise ModelError(f"{self.path}: the network answered numbers that are not finite")
        sums = found.sum(axis=1)
        alike = bool((found >= 0).all() and (np.abs(sums - 1) <= _CLOSE).all())
        if self._said.probabilities:
            if not alike:
                worst = sums[np.abs(sums - 1).argmax()]
                raise ModelError(
                    f"{self.path}: its answers are no probabilities (of one picture they add up "
                    f"to {worst:.4g}); leave out --probabilities if they are logits"
                )
            return np.asarray(found / sums[:, None], np.float32)
        if alike:
            raise ModelError(
                f"{self.path}: its answers are not negative and add up to 1, so they are no "
                "logits; add --probabilities"
            )
        return softmax(found.astype(np.float32))

    def _run(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        count = len(images)
        shown = images[:, : self._channels]
        if self._batch is not None and count < self._batch:
            shown = np.concatenate([shown, np.repeat(shown[-1:], self._batch - count, axis=0)])
        if self._channels_last:
            shown = shown.transpose(0, 2, 3, 1)
        try:
            (found,) = self._session.run(
                [self._output], {self._input: np.ascontiguousarray(shown, self._type)}
            )
        except Exception as error:  # onnxruntime's exceptions have no common base
            reason = str(error).strip().splitlines()[0][:200]
            raise ModelError(f"{self.path}: the network failed ({reason})") from None
        if found.shape != (len(shown), len(self._said.labels)):
            raise ModelError(self._not_classes(found.shape))
        return np.asarray(found[:count], np.float64)

    def _find_output(self) -> str:
        outputs = self._session.get_outputs()
        for one in outputs:
            fits = len(one.shape) == 2 and (
                one.shape[1] == len(self._said.labels) or not isinstance(one.shape[1], int)
            )
            if fits:
                return str(one.name)
        raise ModelError(self._not_classes([one.shape for one in outputs]))

    def _not_classes(self, shape: object) -> str:
        labels = self._said.labels
        return (
            f"{self.path}: its output has the shape {shape}, which does not fit the "
            f"{len(labels)} classes [{labels}] of --labels"
        )

    def _size(self, sides: list[Any]) -> int:
        fixed = {side for side in sides if isinstance(side, int)}
        size = self._said.size
        if len(fixed) > 1:
            raise ModelError(f"{self.path}: it takes pictures of {sides}, which are not square")
        if size is None and not fixed:
            raise InputError(f"{self.path}: its input has any size; name the size with --size")
        if size is not None and fixed and fixed != {size}:
            raise InputError(
                f"{self.path}: its input has {fixed.pop()} pixels a side, --size says {size}"
            )
        return fixed.pop() if size is None else size

    def _colour(self) -> Literal["grey", "rgb"]:
        if self._channels == 1 and self._said.colour == "rgb":
            raise InputError(f"{self.path}: its input has one channel; take --colour grey")
        return self._said.colour or ("grey" if self._channels == 1 else "rgb")


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{one:g}" for one in values)
