"""A trained network and its card in one safetensors file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from ..card import CARD_KEY, RUNTIME_MODEL, Card, read_card
from ..drafts import draft_of
from ..errors import ModelError, NotFound, OutputError
from ..zoo import SHIPPED, shipped_model
from .exported import load_exported
from .registry import create_model
from .weight_files import require_finite

_NO_CARD = "it was not written by mien; train it with mien train, or write it with save_model"


def save_model(network: nn.Module, card: Card, path: Path | str) -> None:
    """Write weights and card; an existing file is replaced only by a whole one.

    Raises:
        OutputError: if it cannot be written.
    """
    path = Path(path)
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(path) as draft:
            save_file(tensors, draft, metadata={CARD_KEY: card.to_json()})
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path}: the checkpoint cannot be written ({error})") from None


def load_model(path: Path | str) -> tuple[nn.Module, Card]:
    """Build the network that a checkpoint's card describes and load its weights.

    Args:
        path: a safetensors file; an ONNX file of ``mien export`` or the name of a shipped model,
            see :func:`.exported.load_exported`.

    Returns:
        The network in evaluation mode on the CPU, and its card.

    Raises:
        NotFound: if there is no file.
        ModelError: if the file is not a safetensors file, its tensors do not fit or hold NaN, or
            an ONNX file does not hold all of them.
        CardError: if it has no card, or one of a newer format.
    """
    if path in SHIPPED:
        path = shipped_model(str(path))
    path = Path(path)
    if path.suffix.lower() == RUNTIME_MODEL:
        return load_exported(path)
    with _opened(path) as (file, card):
        tensors: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    network = create_model(card.architecture, classes=card.labels, **card.arguments)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: its weights do not fit {card.architecture}: {reason}") from None
    require_finite(tensors, path)
    return network.eval(), card


def load_card(path: Path | str) -> Card:
    """A checkpoint's card alone, without its weights; errors as those of :func:`load_model`."""
    with _opened(Path(path)) as (_, card):
        return card


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Card]]:
    if not path.is_file():
        raise NotFound(f"{path}: there is no checkpoint at this path")
    try:
        with safe_open(path, framework="pt") as file:
            yield file, read_card(file.metadata() or {}, str(path), _NO_CARD)
    except SafetensorError as error:
        raise ModelError(f"{path}: not a whole safetensors file ({error})") from None
