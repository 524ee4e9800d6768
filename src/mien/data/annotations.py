"""What data sets say of their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..preprocess import Box, Picture


@dataclass(frozen=True, slots=True)
class Annotations:
    """What a data set says of its pictures, as columns of N rows; ``None`` where it is silent.

    Attributes:
        names: the identity of each picture, unique in the split and the same in every layout
            and preparation of the set.
        files: its path within the copy; the names themselves if they are paths.
        classes: int64 (N,), positions in the reader's label set; -1 for none.
        votes: int64 (N, V), of raters.
        action_units: int8 (N, K), 1 for active, 0 for not, -1 for unknown.
        boxes: float64 (N, 4), x, y, width, height of the face in pixels; NaN for none.
        landmarks: float64 (N, P, 2), x and y in pixels; NaN for none.
        groups: what must never cross a split: the person or the video.
        attributes: whatever else is known, as text by the column's name, such as ``age``.
    """

    names: Sequence[str]
    files: Sequence[str]
    classes: NDArray[np.int64] | None = None
    votes: NDArray[np.int64] | None = None
    action_units: NDArray[np.int8] | None = None
    boxes: NDArray[np.float64] | None = None
    landmarks: NDArray[np.float64] | None = None
    groups: Sequence[str] | None = None
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = {one.name: getattr(self, one.name) for one in fields(self)[:-1]}
        for name, column in (columns | dict(self.attributes)).items():
            if column is not None and len(column) != len(self.names):
                raise DataError(
                    f"{len(column)} rows of {name} do not fit {len(self.names)} pictures"
                )

    def __len__(self) -> int:
        return len(self.names)

    def box(self, row: int) -> Box | None:
        """The face's box of one row; ``None`` where it has none."""
        if self.boxes is None or np.isnan(self.boxes[row]).any():
            return None
        x, y, width, height = self.boxes[row].tolist()
        return x, y, width, height

    def rows(self, chosen: NDArray[np.intp] | Sequence[int]) -> Annotations:
        """The table of the chosen rows alone, in their order."""
        places = np.asarray(chosen, np.intp)
        columns = {one.name: _taken(getattr(self, one.name), places) for one in fields(self)[:-1]}
        attributes = {name: _taken(column, places) for name, column in self.attributes.items()}
        return Annotations(**columns, attributes=attributes)


def _taken(column: Any, places: NDArray[np.intp]) -> Any:
    if column is None or isinstance(column, np.ndarray):
        return None if column is None else column[places]
    return [column[place] for place in places]


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture with all that is known of it; the fields are those of :class:`Annotations`."""

    name: str
    picture: Picture
    label: int | None = None
    votes: NDArray[np.int64] | None = None
    action_units: NDArray[np.int8] | None = None
    box: Box | None = None
    landmarks: NDArray[np.float64] | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """How large a split is according to a source; several sources may disagree.

    Attributes:
        split: of the reader.
        images: number of pictures.
        source: who says so, and of which variant.
        classes: number by expression, where the source gives it.
    """

    split: str
    images: int
    source: str
    classes: Mapping[str, int] | None = None
