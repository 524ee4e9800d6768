"""How pictures and weights lie in memory while a network trains."""

from __future__ import annotations

import torch
from torch import nn

_NARROW = 12
"""Input channels from which on oneDNN's gradients were seen to be right."""


def memory_format(network: nn.Module, precision: str) -> torch.memory_format:
    """Channels last, which is faster on CPUs and accelerators, unless it is not safe.

    oneDNN ends the process by a segmentation fault in the gradient of a convolution of 1x1
    with a stride, few input channels and float32 on a CPU (oneDNN's issue 6035).

    Args:
        network: that is trained.
        precision: Lightning's, such as ``"bf16-mixed"``.
    """
    if precision.startswith("32") and any(map(_fragile, network.modules())):
        return torch.contiguous_format
    return torch.channels_last


def _fragile(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels < _NARROW
    )
