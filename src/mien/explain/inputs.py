"""What is asked for: pictures that a network can take, and classes that it has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import ModelError, TensorError
from ..models.output import Output
from ..models.parts.checks import check_images

NO_CLASS = -1
"""The class of an explanation that is of none."""


def no_class(pictures: int) -> NDArray[np.int64]:
    """Classes (N,) of maps that are of none."""
    return np.full(pictures, NO_CLASS, np.int64)


def prepared(network: nn.Module, images: Tensor) -> Tensor:
    """The pictures, where the network is and as it reckons.

    Raises:
        ModelError: if the network is in training mode.
        TensorError: if they are no pictures.
    """
    if network.training:
        raise ModelError("explanations are of a network in use: call its eval() first")
    check_images(images)
    if not len(images):
        raise TensorError("there are no pictures to explain")
    weights = next(network.parameters())
    return images.to(weights.device, weights.dtype)


def look(network: nn.Module, images: Tensor) -> Output:
    """What a network says of pictures, without gradients.

    Raises:
        TensorError: if it cannot take pictures of this size.
    """
    try:
        with torch.no_grad():
            output: Output = network(images)
    except torch.OutOfMemoryError:
        raise
    except (AssertionError, IndexError, RuntimeError, ValueError) as error:
        height, width = images.shape[2:]
        reason = str(error).strip().partition("\n")[0]
        raise TensorError(
            f"the network cannot take pictures of {height}x{width} pixels: {reason}"
        ) from error
    return output


def classes_of(logits: Tensor, asked: Sequence[int] | None) -> Tensor:
    """The classes asked for, or the predicted ones: int64 (N,), in the CPU's memory.

    Raises:
        TensorError: if one of them does not exist.
    """
    if asked is None:
        return logits.argmax(1).cpu()
    for one in asked:
        if not 0 <= one < logits.shape[1]:
            raise TensorError(
                f"class {one} cannot be explained: the network's are 0 to {logits.shape[1] - 1}"
            )
    return torch.tensor([int(one) for one in asked])
