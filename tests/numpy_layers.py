"""Layers once more, in NumPy and float64, for tests that compute a network's numbers anew."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Array = NDArray[np.float64]


def array(tensor: torch.Tensor) -> Array:
    return tensor.detach().numpy().astype(np.float64)


def sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def relu(values: Array) -> Array:
    return np.maximum(values, 0)


def convolve(layer: nn.Conv2d, maps: Array) -> Array:
    """(N, C, H, W) to (N, D, h, w), by looking at each position of the kernel in turn."""
    weights = array(layer.weight)
    (high, wide), (down, right) = layer.kernel_size, layer.stride
    (above, left) = layer.padding
    maps = np.pad(maps, ((0, 0), (0, 0), (above, above), (left, left)))
    height = (maps.shape[2] - high) // down + 1
    width = (maps.shape[3] - wide) // right + 1
    total = np.zeros((len(maps), len(weights), height, width))
    for row in range(high):
        for column in range(wide):
            seen = maps[:, :, row::down, column::right][:, :, :height, :width]
            total += np.einsum("nchw,dc->ndhw", seen, weights[:, :, row, column])
    return total if layer.bias is None else total + array(layer.bias)[:, None, None]


def normalise(layer: nn.BatchNorm1d | nn.BatchNorm2d, values: Array) -> Array:
    """With the running statistics; channels are the second axis."""
    shape = (1, -1) + (1,) * (values.ndim - 2)
    mean, variance = (array(one).reshape(shape) for one in (layer.running_mean, layer.running_var))
    weight, bias = (array(one).reshape(shape) for one in (layer.weight, layer.bias))
    return (values - mean) / np.sqrt(variance + layer.eps) * weight + bias


def apply(layer: nn.Module, values: Array) -> Array:
    """What a layer, or layers in a row, make of ``values`` in evaluation."""
    match layer:
        case nn.Conv2d():
            return convolve(layer, values)
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return normalise(layer, values)
        case nn.Linear():
            return values @ array(layer.weight).T + array(layer.bias)
        case nn.ReLU():
            return relu(values)
        case nn.Sigmoid():
            return sigmoid(values)
        case nn.Identity():
            return values
        case nn.Sequential():
            for one in layer:
                values = apply(one, values)
            return values
    raise NotImplementedError(type(layer))


def lively(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights and statistics everywhere, so that no part can be left out unseen."""
    generator = torch.Generator().manual_seed(seed)
    for one in module.modules():
        if isinstance(one, nn.BatchNorm1d | nn.BatchNorm2d):
            one.running_mean.normal_(0, 0.5, generator=generator)
            one.running_var.uniform_(0.5, 2, generator=generator)
            nn.init.uniform_(one.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(one.bias, 0, 0.5, generator=generator)
        elif isinstance(one, nn.Conv2d | nn.Linear):
            nn.init.normal_(one.weight, 0, one.weight[0].numel() ** -0.5, generator=generator)
            if one.bias is not None:
                nn.init.normal_(one.bias, 0, 0.5, generator=generator)
    return module.eval()
