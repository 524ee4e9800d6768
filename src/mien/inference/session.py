"""The network in use: an ONNX classifier with its card, on onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..card import CHECKPOINT, Card, read_card
from ..errors import ModelError, NotFound
from ..faces.session import open_session

_BATCH = 64
_LOGITS, _ATTENTION = "logits", "attention"
_ATTENTIVE = "apvit, dan, lla_net, msa_net and transfer"


class Model:
    """A classifier with its card.

    Args:
        path: an ONNX file that carries a card.
        threads: how many the network may use; ``None`` for one per core.

    Raises:
        NotFound: if there is no such file.
        ModelError: if it is not an ONNX model, or does not fit its card.
        CardError: if it has no card, a damaged one, or one of a newer format.
        LabelMismatch: if its classes are no expressions.
    """

    card: Card

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        self.path = Path(path)
        self._session = _open(self.path, threads)
        self.card = read_card(
            self._session.get_modelmeta().custom_metadata_map, source=str(self.path)
        )
        self.card.labels.require_expressions(str(self.path))
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        names = [one.name for one in outputs]
        self._input = inputs[0].name
        self._output = _LOGITS if _LOGITS in names else names[0]
        self._attention = {one.name: one.shape for one in outputs}.get(_ATTENTION)
        size = self.card.preprocess.size
        if len(inputs) != 1 or not _fits(inputs[0].shape, (None, 3, size, size)):
            raise ModelError(
                f"{self.path}: the card promises one input of shape (N, 3, {size}, {size}), the "
                f"model wants {[one.shape for one in inputs]}; export it again"
            )
        self._require_classes(outputs[names.index(self._output)].shape)
        # Some exporters fix the number of faces to one.
        self._batch = 1 if inputs[0].shape[0] == 1 else _BATCH

    @property
    def name(self) -> str:
        """The model's own name, from its card."""
        return self.card.name

    def probabilities(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Calibrated probabilities: softmax of the logits over the card's temperature.

        Args:
            inputs: float32 (N, 3, size, size) of the card's preprocess; N may be 0.

        Returns:
            float32 (N, M), rows sum to 1, in the order of the card's labels.

        Raises:
            ModelError: if the network fails or answers other than the card says.
        """
        if not len(inputs):
            return np.empty((0, len(self.card.labels)), np.float32)
        (logits,) = self._run([self._output], inputs)
        return softmax(logits / self.card.temperature)

    def probabilities_and_attention(
        self, inputs: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same probabilities, and the maps by which the network weighed positions.

        Args:
            inputs: as for :meth:`probabilities`.

        Returns:
            float32 (N, M) and float32 (N, A, h, w): A maps, as the network has them (one per
            head, per branch, ...), of h x w positions, in scales of their own.

        Raises:
            ModelError: as for :meth:`probabilities`, and if the model has no attention.
        """
        self.require_attention()
        if not len(inputs):
            return self.probabilities(inputs), np.empty((0, 1, 1, 1), np.float32)
        logits, maps = self._run([self._output, _ATTENTION], inputs)
        return softmax(logits / self.card.temperature), maps

    @property
    def has_attention(self) -> bool:
        """Whether the model gives its attention maps beside its answers."""
        return self._attention is not None

    def require_attention(self) -> None:
        """Refuse a model that has no attention maps.

        Raises:
            ModelError: says which networks have them, and how they come into a model.
        """
        if not self.has_attention:
            raise ModelError(
                f"{self.path}: the model gives no attention to draw heat maps of; "
                f"{_ATTENTIVE} networks have some, and their files get it, older ones by being "
                "made again, with: mien export CHECKPOINT -o model.onnx"
            )
        self._require_maps(self._attention)

    def _run(self, names: list[str], inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Some of the outputs, for all inputs; only those are computed."""
        batches = [
            self._outputs(names, inputs[start : start + self._batch])
            for start in range(0, len(inputs), self._batch)
        ]
        return [np.concatenate(parts) for parts in zip(*batches, strict=True)]

    def _outputs(self, names: list[str], inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        try:
            outputs = self._session.run(names, {self._input: inputs})
        # onnxruntime's exceptions have no common base but Exception.
        except Exception as error:
            raise ModelError(f"{self.path}: the network failed ({_first_line(error)})") from None
        self._require_classes(outputs[0].shape)
        for maps in outputs[1:]:
            self._require_maps(maps.shape, len(inputs))
        if not all(np.isfinite(one).all() for one in outputs):
            raise ModelError(f"{self.path}: the network answered numbers that are not finite")
        return cast("list[NDArray[np.float32]]", outputs)

    def _require_maps(self, shape: Any, number: int | None = None) -> None:
        if not _fits(shape, (number, None, None, None)) or 0 in shape:
            raise ModelError(
                f"{self.path}: the model's attention has shape {list(shape)}, not (N, maps, h, w); "
                "export it again"
            )

    def _require_classes(self, shape: Any) -> None:
        if not _fits(shape, (None, len(self.card.labels))):
            raise ModelError(
                f"{self.path}: the card names {len(self.card.labels)} classes "
                f"[{self.card.labels}], the model's output has shape {list(shape)}; "
                "export it again"
            )


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax over the last axis, (N, M) to (N, M)."""
    # In float64, so that rows sum to 1 within the six decimals that are written.
    shifted = np.exp(np.float64(logits) - np.max(logits, axis=-1, keepdims=True))
    return cast("NDArray[np.float32]", np.float32(shifted / shifted.sum(axis=-1, keepdims=True)))


def _open(path: Path, threads: int | None) -> Any:
    if not path.is_file():
        raise NotFound(f"{path}: there is no such model file")
    if path.suffix == CHECKPOINT:
        raise ModelError(
            f"{path}: this is a checkpoint; make a runtime model of it with: "
            f"mien export {path} -o model.onnx"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    return open_session(content, str(path), threads)


def _fits(shape: Any, wanted: tuple[int | None, ...]) -> bool:
    """Whether a shape, whose free sides are names or None, can be the wanted one."""
    return len(shape) == len(wanted) and all(
        not isinstance(side, int) or want is None or side == want
        for side, want in zip(shape, wanted, strict=True)
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__
