"""What a network costs for one picture, counted as the papers count."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import require

_ATTENTION = "scaled_dot_product_attention"
_PRODUCTS = frozenset(["addmm", "bmm", "conv", "einsum", "linear", "matmul", "mm", _ATTENTION])


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one forward pass of one picture.

    Attributes:
        parameters: numbers that are trained; running statistics are none.
        multiply_adds: of convolutions, linear layers and matrix products.
        fvcore: these, and fvcore's estimate for normalisation (2 operations per element for
            batch norm in evaluation, 5 for layer norm) and adaptive pooling. What the papers
            print as FLOPs.
    """

    parameters: int
    multiply_adds: int
    fvcore: int


def count(network: nn.Module, size: int) -> Cost:
    """Cost of a network for pictures of ``size`` x ``size`` pixels, in evaluation.

    The counts follow from shapes alone, so the network may be built on the ``meta`` device,
    where it takes no time and no memory.

    Raises:
        MissingExtra: without fvcore.
    """
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # fvcore uses what PyTorch has deprecated
        counting = require("fvcore.nn", "train")
        analysis = counting.FlopCountAnalysis(_on_zeros(network), torch.zeros(1, 3, size, size))
        analysis.set_op_handle(f"aten::{_ATTENTION}", _of_attention)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.tracer_warnings("none")
        operations = {name: int(number) for name, number in analysis.by_operator().items()}
    return Cost(
        parameters=sum(one.numel() for one in network.parameters()),
        multiply_adds=sum(operations.get(name, 0) for name in _PRODUCTS),
        fvcore=sum(operations.values()),
    )


def _of_attention(inputs: Sequence[Any], _outputs: Sequence[Any]) -> int:
    """Queries (..., L, D) with keys (..., S, D), and these (..., L, S) with values (..., S, E).

    fvcore does not know the operation, in which PyTorch does both products at once.
    """
    query, key, value = (one.type().sizes() for one in inputs[:3])
    return int(math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1]))


def _on_zeros(network: nn.Module) -> nn.Module:
    """The same network in evaluation on the CPU, one zero seen in the place of all numbers.

    So nothing is copied, and the network itself is left alone.
    """
    seen: dict[int, Tensor] = {}
    for tensor in (*network.parameters(), *network.buffers()):
        zeros = torch.zeros((), dtype=tensor.dtype).expand(tensor.shape)
        seen[id(tensor)] = nn.Parameter(zeros, False) if isinstance(tensor, nn.Parameter) else zeros
    return copy.deepcopy(network, seen).eval()
