"""Maps as files: pictures for people, numbers for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..drafts import output_file
from ..expressions import LabelSet
from ..preprocess import Picture
from .cells import drawn
from .explanation import Explanation


def map_files(
    name: str, explanations: Sequence[Explanation], index: int, view: Picture
) -> dict[str, Picture]:
    """File names and pictures of one face: each map of each method laid over it.

    Args:
        name: of the face.
        explanations: one for each method.
        index: which of their faces.
        view: the face, uint8 (H, W, 3) RGB.
    """
    files = {}
    for one in explanations:
        for column, of in enumerate(one.names):
            part = f".{_plain(of)}" if len(one.names) > 1 else ""
            (picture,) = drawn(only(one, index), [view], column)
            files[f"{name}.{one.method}{part}.png"] = picture
    return files


def map_numbers(
    explanations: Sequence[Explanation],
    index: int,
    labels: LabelSet,
    probabilities: NDArray[np.float32],
) -> dict[str, NDArray[Any]]:
    """The arrays of one face, for ``numpy.load(..., allow_pickle=False)``.

    Args:
        explanations: one for each method.
        index: which of their faces.
        labels: of the network.
        probabilities: (M,), of this face.

    Returns:
        ``labels`` and ``probabilities`` (M,); for each method ``METHOD`` float32 (K, H, W),
        ``METHOD.names`` (K,), ``METHOD.class``, empty for maps of no class, and where patches
        are left out ``METHOD.kept`` bool (h, w).
    """
    arrays: dict[str, NDArray[Any]] = {
        "labels": np.array([str(label) for label in labels]),
        "probabilities": probabilities,
    }
    for one in explanations:
        explained = int(one.classes[index])
        arrays[one.method] = one.maps[index]
        arrays[f"{one.method}.names"] = np.array(one.names)
        arrays[f"{one.method}.class"] = np.array(str(labels[explained]) if explained >= 0 else "")
        if one.kept is not None:
            arrays[f"{one.method}.kept"] = one.kept[index]
    return arrays


def only(explanation: Explanation, index: int) -> Explanation:
    """The explanation of one face."""
    rows = slice(index, index + 1)
    return Explanation(
        method=explanation.method,
        maps=explanation.maps[rows],
        names=explanation.names,
        classes=explanation.classes[rows],
        kept=None if explanation.kept is None else explanation.kept[rows],
    )


def write_picture(picture: Picture, path: Path) -> None:
    """Write uint8 (H, W, 3) RGB as PNG.

    Raises:
        OutputError: if the file cannot be written.
    """
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    with output_file(path) as draft:
        draft.write_bytes(data.tobytes())


def write_numbers(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    """Write named arrays as one compressed ``.npz``; equal arrays become equal files.

    Raises:
        OutputError: if the file cannot be written.
    """
    # By its handle, as NumPy would add a suffix to the draft's name.
    with output_file(path) as draft, draft.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # of its own option


def _plain(text: str) -> str:
    """A part of a file name."""
    return re.sub(r"[^\w.+]+", "-", text).strip("-")
