"""What the hardware can do, as far as it decides which way is the fast one."""

from __future__ import annotations

import platform

import torch


def has_bfloat16(device: str = "cpu") -> bool:
    """Whether a device has instructions for bfloat16; without them it is slower than float32.

    On a processor with AVX2 alone much so (``benchmarks/precision.py``).

    Args:
        device: torch's name of its kind.
    """
    if device == "cuda":  # which emulates it before Ampere
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if platform.machine() in ("x86_64", "AMD64"):
        return bool(torch.cpu._is_avx512_bf16_supported())
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return there and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def has_matrix_unit() -> bool:
    """Whether the processor multiplies matrices in a unit of its own (AMX): without one the
    products are slower, by a tenth on AMD's EPYC with AVX-512."""
    return bool(torch.cpu._is_amx_tile_supported())
