"""torchvision's random transforms, made quick for one small picture.

torchvision searches every input for what it could transform, and makes a grid of all
positions to turn a picture. Together that takes longer than the change of a face of a hundred
pixels. Here the draws are torchvision's own, in its order, and so are the values, but for the
rounding of positions; the search is left out, and OpenCV warps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.transforms import v2  # type: ignore[import-untyped]

_TRIES = 10
"""For a rectangle that fits into the picture, as in torchvision."""

_FLAGS = {
    v2.InterpolationMode.NEAREST: cv2.INTER_NEAREST,
    v2.InterpolationMode.BILINEAR: cv2.INTER_LINEAR,
    v2.InterpolationMode.BICUBIC: cv2.INTER_CUBIC,
}
# torchvision takes and keeps both the mode and its name.
_FLAGS |= {mode.value: flag for mode, flag in _FLAGS.items()}


def quick(transform: nn.Module) -> nn.Module:
    """The same transform for one float picture (C, H, W), or itself if it is of no known kind."""
    forward = getattr(type(transform), "forward", None)
    if forward is v2.Transform.forward:
        return _Always(transform)
    if forward is v2.RandomHorizontalFlip.forward:
        return _Sometimes(transform)
    return transform


class _Always(nn.Module):
    """What :class:`torchvision.transforms.v2.Transform` does with a tensor."""

    def __init__(self, transform: Any) -> None:
        super().__init__()
        kind = type(transform)
        # Bound here, as a module looks its parts up slowly.
        self.change = partial(_CHANGES.get(kind, kind.transform), transform)
        self.draw = partial(_DRAWS.get(kind, kind.make_params), transform)

    def forward(self, picture: Tensor) -> Tensor:
        """A picture (C, H, W) to another."""
        changed: Tensor = self.change(picture, self.draw([picture]))
        return changed


class _Sometimes(_Always):
    """What torchvision's transforms with a probability do with a tensor."""

    def __init__(self, transform: Any) -> None:
        super().__init__(transform)
        self.probability = transform.p

    def forward(self, picture: Tensor) -> Tensor:
        """A picture (C, H, W) to another, or itself."""
        return picture if torch.rand(1).item() >= self.probability else super().forward(picture)


def _flip(transform: Any, picture: Tensor, params: dict[str, Any]) -> Tensor:
    del transform, params
    return torch.from_numpy(np.ascontiguousarray(picture.numpy()[..., ::-1]))


def _crop(transform: Any, picture: Tensor, params: dict[str, Any]) -> Tensor:
    height, width = params["height"], params["width"]
    # Where the picture's corner lies in the window.
    left, top = params["padding"][0] - params["left"], params["padding"][1] - params["top"]
    if not params["needs_pad"]:
        return picture[:, -top : height - top, -left : width - left]
    if transform.padding_mode != "constant" or isinstance(transform.fill, (dict, list, tuple)):
        result: Tensor = transform.transform(picture, params)
        return result
    window = torch.full((len(picture), height, width), float(transform.fill or 0.0))
    seen = picture[:, max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)]
    rows, columns = max(top, 0), max(left, 0)
    window[:, rows : rows + seen.shape[1], columns : columns + seen.shape[2]] = seen
    return window


def _affine_draws(transform: Any, pictures: list[Tensor]) -> dict[str, Any]:
    """All draws of an affine change at once: a few together are the same as one by one."""
    if transform.shear is not None or transform.translate is None or transform.scale is None:
        params: dict[str, Any] = transform.make_params(pictures)
        return params
    height, width = pictures[0].shape[-2:]
    along, down = transform.translate[0] * width, transform.translate[1] * height
    ranges = (transform.degrees, (-along, along), (-down, down), transform.scale)
    angle, right, below, scale = (
        low + (high - low) * share
        for (low, high), share in zip(ranges, torch.rand(len(ranges)).tolist(), strict=True)
    )
    shift = round(right), round(below)
    return {"angle": angle, "translate": shift, "scale": scale, "shear": (0.0, 0.0)}


def _affine(transform: Any, picture: Tensor, params: dict[str, Any]) -> Tensor:
    if any(params["shear"]) or transform.center is not None:
        result: Tensor = transform.transform(picture, params)
        return result
    matrix = _turn(picture, -params["angle"], params["scale"])
    right, below = params["translate"]
    matrix[0, 2] += right
    matrix[1, 2] += below
    return _warped(picture, matrix, transform)


def _rotation(transform: Any, picture: Tensor, params: dict[str, Any]) -> Tensor:
    if transform.expand or transform.center is not None:
        result: Tensor = transform.transform(picture, params)
        return result
    return _warped(picture, _turn(picture, params["angle"], 1.0), transform)


def _erasing(transform: Any, picture: Tensor, params: dict[str, Any]) -> Tensor:
    del transform
    top, left, rows, columns = (params[one] for one in "ijhw")
    if params["v"] is None:  # no place was found for a rectangle
        return picture
    erased = picture.numpy().copy()
    erased[:, top : top + rows, left : left + columns] = params["v"]
    return torch.from_numpy(erased)


def _resized_crop(transform: Any, picture: Tensor, params: dict[str, Any]) -> Tensor:
    top, left, rows, columns = (params[one] for one in ("top", "left", "height", "width"))
    height, width = transform.size
    averages = transform.antialias and (rows > height or columns > width)
    if averages or _FLAGS[transform.interpolation] != cv2.INTER_LINEAR:
        result: Tensor = transform.transform(picture, params)
        return result
    resized = torch.empty(len(picture), height, width)
    for plane, target in zip(picture.numpy(), resized.numpy(), strict=True):
        window = plane[top : top + rows, left : left + columns]
        cv2.resize(window, (width, height), dst=target)
    return resized


def _erasing_draws(transform: Any, pictures: list[Tensor]) -> dict[str, Any]:
    """The draws of an erased rectangle of one grey."""
    if transform.value is None or len(transform.value) != 1:
        params: dict[str, Any] = transform.make_params(pictures)
        return params
    height, width = pictures[0].shape[-2:]
    low, high = transform.scale
    ratios = transform._log_ratio.tolist()
    for _ in range(_TRIES):
        shares = torch.rand(2)
        area = height * width * (low + (high - low) * float(shares[0]))
        ratio = math.exp(ratios[0] + (ratios[1] - ratios[0]) * float(shares[1]))
        rows, columns = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if rows < height and columns < width:
            top = int(torch.randint(0, height - rows + 1, ()))
            left = int(torch.randint(0, width - columns + 1, ()))
            return {"i": top, "j": left, "h": rows, "w": columns, "v": transform.value[0]}
    return {"i": 0, "j": 0, "h": height, "w": width, "v": None}


_CHANGES: dict[type, Callable[[Any, Tensor, dict[str, Any]], Tensor]] = {
    v2.RandomHorizontalFlip: _flip,
    v2.RandomCrop: _crop,
    v2.RandomAffine: _affine,
    v2.RandomRotation: _rotation,
    v2.RandomResizedCrop: _resized_crop,
    v2.RandomErasing: _erasing,
}

_DRAWS: dict[type, Callable[[Any, list[Tensor]], dict[str, Any]]] = {
    v2.RandomAffine: _affine_draws,
    v2.RandomErasing: _erasing_draws,
}


def _turn(picture: Tensor, angle: float, scale: float) -> NDArray[np.float64]:
    """The (2, 3) matrix of a turn against the clock about the centre, as OpenCV counts."""
    height, width = picture.shape[-2:]
    middle = ((width - 1) / 2, (height - 1) / 2)
    return np.asarray(cv2.getRotationMatrix2D(middle, angle, scale))


def _warped(picture: Tensor, matrix: NDArray[np.float64], transform: Any) -> Tensor:
    planes = picture.numpy()
    warped = np.empty(planes.shape, planes.dtype)
    flags, fill = _FLAGS[transform.interpolation], float(transform.fill or 0.0)
    # Plane by plane, as the pictures lie: that costs no more than a warp of all channels.
    for plane, target in zip(planes, warped, strict=True):
        cv2.warpAffine(
            plane,
            matrix,
            plane.shape[::-1],
            dst=target,
            flags=flags,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=fill,
        )
    return torch.from_numpy(warped)
