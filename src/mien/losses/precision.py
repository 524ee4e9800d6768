"""Losses are computed in float32 at least, whatever autocast or the network gives.

A squared distance over 512 dimensions, or the variance of nearly equal heads, is lost in
the 8 significant bits of bfloat16.
"""

from __future__ import annotations

import torch
from torch import Tensor


def single(tensor: Tensor) -> Tensor:
    """Float16 and bfloat16 as float32; float32 and float64 as they are."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
