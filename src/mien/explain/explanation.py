"""What an explanation says: maps over the pictures, and what they are maps of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Heat maps of N pictures, K for each.

    Attributes:
        method: such as ``"gradcam++"``; see :mod:`mien.explain.methods`.
        maps: float32 (N, K, H, W) in the pixels of the network's input, each scaled to 0 to 1
            within its picture; all zeros where a map is flat.
        names: what the K maps are of, such as ``("head 1", "head 2")``; one name for one map.
        classes: int64 (N,), position of the class that is explained; -1 where the maps are of
            no class.
        kept: bool (N, h, w), the patches of the network's grid that went on; ``None`` where
            none is left out.
    """

    method: str
    maps: NDArray[np.float32]
    names: tuple[str, ...]
    classes: NDArray[np.int64]
    kept: NDArray[np.bool_] | None = None
