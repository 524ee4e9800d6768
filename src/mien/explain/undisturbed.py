"""Gradients through a network that is only looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def undisturbed(network: nn.Module) -> Iterator[None]:
    """Record gradients inside, and leave the network's own as they were.

    The weights need none here, which saves the larger part of the way back; the gradients that
    a training may have stored in them, and that grad-cam would delete, come back at the end. It
    works where the caller has turned gradients off, too.
    """
    before = [(one, one.requires_grad, one.grad) for one in network.parameters()]
    try:
        for parameter, _, _ in before:
            parameter.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for parameter, wanted, gradient in before:
            parameter.requires_grad_(wanted)
            parameter.grad = gradient


def followed(images: Tensor) -> Tensor:
    """A copy of the pictures, from which gradients are recorded on."""
    return images.detach().clone().requires_grad_(True)
