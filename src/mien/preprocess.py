"""What a model expects of a picture, and the one function that prepares it.

The same code cuts the face for training, for evaluation and in use, so that a network
never meets a picture prepared in a way it was not trained on.

Pictures are ``uint8`` arrays of shape (H, W, 3), RGB, upright. A position (x, y) in pixels
counts from the outer corner of the first pixel, so that a picture of width W spans 0 to W.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import CardError

Picture: TypeAlias = NDArray[np.uint8]
Box: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in pixels of the upright picture."""

IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
"""Mean and deviation of ImageNet's colours, as torchvision's networks and those of DAN, TransFER
and APViT have them; arguments of :class:`Preprocess`."""

_FIVE_POINTS = ((38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20))
FACE_EVOLVE = tuple(((2 * x + 0.5) / 224, (2 * y + 0.5) / 224) for x, y in _FIVE_POINTS)
"""Where face.evoLVe brings eyes, nose and mouth corners, in sides of the crop: its template for
112 pixels scaled to 224, at which the APViT paper aligns RAF-DB. It counts from the centre of the
first pixel, and :class:`Preprocess` from its corner."""

_INTERPOLATION = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}
_LARGEST_OVERSAMPLING = 16


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How a face is cut from a picture and turned into the network's input.

    Attributes:
        size: side of the square input in pixels.
        colour: ``"grey"`` (three equal channels) or ``"rgb"``.
        mean: per channel, of values between 0 and 1.
        std: per channel, of values between 0 and 1.
        align: ``"square"``, an upright square around the face's box, or ``"similarity"``,
            the least-squares rotation, scale and shift that brings the five landmarks onto
            ``template``.
        scale: side of the square over the mean of the box's two sides (``"square"``).
        shift: centre of the square relative to the box's, in sides of the square.
        template: five (x, y) in sides of the square: eyes (left in the picture first),
            nose, mouth corners (``"similarity"``).
        interpolation: ``"linear"`` or ``"cubic"``. Faces larger than the input are
            averaged over areas in any case, so that they do not alias.
    """

    size: int
    colour: Literal["grey", "rgb"] = "rgb"
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    align: Literal["square", "similarity"] = "square"
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    template: tuple[tuple[float, float], ...] | None = None
    interpolation: Literal["linear", "cubic"] = "linear"

    def __post_init__(self) -> None:
        lengths = len(self.mean), len(self.std), len(self.shift)
        if not isinstance(self.size, int) or lengths != (3, 3, 2):
            raise CardError("preprocess needs a whole size, three means, three std and two shifts")
        if self.size < 1 or self.scale <= 0 or min(self.std) <= 0:
            raise CardError("preprocess needs size, scale and std above zero")
        if self.colour not in ("grey", "rgb"):
            raise CardError(f"preprocess does not know the colour {self.colour!r}")
        if self.align not in ("square", "similarity"):
            raise CardError(f"preprocess does not know the alignment {self.align!r}")
        if self.interpolation not in _INTERPOLATION:
            raise CardError(f"preprocess does not know the interpolation {self.interpolation!r}")
        if (self.align == "similarity") != (self.template is not None):
            raise CardError("preprocess needs a template for similarity, and only then")
        if self.template is not None and np.shape(self.template) != (5, 2):
            raise CardError("the template of preprocess needs five (x, y)")

    def __call__(
        self, picture: Picture, box: Box | None = None, landmarks: ArrayLike | None = None
    ) -> NDArray[np.float32]:
        """Cut one face and normalise it.

        Args:
            picture: (H, W, 3) RGB, or (H, W) grey.
            box: the face's box; without it the whole picture is the face crop.
            landmarks: (5, 2), needed for ``"similarity"``; without them the square around
                the box is taken.

        Returns:
            float32 of shape (3, size, size).
        """
        (values,) = self.normalise(self.cut(picture, box, landmarks)[None])
        return cast(NDArray[np.float32], values)

    def cut(
        self, picture: Picture, box: Box | None = None, landmarks: ArrayLike | None = None
    ) -> Picture:
        """The face as the network sees it, before normalisation: (size, size[, 3])."""
        height, width = picture.shape[:2]
        if box is None and height == width == self.size:
            crop = picture  # what the warp gives, too, only later
        else:
            whole = [[self.size / width, 0, 0], [0, self.size / height, 0]]
            matrix = np.array(whole) if box is None else self.matrix(box, landmarks)
            crop = _warp(picture, matrix, self.size, _INTERPOLATION[self.interpolation])
        if crop.ndim == 3 and self.colour == "grey":
            return cast(Picture, cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
        if crop.ndim == 2 and self.colour == "rgb":
            return cast(Picture, cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB))
        return crop

    def normalise(self, crops: Picture) -> NDArray[np.float32]:
        """Turn crops (N, size, size[, 3]) of :meth:`cut` into input (N, 3, size, size)."""
        if crops.ndim == 3:
            crops = crops[..., None]
        mean = np.array(self.mean, np.float32) * 255
        std = np.array(self.std, np.float32) * 255
        values = (crops.astype(np.float32) - mean) / std
        return cast(NDArray[np.float32], np.ascontiguousarray(values.transpose(0, 3, 1, 2)))

    def matrix(self, box: Box, landmarks: ArrayLike | None = None) -> NDArray[np.float64]:
        """The (2, 3) matrix from positions in the picture to positions in the crop."""
        if self.template is not None and landmarks is not None:
            return similarity(landmarks, np.array(self.template) * self.size)
        x, y, width, height = box
        side = max(self.scale * (width + height) / 2, 1.0)
        left = x + width / 2 + (self.shift[0] - 0.5) * side
        top = y + height / 2 + (self.shift[1] - 0.5) * side
        zoom = self.size / side
        return np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]], np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocess:
        """Read back what :meth:`to_dict` gave.

        Raises:
            CardError: if a field is missing, unknown or out of range.
        """
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise CardError(f"preprocess has unknown fields: {', '.join(sorted(unknown))}")
        try:
            return cls(**{name: _tuples(value) for name, value in values.items()})
        except TypeError as error:
            raise CardError(f"preprocess is incomplete: {error}") from None


def similarity(source: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """Rotation, uniform scale and shift from ``source`` to ``target``, both (K, 2), K >= 2.

    Least squares in closed form (Umeyama 1991, without reflection). Returns (2, 3).
    """
    points, goals = np.asarray(source, np.float64), np.asarray(target, np.float64)
    # As complex numbers, a similarity is goal = factor * point + offset.
    p = points[:, 0] + 1j * points[:, 1]
    g = goals[:, 0] + 1j * goals[:, 1]
    spread = p - p.mean()
    size = float(np.vdot(spread, spread).real)
    factor = np.vdot(spread, g - g.mean()) / size if size > 0 else 1.0 + 0j
    offset = g.mean() - factor * p.mean()
    return np.array(
        [[factor.real, -factor.imag, offset.real], [factor.imag, factor.real, offset.imag]]
    )


def _warp(picture: Picture, matrix: NDArray[np.float64], size: int, interpolation: int) -> Picture:
    """Cut a square by ``matrix``; where it shrinks, warp to a multiple and average."""
    zoom = math.hypot(matrix[0, 0], matrix[1, 0])
    zoom = min(zoom, math.hypot(matrix[0, 1], matrix[1, 1]))
    factor = min(max(math.ceil(1 / max(zoom, 1e-6) - 1e-9), 1), _LARGEST_OVERSAMPLING)
    fine = matrix * factor
    # OpenCV counts positions from the centre of the first pixel, we from its corner.
    fine[:, 2] += fine[:, :2] @ (0.5, 0.5) - 0.5
    side = size * factor
    crop = cv2.warpAffine(
        picture, fine, (side, side), flags=interpolation, borderMode=cv2.BORDER_REPLICATE
    )
    if factor > 1:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return cast(Picture, crop)


def _tuples(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_tuples(item) for item in value)
    return value
