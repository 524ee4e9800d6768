"""Weights as eight-bit whole numbers: a quarter of the size, the same speed and answers.

Only what is stored is eight-bit: each weight is a whole number from -127 to 127 times a scale
of its output channel. onnxruntime multiplies the two out once, when it opens the model, and
computes in float32 as before. The rounding is done in PyTorch first, so that the exported
model can be compared with the network that it really holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

_MOST = 127
_LEAST_NUMBERS = 1024
"""Smaller tensors are not worth two more nodes in the graph."""


def round_weights(network: nn.Module) -> None:
    """Round the weights of convolutions and linear layers, in place.

    Each output channel is rounded to multiples of a 127th of its largest weight.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and _worth_it(module.weight.shape):
            with torch.no_grad():
                whole, scale = _whole_numbers(module.weight.numpy())
                module.weight.copy_(torch.from_numpy(whole * scale))


def pack(model: Any) -> None:
    """Store the rounded weights of an ONNX model as whole numbers and scales, in place.

    A batch norm that the exporter has folded into a convolution scales a whole channel, so
    that the numbers behind it are found again exactly.

    Args:
        model: an ``onnx.ModelProto`` whose network :func:`round_weights` has seen.
    """
    from onnx import TensorProto, helper, numpy_helper

    channels = {
        node.input[1]: _output_channels(node)
        for node in model.graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul")
    }
    nodes = []
    for tensor in list(model.graph.initializer):
        name = tensor.name
        if name not in channels or len(tensor.dims) < 2 or not _worth_it(tensor.dims):
            continue
        weight = numpy_helper.to_array(tensor)
        whole, scale = _whole_numbers(weight, channels[name] % weight.ndim)
        if not np.allclose(whole * scale, weight, rtol=1e-5, atol=0):
            continue  # not of a layer that was rounded
        model.graph.initializer.remove(tensor)
        model.graph.initializer.extend(
            [
                numpy_helper.from_array(whole.astype(np.int8), f"{name}.whole"),
                numpy_helper.from_array(scale, f"{name}.scale"),
            ]
        )
        nodes += [
            helper.make_node("Cast", [f"{name}.whole"], [f"{name}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]),
        ]
    # Before all that use them, as ONNX wants it.
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])


def _output_channels(node: Any) -> int:
    """Which axis of a layer's weights is its output channels."""
    if node.op_type == "Conv" or any(one.name == "transB" and one.i for one in node.attribute):
        return 0
    return -1


def _whole_numbers(
    weight: NDArray[np.float32], channels: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Whole numbers of the weight's shape, and a scale for each channel that fits beside."""
    axes = tuple(axis for axis in range(weight.ndim) if axis != channels)
    largest = np.abs(weight).max(axis=axes, keepdims=True)
    scale = np.where(largest > 0, largest / np.float32(_MOST), 1).astype(np.float32)
    return np.round(weight / scale).astype(np.float32), scale


def _worth_it(shape: Any) -> bool:
    return int(np.prod(tuple(shape))) >= _LEAST_NUMBERS
