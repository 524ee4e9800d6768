"""A network out of the ONNX file that ``mien export`` made of it.

What is shipped is an ONNX file. Read back, it can be explained, measured and trained on like a
checkpoint, but for its batch norms, see :mod:`.batch_norms`: they are folded into the
convolutions before them, and only add a bias here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..card import Card, read_card
from ..errors import ModelError, NotFound, UnknownName
from ..faces.session import open_session
from .batch_norms import norms_after_convolutions, only_add
from .registry import create_model

_PREFIX = "network."
_FOLDED = ".weight_bias"
_WHOLE, _SCALE = ".whole", ".scale"
_CLOSE = 1e-3


def load_exported(path: Path) -> tuple[nn.Module, Card]:
    """Build the network that an exported model's card describes, with the weights of the file.

    The logits of both are compared, on noise.

    Args:
        path: an ONNX file of ``mien export``, with weights of eight bits or of 32.

    Returns:
        The network in evaluation mode on the CPU, and its card.

    Raises:
        NotFound: if there is no file.
        ModelError: if it is no ONNX model, of no network of mien, or without all of its weights.
        CardError: if it has no card, or one of a newer format.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such model file") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    session = open_session(content, str(path))
    card = read_card(session.get_modelmeta().custom_metadata_map, str(path))
    try:
        network = create_model(card.architecture, classes=card.labels, **card.arguments).eval()
    except UnknownName as error:
        raise _lost(path, str(error)) from None
    size = card.preprocess.size
    _fill(network, size, _tensors(content), path)
    noise = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        ours = network(noise).logits.numpy()
    theirs = session.run(["logits"], {"images": noise.numpy()})[0]
    if not np.abs(ours - theirs).max() <= _CLOSE * max(np.abs(theirs).max(), 1):
        raise _lost(path, f"as {card.architecture} they give other answers than the file")
    return network, card


def _tensors(content: bytes) -> dict[str, NDArray[Any]]:
    """The weights of a file; those of eight bits are multiplied out, see :mod:`mien.packing`."""
    import onnx

    graph = onnx.load_from_string(content).graph
    found = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    packed = [name.removesuffix(_WHOLE) for name in found if name.endswith(_WHOLE)]
    return found | {
        name: found[name + _WHOLE].astype(np.float32) * found[name + _SCALE] for name in packed
    }


def _fill(network: nn.Module, size: int, tensors: dict[str, NDArray[Any]], path: Path) -> None:
    names = {module: name for name, module in network.named_modules()}
    own = network.state_dict()
    lacking = set(own)

    def put(name: str, value: NDArray[Any]) -> None:
        if value.shape == own[name].shape:
            own[name].copy_(torch.tensor(value))
            lacking.discard(name)

    for name in own:
        if _PREFIX + name in tensors:
            put(name, tensors[_PREFIX + name])
    for norm, convolution in norms_after_convolutions(network, size):
        bias = tensors.get(f"{_PREFIX}{names[convolution]}{_FOLDED}")
        if bias is not None:
            only_add(norm, torch.tensor(bias))
            lacking -= {f"{names[norm]}.{part}" for part in norm.state_dict()}
    lacking = {name for name in lacking if not name.endswith("num_batches_tracked")}
    if lacking:
        raise _lost(path, f"{len(lacking)} of {len(own)} are not there, such as {min(lacking)}")


def _lost(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path}: the weights cannot be taken out of this ONNX file ({reason}); name the "
        "checkpoint that it was exported from"
    )
