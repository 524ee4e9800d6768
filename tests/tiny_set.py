"""A data set of the tests' own, whose copies can be damaged in every way.

The layout: ``<split>.csv`` with lines of file, class and group, and the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from mien.data.annotations import Annotations, Published
from mien.data.catalogue import READERS
from mien.data.reader import Reader
from mien.errors import DataError

SIDE = 32


class TinySet(Reader):
    """Pictures of 32 pixels, seven in training and four for the test."""

    name = "tiny"
    title = "Tiny"
    splits = ("train", "test")
    side = SIDE
    published = (
        Published("train", 7, "the authors", {"neutral": 4, "happiness": 3}),
        Published("train", 6, "a paper"),
        Published("test", 4, "the authors"),
        Published("test", 1, "one class of it", {"happiness": 1}),
    )

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        classes: Literal[1, 2] = 2,
        boxes: bool = False,
        shift: int | None = None,
    ) -> None:
        self._boxes, self._shift = boxes, shift or 0
        super().__init__(root, split)
        if classes == 1 and self.table.classes is not None:
            self.table = self.table.rows(np.flatnonzero(self.table.classes == 0))

    def _annotations(self) -> Annotations:
        data = self.archive.read(f"{self.split}.csv")
        if data is None:
            raise DataError(f"{self.root}: {self.split}.csv is missing")
        rows = [line.split(",") for line in data.decode().splitlines()]
        files = [row[0] for row in rows]
        box = [2.0, 2.0, 20.0, 20.0]
        return Annotations(
            names=[Path(file).stem for file in files],
            files=files,
            classes=np.array([int(row[1]) + self._shift for row in rows]),
            boxes=np.array([box] * len(rows)) if self._boxes else None,
            groups=[row[2] for row in rows],
        )


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the data set known as ``tiny``."""
    monkeypatch.setitem(READERS, "tiny", TinySet)  # type: ignore[misc]


def picture(number: int) -> np.ndarray:
    """uint8 (32, 32, 3): unlike that of any other number."""
    coarse = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)


def write(root: Path) -> Path:
    """A copy without fault: train/0.png to 6.png, test/7.png to 10.png."""
    for split, numbers in (("train", range(7)), ("test", range(7, 11))):
        (root / split).mkdir(parents=True)
        lines = []
        for number in numbers:
            file = f"{split}/{number}.png"
            cv2.imwrite(str(root / file), picture(number))
            lines.append(f"{file},{int(split == 'train' and number > 3)},{split}-{number // 2}")
        (root / f"{split}.csv").write_text("\n".join(lines) + "\n")
    return root
