"""Scenes with one face crop pasted into each, for tests from photo to expression.

The crops of FER+ are tight: forehead, hair and ears are mostly cut off. By default they
are pasted as they are, with a hard edge, and their pixels stay untouched up to the edge, so
that a perfect detector and crop would give the network what it gets in the direct
evaluation. The hard edge makes the detector's task unlike that of a photo, where a head
goes on beyond the crop. ``border="feather"`` blends the outer tenth into the scene, which
looks more natural and costs the network the outermost pixels. Report the one you used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..preprocess import Box, Picture

Border: TypeAlias = Literal["hard", "feather"]
SIDES = (60, 400)
SCENE = (640, 480)
_FEATHER = 0.1  # of the face's side
_GRAIN = 4.0  # standard deviation of the noise, in grey levels


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture with one pasted face.

    Attributes:
        picture: uint8 (H, W, 3) RGB.
        square: x, y, width, height of the pasted face.
    """

    picture: Picture
    square: Box


def paste(
    face: Picture,
    *,
    index: int,
    seed: int = 0,
    sides: tuple[int, int] = SIDES,
    size: tuple[int, int] = SCENE,
    border: Border = "hard",
    background: Picture | None = None,
) -> Scene:
    """Paste a face crop at a random size and place into a random scene.

    Args:
        face: uint8 (H, W) grey or (H, W, 3) RGB, square.
        index: number of the face in its set; with ``seed`` it decides all that is random,
            so that a scene does not depend on which other faces are asked for.
        seed: of the set of scenes.
        sides: smallest and largest side of the pasted face in pixels, evenly drawn.
        size: width and height of the scene in pixels.
        border: ``"hard"`` or ``"feather"``.
        background: uint8 (H, W, 3) RGB without faces, from which a random part is taken;
            ``None`` for smooth random colours with some grain.

    Raises:
        DataError: if the largest face does not fit into the scene.
    """
    if not 1 <= sides[0] <= sides[1] <= min(size):
        raise DataError(f"faces of {sides[0]} to {sides[1]} pixels do not fit a scene of {size}")
    random = np.random.default_rng([seed, index])
    side = int(random.integers(sides[0], sides[1] + 1))
    x = int(random.integers(0, size[0] - side + 1))
    y = int(random.integers(0, size[1] - side + 1))
    scene = _colours(random, size) if background is None else _part(random, background, size)
    colour = face if face.ndim == 3 else cast(Picture, cv2.cvtColor(face, cv2.COLOR_GRAY2RGB))
    shrinks = side < min(face.shape[:2])
    pasted = cv2.resize(
        colour, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    place = scene[y : y + side, x : x + side]
    share = _feather(side)[..., None] if border == "feather" else np.float32(1)
    place[:] = np.rint(share * pasted + (1 - share) * place).astype(np.uint8)
    return Scene(scene, (float(x), float(y), float(side), float(side)))


def _colours(random: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Smooth gradients between a few random colours, with grain."""
    columns, rows = random.integers(2, 6, size=2)
    coarse = random.uniform(20, 235, (rows, columns, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    grain = random.standard_normal((*smooth.shape[:2], 1), dtype=np.float32) * _GRAIN
    return cast(Picture, np.clip(smooth + grain, 0, 255).astype(np.uint8))


def _part(random: np.random.Generator, photo: Picture, size: tuple[int, int]) -> Picture:
    """A random part of a photo with the scene's shape, at least half of what fits."""
    height, width = photo.shape[:2]
    largest = min(width / size[0], height / size[1])
    zoom = largest * random.uniform(0.5, 1)
    columns, rows = max(int(size[0] * zoom), 1), max(int(size[1] * zoom), 1)
    x = int(random.integers(0, width - columns + 1))
    y = int(random.integers(0, height - rows + 1))
    part = photo[y : y + rows, x : x + columns]
    interpolation = cv2.INTER_AREA if zoom > 1 else cv2.INTER_LINEAR
    return cast(Picture, cv2.resize(part, size, interpolation=interpolation))


def _feather(side: int) -> NDArray[np.float32]:
    """Weights (side, side) of the face: from 0 at its edge to 1 a tenth of its side inside."""
    positions = np.arange(side, dtype=np.float32) + 0.5
    inside = np.minimum(positions, side - positions) / (_FEATHER * side)
    ramp = np.clip(inside, 0, 1)
    return np.asarray(np.minimum(ramp[:, None], ramp[None, :]))
