"""The part of a network that has a row for each class, as another set of classes wants it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..card import Card
from ..expressions import LabelSet
from .registry import create_model


def class_axes(network: nn.Module, card: Card) -> dict[str, int | None]:
    """The tensors of all layers whose shape depends on the number of classes.

    Args:
        network: as its card says.
        card: of it.

    Returns:
        Name to the axis of the classes; to ``None`` for what has none beside what has one.
    """
    wider = create_model(card.architecture, classes=len(card.labels) + 1, **card.arguments)
    shapes = {name: value.shape for name, value in wider.state_dict().items()}
    axes: dict[str, int | None] = {}
    for name, value in network.state_dict().items():
        pairs = enumerate(zip(value.shape, shapes[name], strict=True))
        axes[name] = next((axis for axis, (one, other) in pairs if one != other), None)
    layers = {_layer(name) for name, axis in axes.items() if axis is not None}
    return {name: axis for name, axis in axes.items() if _layer(name) in layers}


def rows_by_name(value: Tensor, axis: int | None, wanted: LabelSet, given: LabelSet) -> Tensor:
    """What a tensor holds of the classes ``wanted``, in their order.

    Raises:
        LabelMismatch: if one of them is not ``given``.
    """
    columns = torch.from_numpy(wanted.columns_in(given))
    return value if axis is None else value.index_select(axis, columns)


def _layer(name: str) -> str:
    return name.rpartition(".")[0]
