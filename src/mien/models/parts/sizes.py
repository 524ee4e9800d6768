"""Sizes of encoders and stems that more than one network comes in."""

from __future__ import annotations

from typing import Any

DEIT_TINY: dict[str, Any] = {
    "width": 192,
    "blocks": 12,
    "heads": 3,
    "mlp_ratio": 4.0,
    "qkv_bias": True,
}
"""Touvron et al. 2021; APViT, Table 14."""

SMALL: dict[str, Any] = {
    **DEIT_TINY,
    "blocks": 4,
    "image_size": 48,
    "stages": 2,
    "units": (2, 2),
    "widths": (48, 96),
}
"""For machines without an accelerator, ours: a face of 48 pixels becomes 12x12 patches."""
