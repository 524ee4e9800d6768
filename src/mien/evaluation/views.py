"""How a picture is shown to a network: as it is, mirrored too, or as ten windows of it.

The answers to several views become one by the mean of their logits, as in the public code
whose test LLA-Net shares. It is computed from the probabilities, as the geometric mean that is
brought to the sum 1 again: the same, for any network and whatever its temperature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import TensorError
from ..preprocess import Preprocess

View: TypeAlias = Literal["plain", "flip", "ten-crop"]
VIEWS: tuple[View, ...] = get_args(View)

_LOADED, _WINDOW = 48, 44
"""Ten windows of 44 pixels are cut from 48; other sizes keep this ratio, such as 122 and 112."""
_SMALLEST = float(np.finfo(np.float32).tiny)
_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))

Images: TypeAlias = NDArray[np.float32]
Classify: TypeAlias = Callable[[Images], NDArray[np.float32]]


def enlarged(preprocess: Preprocess, view: View) -> Preprocess:
    """How the faces are cut that a view is taken of: for ten windows, larger by 48 to 44."""
    if view != "ten-crop":
        return preprocess
    return replace(preprocess, size=round(preprocess.size * _LOADED / _WINDOW))


def answer_views(classify: Classify, images: Images, view: View, size: int) -> Images:
    """Probabilities of pictures under a view.

    Args:
        classify: float32 (N, 3, size, size) to probabilities (N, M).
        images: float32 (N, 3, S, S), of :func:`enlarged` faces, normalised.
        view: ``"plain"``, ``"flip"`` (the picture and its mirror image) or ``"ten-crop"``.
        size: side of the network's input.

    Returns:
        (N, M), rows with the sum 1.

    Raises:
        TensorError: if the pictures are smaller than the windows.
    """
    if view == "plain":
        return classify(images)
    answers = [np.float64(classify(shown)) for shown in _shown(images, view, size)]
    logs = np.mean([np.log(np.maximum(one, _SMALLEST)) for one in answers], axis=0)
    means = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(means / means.sum(axis=1, keepdims=True), np.float32)


def ten_windows(images: Images, size: int) -> Iterator[Images]:
    """The four corners and the middle of pictures, and the same of their mirror images.

    Args:
        images: (N, C, H, W).
        size: side of the windows in pixels, at most H and W.

    Yields:
        (N, C, size, size), ten times: upper left, upper right, lower left, lower right and
        middle, then these five of the mirror image.

    Raises:
        TensorError: if the pictures are no batch, or smaller than the windows.
    """
    if images.ndim != 4 or min(images.shape[2:]) < size:
        raise TensorError(
            f"pictures of shape {images.shape} have no ten windows of {size} pixels; "
            "give (N, C, H, W) at least that large"
        )
    high, wide = (side - size for side in images.shape[2:])
    places = [(high * down, wide * right) for down, right in _CORNERS]
    for pictures in (images, images[..., ::-1]):
        for top, left in (*places, (round(high / 2), round(wide / 2))):
            window = pictures[:, :, top : top + size, left : left + size]
            yield np.ascontiguousarray(window)


def _shown(images: Images, view: View, size: int) -> Iterator[Images]:
    if view == "ten-crop":
        yield from ten_windows(images, size)
        return
    yield images
    yield np.ascontiguousarray(images[..., ::-1])
