"""From a checkpoint to a runtime model: ONNX with the card inside, checked against PyTorch.

A network that has attention maps gives them as a second output, from which the runtime draws
its heat maps; whoever does not ask for them gets the same probabilities as without.
"""

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
"""Largest difference between PyTorch and ONNX that is accepted: of probabilities, and of
attention as a share of a map's largest value."""

_NOISE = ("noise", "")
_INPUT, _LOGITS, _ATTENTION = "images", "logits", "attention"
_OPSET = 18


@dataclass(frozen=True, slots=True)
class Export:
    """What an export gave.

    Attributes:
        path: the ONNX file.
        parity: largest difference of probabilities on ``images`` pictures.
        images: how many pictures the two were compared on.
        attention: largest difference of attention there, as a share of the largest value that
            the map (one head, one LANet, ...) has on any of them; ``None`` where the network
            has none.
    """

    path: Path
    parity: float
    images: int
    attention: float | None = None


class _Needed(nn.Module):
    """The part of a network's output that the runtime needs: logits and, if any, attention."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        output = self.network(images)
        logits: Tensor = output.logits
        return logits if output.attention is None else (logits, output.attention)


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

    Outputs are ``logits`` (N, M) and, of a network whose output has it, ``attention``, float32
    (N, A, h, w) as in :class:`mien.models.output.Output`.

    Args:
        checkpoint: a safetensors file with a card.
        output: the ONNX file; an existing one is replaced only by a whole and checked one.
        faces: uint8 (N, H, W[, 3]) crops to compare both on; noise if there are none.
        source: data set and split of ``faces``, for the card.
        name: of the model, instead of the card's.
        measurements: numbers to take the place of the card's.
        int8: store weights as eight-bit whole numbers, see :mod:`mien.packing`.

    The card also gets the largest differences, and what rounding changed.

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
        _write(network, card.preprocess.size, draft)
        if int8:
            _edit(draft, pack)
        differences = parity(network, card, draft, inputs)
        for part, difference in differences.items():
            if not difference < PARITY:
                raise ModelError(
                    f"{checkpoint}: {part} of ONNX and PyTorch differ by {difference:.1e}, "
                    f"more than {PARITY:.0e}; nothing was written"
                )
        found = _parity_measurement(
            {f"largest_difference_of_{part}": one for part, one in differences.items()} | rounding,
            len(inputs),
            *(source if faces is not None else _NOISE),
        )
        numbers = (*(measurements or card.measurements), found)
        card = card.with_(name=name or card.name, measurements=numbers)
        _stamp(draft, card)
    return Export(output, differences["probabilities"], len(inputs), differences.get("attention"))


def _write(network: nn.Module, size: int, path: Path) -> None:
    example = torch.zeros(2, 3, size, size)
    network = _Needed(network).eval()
    with torch.inference_mode():
        outputs = [_LOGITS, _ATTENTION] if isinstance(network(example), tuple) else [_LOGITS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            network,
            (example,),
            input_names=[_INPUT],
            output_names=outputs,
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


def parity(
    network: nn.Module, card: Card, path: Path, inputs: NDArray[np.float32]
) -> dict[str, float]:
    """How far PyTorch and ONNX differ, in each thing that the runtime uses.

    Args:
        network: in evaluation mode, float32.
        card: of both.
        path: the ONNX file.
        inputs: float32 (N, 3, H, W).

    Returns:
        ``"probabilities"``: the largest absolute difference of calibrated probabilities, and
        ``"attention"`` where the network has it: for each of the A maps the largest absolute
        difference over its largest absolute value on any input, of which the largest.
    """
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        ours = network(torch.from_numpy(inputs))
    names = [_LOGITS] if ours.attention is None else [_LOGITS, _ATTENTION]
    theirs = [torch.from_numpy(one) for one in session.run(names, {_INPUT: inputs})]
    apart = _calibrated(theirs[0], card) - _calibrated(ours.logits, card)
    found = {"probabilities": float(apart.abs().max())}
    if ours.attention is not None:
        largest = ours.attention.abs().amax((0, 2, 3))
        apart = (theirs[1] - ours.attention).abs().amax((0, 2, 3))
        found["attention"] = float((apart / torch.where(largest > 0, largest, 1)).max())
    return found


def _probabilities(network: nn.Module, card: Card, inputs: NDArray[np.float32]) -> Tensor:
    with torch.inference_mode():
        return _calibrated(network(torch.from_numpy(inputs)).logits, card)


def _calibrated(logits: Tensor, card: Card) -> Tensor:
    return (logits.double() / card.temperature).softmax(1)
