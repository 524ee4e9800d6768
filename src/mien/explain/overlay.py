"""Maps laid over the faces that they explain."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import TensorError
from ..preprocess import Picture

# As light as it is high, for every eye and in print: unlike JET, in which the papers paint.
_COLOURS = cv2.COLORMAP_INFERNO
_FAINTEST, _STRONGEST = 0.35, 0.75
_ERASED = 255


def lay_over(picture: Picture, heat: NDArray[np.floating]) -> Picture:
    """Colour a face by a map; where the map is 0, the face is dark and without colour.

    Args:
        picture: uint8 (H, W, 3), RGB.
        heat: (h, w), 0 to 1; stretched over the picture.

    Returns:
        uint8 (H, W, 3), RGB.

    Raises:
        TensorError: if the map is no map, or leaves 0 to 1.
    """
    heat = stretched(heat, picture, cv2.INTER_LINEAR)
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    levels = np.rint(heat * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, _COLOURS), cv2.COLOR_BGR2RGB)
    share = (_FAINTEST + (_STRONGEST - _FAINTEST) * heat)[..., None]
    return cast(Picture, np.rint(grey * (1 - share) + colours * share).astype(np.uint8))


def erase(picture: Picture, kept: NDArray[np.generic]) -> Picture:
    """Erase what a network left out to white, as APViT's Figure 7 does.

    Args:
        picture: uint8 (H, W, 3), RGB.
        kept: (h, w), true or above 0 where a patch went on; each covers its rectangle.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    left = stretched(np.asarray(kept, np.float32), picture, cv2.INTER_NEAREST) > 0
    return cast(Picture, np.where(left[..., None], picture, np.uint8(_ERASED)))


def stretched(
    heat: NDArray[np.floating], picture: Picture, interpolation: int
) -> NDArray[np.float32]:
    """A map (h, w) in the size of a picture.

    Raises:
        TensorError: if it is no map, or leaves 0 to 1.
    """
    if heat.ndim != 2 or not heat.size:
        raise TensorError(f"a map has two sides, not the shape {heat.shape}")
    # NaN fails this as well.
    if not (heat.min() >= 0 and heat.max() <= 1 + 1e-6):
        raise TensorError(f"a map holds 0 to 1, not {heat.min():g} to {heat.max():g}")
    size = picture.shape[1], picture.shape[0]
    fitted = cv2.resize(heat.astype(np.float32), size, interpolation=interpolation)
    return cast(NDArray[np.float32], np.clip(fitted, 0, 1))
