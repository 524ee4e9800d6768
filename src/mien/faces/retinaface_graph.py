"""RetinaFace's network with MobileNet-0.25 as an ONNX graph, from NumPy arrays.

J. Deng, J. Guo, E. Ververas, I. Kotsia, S. Zafeiriou: RetinaFace: Single-shot Multi-level Face
Localisation in the Wild, CVPR 2020. The names of the weights, and what is computed with them,
are those of the public PyTorch re-implementation (``mobilenet0.25_Final.pth``): MobileNet of a
quarter of the width in three stages, a feature pyramid of 64 channels over them, on each of its
maps a context module of three branches, and on that three heads. The real weights were not at
hand when this was written; the tests compute the same network anew, with random weights.

Folded into the weights, exactly, so that nothing of it is left to do for each picture: batch
normalisation; the order of the channels (theirs is BGR); the softmax over no face and face,
whose argument is the difference of two logits; and the three heads into one convolution. The
mean stays a subtraction, for the first convolution pads with zeros.

Input ``pixels``: uint8 (N, height, width, 3), RGB, of any height and width. Outputs
``answer_8``, ``answer_16``, ``answer_32``: float32 (N, 30, rows, columns), one cell per 8, 16
and 32 pixels, begun ones counted. Of the channels 15 belong to each of the cell's two anchors,
the smaller first: the face's logit, the box's four numbers, ten for the landmarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .drawing import Array, Drawing

STRIDES = (8, 16, 32)
"""Pixels of the input from one cell to the next."""

ANCHORS = 2
"""Anchors of each cell."""

WIDTHS = {"ClassHead": 2, "BboxHead": 4, "LandmarkHead": 10}
"""Numbers that each head gives for an anchor."""

INPUT = "pixels"
OUTPUTS = tuple(f"answer_{stride}" for stride in STRIDES)
CHANNELS = ANCHORS * (sum(WIDTHS.values()) - 1)
"""Of each output; two logits have become one."""

_MEAN = (123.0, 117.0, 104.0)  # RGB
_FIRST = 8  # channels after the first convolution
# Channels and stride of each depthwise block.
_STAGES = {
    "stage1": ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)),
    "stage2": ((128, 2), (128, 1), (128, 1), (128, 1), (128, 1), (128, 1)),
    "stage3": ((256, 2), (256, 1)),
}
_PYRAMID = 64
_LEAK = 0.1
_EPSILON = 1e-5  # of batch normalisation
_COUNTER = "num_batches_tracked"
_PARALLEL = "module."
_LISTED = 3  # tensors that a message names
_MODEL = "mobilenet0.25_Final.pth"


def build(weights: Mapping[str, NDArray[Any]], source: str, note: str = "") -> bytes:
    """Turn the public weights into a serialised ONNX model.

    Args:
        weights: name to array, named as in the public file, with or without ``module.``.
        source: the weights' file, for messages.
        note: where the weights come from, kept in the model.

    Raises:
        ModelError: if the weights are those of another network, or names or shapes differ.
    """
    stock = _Stock(weights, source)
    drawing = Drawing()
    maps = _pyramid(drawing, stock, _body(drawing, stock))
    for level, flow in enumerate(maps):
        _heads(drawing, stock, _context(drawing, stock, f"ssh{level + 1}", flow), level)
    stock.check()
    return _finished(drawing, note)


def _finished(drawing: Drawing, note: str) -> bytes:
    from onnx import TensorProto, helper

    shape: list[str | int | None] = ["N", "height", "width", 3]
    pixels = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, shape)
    answers = [
        helper.make_tensor_value_info(
            name, TensorProto.FLOAT, ["N", CHANNELS, f"rows_{stride}", f"columns_{stride}"]
        )
        for name, stride in zip(OUTPUTS, STRIDES, strict=True)
    ]
    return drawing.finished("retinaface", [pixels], answers, note)


def _body(drawing: Drawing, stock: _Stock) -> list[str]:
    """The maps after each stage, of 64, 128 and 256 channels."""
    flow = drawing.add("Transpose", INPUT, perm=[0, 3, 1, 2])
    flow = drawing.add("Cast", flow, to=1)  # float32
    flow = drawing.add("Sub", flow, np.array(_MEAN)[:, None, None])
    kernel, bias = stock.normalised("body.stage1.0", (_FIRST, 3, 3, 3))
    flow = _leaky(drawing, _convolution(drawing, flow, kernel[:, ::-1], bias, stride=2))
    width = _FIRST
    maps: list[str] = []
    for stage, blocks in _STAGES.items():
        # The first convolution of all has the first place of the first stage.
        for place, (channels, stride) in enumerate(blocks, 0 if maps else 1):
            name = f"body.{stage}.{place}"
            kernel, bias = stock.normalised(name, (width, 1, 3, 3))
            options = {"stride": stride, "groups": width}
            flow = _leaky(drawing, _convolution(drawing, flow, kernel, bias, **options))
            kernel, bias = stock.normalised(name, (channels, width, 1, 1), first=3)
            flow = _leaky(drawing, _convolution(drawing, flow, kernel, bias))
            width = channels
        maps.append(flow)
    return maps


def _pyramid(drawing: Drawing, stock: _Stock, maps: Sequence[str]) -> list[str]:
    """The maps at 64 channels, each with what the next coarser one knows."""
    levels = []
    for level, (flow, blocks) in enumerate(zip(maps, _STAGES.values(), strict=True), 1):
        kernel, bias = stock.normalised(f"fpn.output{level}", (_PYRAMID, blocks[-1][0], 1, 1))
        levels.append(_leaky(drawing, _convolution(drawing, flow, kernel, bias)))
    for level in (2, 1):
        fine, coarse = levels[level - 1], levels[level]
        size = drawing.add("Shape", fine)
        coarse = drawing.add(
            "Resize",
            (coarse, "", "", size),
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )
        kernel, bias = stock.normalised(f"fpn.merge{level}", (_PYRAMID, _PYRAMID, 3, 3))
        flow = drawing.add("Add", (fine, coarse))
        levels[level - 1] = _leaky(drawing, _convolution(drawing, flow, kernel, bias))
    return levels


def _context(drawing: Drawing, stock: _Stock, name: str, flow: str) -> str:
    """Three branches that see 3, 5 and 7 cells, side by side."""
    half, quarter = _PYRAMID // 2, _PYRAMID // 4

    def branch(part: str, flow: str, channels: int, width: int) -> str:
        kernel, bias = stock.normalised(f"{name}.{part}", (channels, width, 3, 3))
        return _convolution(drawing, flow, kernel, bias)

    small = branch("conv3X3", flow, half, _PYRAMID)
    shared = _leaky(drawing, branch("conv5X5_1", flow, quarter, _PYRAMID))
    middle = branch("conv5X5_2", shared, quarter, quarter)
    # The public file spells these two differently.
    large = _leaky(drawing, branch("conv7X7_2", shared, quarter, quarter))
    large = branch("conv7x7_3", large, quarter, quarter)
    return drawing.add("Relu", drawing.add("Concat", (small, middle, large), axis=1))


def _heads(drawing: Drawing, stock: _Stock, flow: str, level: int) -> None:
    """All heads as one convolution, its channels anchor by anchor."""
    parts = []
    for head, width in WIDTHS.items():
        name = f"{head}.{level}.conv1x1"
        kernel = stock.take(f"{name}.weight", ANCHORS * width, _PYRAMID, 1, 1)
        bias = stock.take(f"{name}.bias", ANCHORS * width)
        both = np.concatenate([kernel[:, :, 0, 0], bias[:, None]], 1).reshape(ANCHORS, width, -1)
        parts.append(both[:, 1:] - both[:, :1] if head == "ClassHead" else both)
    whole = np.concatenate(parts, 1).reshape(CHANNELS, -1)
    kernel, bias = whole[:, :-1, None, None], whole[:, -1]
    drawing.add("Conv", flow, kernel, bias, result=OUTPUTS[level])


def _convolution(
    drawing: Drawing, flow: str, kernel: Array, bias: Array, stride: int = 1, groups: int = 1
) -> str:
    """A convolution that keeps the size of the map, or halves it rounding up."""
    border = kernel.shape[-1] // 2
    return drawing.add(
        "Conv", flow, kernel, bias, pads=[border] * 4, strides=[stride] * 2, group=groups
    )


def _leaky(drawing: Drawing, flow: str) -> str:
    return drawing.add("LeakyRelu", flow, alpha=_LEAK)


class _Stock:
    """Gives out the weights by name, each once, and remembers what does not fit."""

    def __init__(self, weights: Mapping[str, NDArray[Any]], source: str) -> None:
        self._source = source
        self._left = {name.removeprefix(_PARALLEL): value for name, value in weights.items()}
        self._left = {name: one for name, one in self._left.items() if not name.endswith(_COUNTER)}
        self._missing: list[str] = []
        self._misshapen: list[str] = []
        self._check_kind()

    def take(self, name: str, *shape: int) -> Array:
        """One array; ones in its place where it is missing or of another shape."""
        value = self._left.pop(name, None)
        if value is not None and value.shape == shape:
            return value.astype(np.float64)
        if value is None:
            self._missing.append(name)
        else:
            self._misshapen.append(f"{name} {value.shape} for {shape}")
        return np.ones(shape)

    def normalised(self, name: str, shape: tuple[int, ...], first: int = 0) -> tuple[Array, Array]:
        """Kernel and bias of a convolution and the batch normalisation that follows it.

        Args:
            name: of the layers in a row.
            shape: of the convolution's kernel.
            first: the convolution's place in the row.
        """
        kernel = self.take(f"{name}.{first}.weight", *shape)
        weight, bias, mean, variance = (
            self.take(f"{name}.{first + 1}.{kind}", shape[0])
            for kind in ("weight", "bias", "running_mean", "running_var")
        )
        if (variance < 0).any():
            raise ModelError(f"{self._source}: {name}.{first + 1}.running_var is below zero")
        factor = weight / np.sqrt(variance + _EPSILON)
        return kernel * factor[:, None, None, None], bias - mean * factor

    def check(self) -> None:
        """Refuse weights that do not fit exactly: others would answer, but mean nothing."""
        kinds = {
            "missing": self._missing,
            "of another shape": self._misshapen,
            "without a place": list(self._left),
        }
        if problems := [_counted(kind, names) for kind, names in kinds.items() if names]:
            raise ModelError(
                f"{self._source}: not the public weights of RetinaFace with MobileNet-0.25 "
                f"({_MODEL}); {'; '.join(problems)}"
            )

    def _check_kind(self) -> None:
        if any(name.startswith("body.layer") for name in self._left):
            raise ModelError(
                f"{self._source}: holds RetinaFace with ResNet-50; give the weights with "
                f"MobileNet-0.25 ({_MODEL})"
            )
        if any(name.startswith("stage1.") for name in self._left):
            raise ModelError(
                f"{self._source}: holds a MobileNet alone, before it learned to find faces; "
                f"give the whole detector ({_MODEL})"
            )


def _counted(kind: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{len(names)} {kind}: {', '.join(names[:_LISTED])}{more}"
