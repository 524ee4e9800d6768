"""Layers that do the same in less time while a network trains on a CPU in bfloat16."""

from __future__ import annotations

from torch import nn

from .processor import has_matrix_unit
from .rectifiers import use_two_relus
from .small_maps import use_products


def use_quick_layers(network: nn.Module) -> None:
    """Let a network's layers take the ways that are faster on this processor.

    Weights and their names stay; evaluation, other devices and other precisions too.
    """
    use_two_relus(network)
    if has_matrix_unit():
        use_products(network)
