"""Which pictures a recipe trains on: records that name data sets, never places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """One split of a data set, or what is taken of it.

    Attributes:
        dataset: name of the data set, one of :data:`mien.data.catalogue.READERS`.
        split: of it.
        options: the reader's own.
        only: expressions whose pictures are taken; ``None`` for all.
        strides: of videos, every how many frames of an expression one is kept, by
            expression; see :meth:`mien.data.affwild2.AffWild2.thinned`.
    """

    dataset: str
    split: str = "train"
    options: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] | None = None
    strides: Mapping[str, int] = field(default_factory=dict)
