"""What the processor can do, as far as it decides which way is the fast one."""

from __future__ import annotations

import torch


def has_bfloat16() -> bool:
    """Whether this processor is not slower with bfloat16 than with float32.

    Without AVX-512 (or ARM's instructions for bfloat16) oneDNN refuses it, and torch's own loops
    take ten times as long.
    """
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return there and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def has_matrix_unit() -> bool:
    """Whether the processor multiplies matrices in a unit of its own (AMX): without one the
    products are slower, by a tenth on AMD's EPYC with AVX-512."""
    return bool(torch.cpu._is_amx_tile_supported())
