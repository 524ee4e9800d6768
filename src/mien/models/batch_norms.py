"""Batch norms that were folded into convolutions, made batch norms again.

A batch norm (Ioffe and Szegedy 2015) makes ``y = g (x - m) / sqrt(v + e) + b`` of each channel x
that a convolution gives, with its mean m and its variance v. In use that is a convolution with a
bias, ``w' = w g / sqrt(v + e)`` and ``b' = b - m g / sqrt(v + e)``, and exporters make it one.
Which part of ``w'`` was the norm's is lost, and need not be known: a norm of whatever mean and
variance the channel has now gives the same answers, if g and b are set to undo them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


class _Sums:
    """Of the channels of maps (N, C, H, W)."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = self.squares = torch.zeros((), dtype=torch.float64)

    def add(self, maps: Tensor) -> None:
        values = maps.double()
        self.count += values[:, 0].numel()
        self.sum = self.sum + values.sum((0, 2, 3))
        self.squares = self.squares + values.square().sum((0, 2, 3))

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance (C,)."""
        mean = self.sum / self.count
        return mean, (self.squares / self.count - mean.square()).clamp(min=0)


def norms_after_convolutions(
    network: nn.Module, size: int
) -> list[tuple[nn.BatchNorm2d, nn.Conv2d]]:
    """Each batch norm that takes just what a convolution gives, and that convolution.

    Args:
        network: any; it is asked about a black picture.
        size: side of its input in pixels.
    """
    given: dict[int, tuple[Tensor, nn.Conv2d]] = {}
    found: list[tuple[nn.BatchNorm2d, nn.Conv2d]] = []

    def remember(module: nn.Conv2d, _: Any, output: Tensor) -> None:
        given[id(output)] = output, module  # kept, so that no other tensor gets its number

    def find(module: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        if id(inputs[0]) in given:
            found.append((module, given[id(inputs[0])][1]))

    hooks = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(remember))
        elif isinstance(module, nn.BatchNorm2d):
            hooks.append(module.register_forward_pre_hook(find))
    _ask(network, [torch.zeros(1, 3, size, size)], hooks)
    return found


def only_add(norm: nn.BatchNorm2d, bias: Tensor) -> None:
    """Make a batch norm one that, in evaluation, adds ``bias`` (C,) to what it is given."""
    state = norm.state_dict()
    state["running_mean"].zero_()
    state["running_var"].fill_(1 - norm.eps)
    state["weight"].fill_(1)
    state["bias"].copy_(bias)


def only_adds(norm: nn.BatchNorm2d) -> bool:
    """Whether :func:`only_add` has made it so; fresh ones have a variance of 1."""
    state = norm.state_dict()
    asked = {"running_mean": 0.0, "running_var": 1 - norm.eps, "weight": 1.0}
    return all(
        name in state and bool((state[name] == torch.tensor(value)).all())
        for name, value in asked.items()
    )


def has_folded_norms(network: nn.Module) -> bool:
    """Whether some batch norm only adds, see :func:`only_add`."""
    norms = (one for one in network.modules() if isinstance(one, nn.BatchNorm2d))
    return any(only_adds(one) for one in norms)


def restore_batch_norms(network: nn.Module, size: int, batches: Iterable[Tensor]) -> int:
    """Give norms that only add the means and variances of real faces; answers stay as they are.

    In training a norm takes the mean and the variance of each batch, so that a network whose
    norms stand for others would be another one after the first step. What a norm follows may
    have any scale, and learns the faster the smaller it is: each filter gets the L2 norm that
    it has in a fresh network by He et al. 2015, sqrt(2 inputs / outputs).

    Args:
        network: whichever mode its modules are in.
        size: side of its input in pixels.
        batches: float32 inputs (N, 3, size, size) to measure on, one face at least.

    Returns:
        How many norms there were to restore; of none no batch is asked for.
    """
    found = [pair for pair in norms_after_convolutions(network, size) if only_adds(pair[0])]
    if not found:
        return 0
    sums = {norm: _Sums() for norm, _ in found}
    hooks = [
        norm.register_forward_pre_hook(lambda module, inputs: sums[module].add(inputs[0]))
        for norm in sums
    ]
    _ask(network, batches, hooks)
    for norm, convolution in found:
        _restore(norm, convolution, *sums[norm].moments())
    return len(found)


def _ask(network: nn.Module, batches: Iterable[Tensor], hooks: Sequence[RemovableHandle]) -> None:
    """Pass pictures through a network as in use, and leave it as it was, without the hooks."""
    modes = {module: module.training for module in network.modules()}
    try:
        with torch.inference_mode():
            for images in batches:
                network.eval()(images)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training


def _restore(norm: nn.BatchNorm2d, convolution: nn.Conv2d, mean: Tensor, variance: Tensor) -> None:
    weight = convolution.weight.detach()
    outputs, inputs = weight.shape[:2]
    length = weight.double().flatten(1).norm(dim=1)
    scale = torch.where(length > 0, math.sqrt(2 * inputs / outputs) / length, 1.0)
    variance = variance * scale.square()
    state = norm.state_dict()
    weight.mul_(scale.float()[:, None, None, None])
    state["running_mean"].copy_(mean * scale)
    state["running_var"].copy_(variance)
    state["weight"].copy_((variance + norm.eps).sqrt() / scale)
    state["bias"].copy_(state["bias"] + mean)
