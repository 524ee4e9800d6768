"""MTCNN's three networks as ONNX graphs (Zhang et al. 2016, figure 2).

The weights come in the layout of Keras and leave in that of ONNX. Three things are folded
into them, exactly, so that nothing of it is left to do for each picture:

- the input's normalisation (value - 127.5) / 128, into the first convolution (it has no
  padding, so the shift is the same everywhere);
- the softmax over face and no face: its argument is the difference of two logits, so one
  row of differences remains and a threshold can be set on it without a softmax;
- the order in which the feature maps are flattened.

Input ``pixels``: uint8 (N, height, width, 3), RGB. Output ``answer``: float32, along axis 1
the face's logit, four shifts of the box's sides (left, top, right, bottom, in sides of the
box) and for O-Net ten landmarks (five x, then five y, in sides of the box). P-Net answers
(N, 5, rows, columns), one cell per step of 2 pixels; R-Net (N, 5); O-Net (N, 15).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cache import recalled, remember
from .drawing import Array, Drawing
from .mtcnn_weights import SHA256, Network, Weights, read_weights

VERSION = 1
"""Counts the ways in which the graphs have been built; a new one makes old copies stale."""

# Side of the input and the pooling (side, step 2) after each convolution.
_INPUT: dict[Network, int | None] = {"pnet": None, "rnet": 24, "onet": 48}
_POOLING: dict[Network, tuple[tuple[int, bool] | None, ...]] = {
    # (side, whether the last window may stick out)
    "pnet": ((2, True), None, None),
    "rnet": ((3, True), (3, False), None),
    "onet": ((3, True), (3, False), (2, True), None),
}
_ANSWERS: dict[Network, int] = {"pnet": 5, "rnet": 5, "onet": 15}
_FLAT: dict[Network, tuple[int, int]] = {"rnet": (3, 3), "onet": (3, 3)}
_BLOCK = 16  # channels that onnxruntime computes together; a maximum needs them full


def graph(network: Network) -> bytes:
    """The serialised ONNX model of one network: from the cache, or built and put there.

    Where the cache cannot be written, the graph is built each time.

    Raises:
        ModelError: if the graph must be built and the weights are missing or have changed.
    """
    name = f"mtcnn-{network}-{SHA256[network][:16]}-v{VERSION}.graph"
    model = recalled(name)
    if model is None:
        model = build(network, read_weights(network))
        remember(name, model)
    return model


def build(network: Network, weights: Weights) -> bytes:
    """Turn the weights of one network into a serialised ONNX model."""
    import onnx  # slow to import, and only needed once

    drawing = _Drawing()
    flow = drawing.add("Transpose", "pixels", perm=[0, 3, 1, 2])
    flow = drawing.add("Cast", flow, to=onnx.TensorProto.FLOAT)
    rest = [one.astype(np.float64) for one in weights]
    order = np.arange(3)
    for number, pooling in enumerate(_POOLING[network]):
        kernel, bias, slope = rest.pop(0)[:, :, order], rest.pop(0), rest.pop(0).ravel()
        if number == 0:
            kernel, bias = _normalising(kernel, bias)
        if network == "pnet" and len(rest) == 4:
            _answered(drawing, drawing.convolution(flow, kernel, bias), slope, *_answer(rest))
        elif pooling is None:
            flow = drawing.convolution(flow, kernel, bias)
            flow = drawing.add("PRelu", flow, slope[:, None, None])
            order = np.arange(len(slope))
        else:
            flow, order = _pooled(drawing, flow, kernel, bias, slope, pooling)
    if network != "pnet":
        kernel, bias, slope = rest.pop(0), rest.pop(0), rest.pop(0)
        flow = drawing.add("Flatten", flow)
        flow = drawing.add("Gemm", flow, _channels_first(kernel, _FLAT[network]), bias)
        flow = drawing.add("PRelu", flow, slope)
        drawing.add("Gemm", flow, *_answer(rest), result="answer")
    return drawing.model(network, _INPUT[network])


def _pooled(
    drawing: _Drawing,
    flow: str,
    kernel: Array,
    bias: Array,
    slope: Array,
    pooling: tuple[int, bool],
) -> tuple[str, NDArray[np.intp]]:
    """Convolution, PReLU and maximum, with the maximum first, which leaves less to do.

    A slope a >= 0 makes the PReLU grow with its argument, so it may follow the maximum. With
    a < 0 it is max(z, a z), and its maximum is max(max z, max a z): such channels are drawn
    twice. onnxruntime also computes a convolution and a maximum without reordering between.

    Returns:
        The flow, and which channel each of its channels has been.
    """
    order = np.argsort(slope >= 0, kind="stable")
    falling = int((slope < 0).sum())
    twice = order[:falling]
    idle = -(len(slope) + falling) % _BLOCK
    none = np.zeros((*kernel.shape[:3], idle))
    kernel = np.concatenate([kernel[..., order], kernel[..., twice] * slope[twice], none], -1)
    bias = np.concatenate([bias[order], bias[twice] * slope[twice], np.zeros(idle)])
    side, beyond = pooling
    flow = drawing.convolution(flow, kernel, bias)
    flow = drawing.add("MaxPool", flow, kernel_shape=[side] * 2, strides=[2, 2], ceil_mode=beyond)
    parts = drawing.split(flow, [falling, len(slope) - falling, falling, idle][: 3 + (idle > 0)])
    low = drawing.add("Max", (parts[0], parts[2]))
    high = drawing.add("PRelu", parts[1], slope[order[falling:], None, None])
    return drawing.add("Concat", (low, high), axis=1), order


def _answered(drawing: _Drawing, flow: str, slope: Array, kernel: Array, bias: Array) -> None:
    """PReLU and P-Net's last convolution: a z + (1 - a) max(z, 0), each part on its own.

    Again because onnxruntime then need not reorder in between.
    """
    straight = drawing.convolution(flow, kernel * slope[:, None], bias)
    rectified = drawing.add("Relu", flow)
    bent = drawing.convolution(rectified, kernel * (1 - slope[:, None]), np.zeros_like(bias))
    drawing.add("Add", (straight, bent), result="answer")


def _normalising(kernel: Array, bias: Array) -> tuple[Array, Array]:
    """Kernel and bias that take values of 0 to 255 instead of -1 to 1."""
    return kernel / 128, bias - 127.5 / 128 * kernel.sum((0, 1, 2))


def _channels_first(kernel: Array, size: tuple[int, int]) -> Array:
    """Rows of a dense kernel from (column, row, channel) order to (channel, row, column)."""
    height, width = size
    units = kernel.shape[-1]
    return kernel.reshape(width, height, -1, units).transpose(2, 1, 0, 3).reshape(-1, units)


def _answer(heads: list[Array]) -> tuple[Array, Array]:
    """One kernel (..., in, out) and bias for all heads: the face's logit first.

    ``heads`` are pairs of kernel and bias; the last pair is (no face, face).
    """
    *others, two, two_bias = heads
    kernel = np.concatenate([two[..., 1:] - two[..., :1], *others[::2]], -1)
    return kernel, np.concatenate([two_bias[1:] - two_bias[:1], *others[1::2]])


class _Drawing(Drawing):
    """A drawing from weights in the layout of Keras."""

    def convolution(self, flow: str, kernel: Array, bias: Array, result: str = "") -> str:
        """Append a convolution; ``kernel`` is (height, width, in, out)."""
        return self.add("Conv", flow, kernel.transpose(3, 2, 0, 1), bias, result=result)

    def model(self, network: Network, side: int | None) -> bytes:
        """The whole as bytes."""
        from onnx import TensorProto, helper

        size: list[str | int | None] = ["height", "width"] if side is None else [side, side]
        shape: list[str | int | None]
        shape = ["N", 5, "rows", "columns"] if side is None else ["N", _ANSWERS[network]]
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", *size, 3])
        answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, shape)
        return self.finished(network, [pixels], [answer])
