"""From a checkpoint to a runtime model: ONNX with the card inside, checked against PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .card import CARD_KEY, Card, Measurement
from .drafts import draft_of
from .errors import ModelError, require
from .models import load_model
from .packing import pack, round_weights

PARITY = 1e-4
"""Largest difference of probabilities between PyTorch and ONNX that is accepted."""

_NOISE = ("noise", "")
_INPUT, _OUTPUT = "images", "logits"
_OPSET = 18


@dataclass(frozen=True, slots=True)
class Export:
    """What an export gave.

    Attributes:
        path: the ONNX file.
        parity: largest difference of probabilities on ``images`` pictures.
        images: how many pictures the two were compared on.
    """

    path: Path
    parity: float
    images: int


class _Logits(nn.Module):
    """The part of a network's output that the runtime needs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images).logits
        return logits


def export(
    checkpoint: Path | str,
    output: Path | str,
    faces: NDArray[np.uint8] | None = None,
    *,
    source: tuple[str, str] = ("given faces", ""),
    name: str | None = None,
    measurements: Sequence[Measurement] = (),
    int8: bool = False,
) -> Export:
    """Write a checkpoint as ONNX with a free batch dimension and its card as metadata.

    Args:
        checkpoint: a safetensors file with a card.
        output: the ONNX file; an existing one is replaced only by a whole and checked one.
        faces: uint8 (N, H, W[, 3]) crops to compare both on; noise if there are none.
        source: data set and split of ``faces``, for the card.
        name: of the model, instead of the card's.
        measurements: numbers to add to the card's.
        int8: store weights as eight-bit whole numbers, see :mod:`mien.packing`.

    The card also gets the largest difference of probabilities, and what rounding changed.

    Raises:
        ModelError: if the two differ by more than :data:`PARITY`.
        LabelMismatch: if the checkpoint's classes are no expressions.
        MissingExtra: without the extra ``export``.
    """
    require("onnxscript", "export")
    network, card = load_model(checkpoint)
    card.labels.require_expressions(str(checkpoint))
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    inputs = _inputs(card, faces)
    rounding = _round(network, card, inputs) if int8 else {}
    with draft_of(output) as draft:
        _write(_Logits(network).eval(), card.preprocess.size, draft)
        if int8:
            _edit(draft, pack)
        difference = parity(network, card, draft, inputs)
        if not difference < PARITY:
            raise ModelError(
                f"{checkpoint}: probabilities of ONNX and PyTorch differ by {difference:.1e}, "
                f"more than {PARITY:.0e}; nothing was written"
            )
        found = _parity_measurement(
            {"largest_difference_of_probabilities": difference, **rounding},
            len(inputs),
            *(source if faces is not None else _NOISE),
        )
        card = card.with_(
            name=name or card.name, measurements=(*card.measurements, *measurements, found)
        )
        _stamp(draft, card)
    return Export(output, difference, len(inputs))


def _write(network: nn.Module, size: int, path: Path) -> None:
    example = torch.zeros(2, 3, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            network,
            (example,),
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            opset_version=_OPSET,
            dynamo=True,
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    if program is None:
        raise ModelError(f"{path}: PyTorch could not export the network")
    model = program.model_proto
    _forget_where_it_was_made(model)
    path.write_bytes(model.SerializeToString())


def _forget_where_it_was_made(model: Any) -> None:
    """Drop what the exporter notes beside the graph: stack traces with this machine's paths."""
    graph = model.graph
    for one in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        del one.metadata_props[:]
        one.doc_string = ""
    for weight in graph.initializer:
        del weight.metadata_props[:]


def _stamp(path: Path, card: Card) -> None:
    """Put the card into an ONNX file."""
    import onnx

    _edit(path, lambda model: onnx.helper.set_model_props(model, {CARD_KEY: card.to_json()}))


def _edit(path: Path, change: Callable[[Any], None]) -> None:
    import onnx

    model = onnx.load_from_string(path.read_bytes())
    change(model)
    path.write_bytes(model.SerializeToString())


def _round(network: nn.Module, card: Card, inputs: NDArray[np.float32]) -> dict[str, float]:
    """Round the weights; what that changes."""
    before = _probabilities(network, card, inputs)
    round_weights(network)
    after = _probabilities(network, card, inputs)
    other = (before.argmax(1) != after.argmax(1)).double().mean()
    return {
        "largest_difference_by_rounding": float((before - after).abs().max()),
        "other_answers_by_rounding": float(other),
    }


def _parity_measurement(
    values: dict[str, float], images: int, dataset: str, split: str
) -> Measurement:
    return Measurement(
        dataset=dataset, split=split, protocol="ONNX against PyTorch", images=images, values=values
    )


def _inputs(card: Card, faces: NDArray[np.uint8] | None) -> NDArray[np.float32]:
    if faces is None:
        size = card.preprocess.size
        faces = np.random.default_rng(0).integers(0, 256, (64, size, size), np.uint8)
    return card.preprocess.normalise(np.stack([card.preprocess.cut(face) for face in faces]))


def parity(network: nn.Module, card: Card, path: Path, inputs: NDArray[np.float32]) -> float:
    """Largest absolute difference of calibrated probabilities, PyTorch against ONNX.

    Args:
        network: in evaluation mode, float32.
        card: of both.
        path: the ONNX file.
        inputs: float32 (N, 3, H, W).
    """
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (ours,) = session.run([_OUTPUT], {_INPUT: inputs})
    theirs = _probabilities(network, card, inputs)
    found = torch.from_numpy(np.asarray(ours)).double() / card.temperature
    return float((found.softmax(1) - theirs).abs().max())


def _probabilities(network: nn.Module, card: Card, inputs: NDArray[np.float32]) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = network(torch.from_numpy(inputs)).logits
    return (logits.double() / card.temperature).softmax(1)
