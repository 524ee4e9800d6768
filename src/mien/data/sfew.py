"""SFEW 2.0 (Dhall et al. 2015): frames of movies, with a folder for each expression.

Two layouts are read, as a folder or a zip file:

- ``frames``, 720x576 pixels: ``Train/Angry/AlexEmma_000318240_00000034.png`` and so on, the
  same in ``Val``, and ``Test`` without labels;
- ``aligned``, the faces that the authors cut: ``Train/Train_Aligned_Faces/Angry/...``,
  ``Val/Val_Aligned_Faces_new/Val_Aligned_Faces/Angry/...``, with or without the outer folders.
  There are fewer of them: faces that were not found are missing.

Small and capital letters of the folders are one, and a split may lie in a folder of its name
twice, ``Test/Test``, as some programs unpack its zip file.

A file's name holds the movie, the time and the frame. The movie is the picture's group.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from ..errors import DataError, SplitMissing
from ..expressions import LabelSet
from ..options import check_choice
from .annotations import Annotations, Published
from .parts.layouts import guess_layout
from .reader import Reader

FOLDERS = {
    "anger": "Angry",
    "disgust": "Disgust",
    "fear": "Fear",
    "happiness": "Happy",
    "neutral": "Neutral",
    "sadness": "Sad",
    "surprise": "Surprise",
}
"""The folder of each expression, in the native order."""

LAYOUTS = ("frames", "aligned")
_SPLITS = {"train": "Train", "val": "Val", "test": "Test"}
_PICTURES = (".png", ".jpg", ".jpeg")
_MOVIE = re.compile(r"(?P<movie>.+)_\d+_\d+")
_ALIGNED_BY_CLASS = {
    "train": (178, 52, 78, 184, 144, 161, 94),
    "val": (77, 23, 46, 72, 84, 73, 56),
}


def _aligned(split: str) -> Published:
    counts = _ALIGNED_BY_CLASS[split]
    by_class = dict(zip(FOLDERS, counts, strict=True))
    return Published(split, sum(counts), "the aligned faces, as public code counts them", by_class)


class SFEW(Reader):
    """One split of SFEW 2.0.

    A picture's name is its path below the split, such as ``Angry/X_000318240_00000034.png``,
    in both layouts.

    Args:
        root: folder or zip file.
        split: ``"train"``, ``"val"`` or ``"test"``, which has no labels.
        layout: ``"frames"`` or ``"aligned"``; by default what the copy holds, frames first.
            Not for prepared copies.
    """

    name = "sfew"
    title = "SFEW 2.0"
    citation = "SFEW 2.0 (Dhall et al. 2015)"
    labels = LabelSet.of(FOLDERS)
    splits = tuple(_SPLITS)
    published = (
        Published("train", 958, "SFEW 2.0, by DAN and APViT"),
        Published("val", 436, "SFEW 2.0, by DAN and APViT"),
        Published("test", 372, "SFEW 2.0, by DAN and APViT"),
        Published("val", 425, "the one size from 380 to 436 that both accuracies of DAN fit"),
        _aligned("train"),
        _aligned("val"),
    )

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        layout: Literal["frames", "aligned"] | None = None,
    ) -> None:
        if layout is not None:
            check_choice("layout", layout, LAYOUTS)
        self._layouts: Sequence[str] = LAYOUTS if layout is None else (layout,)
        super().__init__(root, split, originals={"layout": layout})
        self.__dict__.pop("_by_folder", None)  # no reader carries it to other processes

    def _annotations(self) -> Annotations:
        for layout in self._layouts:
            for folder in _places(layout, self.split):
                listed = self._listed(folder)
                if any(listed.values()):
                    return self._table(folder, listed)
        raise self._what_else()

    def _listed(self, folder: str) -> dict[str, list[str]]:
        """Pictures of a split's folder, by the class folder that they lie in."""
        classes = [""] if self.split == "test" else list(FOLDERS.values())
        return {one: self._files(f"{folder}/{one}".rstrip("/")) for one in classes}

    def _files(self, folder: str) -> list[str]:
        """Pictures in a folder, or in one whose name differs in small and capital letters."""
        found = list(filter(_is_picture, self.archive.files(folder)))
        return found or self._by_folder.get(folder.casefold(), [])

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        """All pictures of the copy by their folder, without capital letters."""
        folders: dict[str, list[str]] = {}
        for path in filter(_is_picture, self.archive.files(deep=True)):
            folders.setdefault(path.rpartition("/")[0].casefold(), []).append(path)
        return folders

    def _table(self, folder: str, listed: dict[str, list[str]]) -> Annotations:
        if empty := [f"{folder}/{name}" for name, files in listed.items() if not files]:
            raise DataError(
                f"{self.root}: no picture is in {', '.join(empty)}; the copy is incomplete"
            )
        files = [path for paths in listed.values() for path in paths]
        counts = [len(paths) for paths in listed.values()]
        classes = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
        return Annotations(
            names=[
                f"{one}/{PurePosixPath(path).name}".lstrip("/")
                for one, paths in listed.items()
                for path in paths
            ],
            files=files,
            classes=np.full(len(files), -1, np.int64) if self.split == "test" else classes,
            groups=[_movie(path) for path in files],
        )

    def _what_else(self) -> DataError:
        """Why there is no such split, and what the copy looks like instead."""
        wanted = f"no picture of the split {self.split} in the layout {' or '.join(self._layouts)}"
        wanted = f"{self.root}: {wanted}"
        found = {split: place for split in _SPLITS if (place := self._place(split))}
        if found:
            split = self.split if self.split in found else next(iter(found))
            message = f"{wanted}; {found[split]} of the split {split}"
            return DataError(message) if split == self.split else SplitMissing(message)
        if any(map(self._files, FOLDERS.values())):
            return DataError(
                f"{wanted}; this looks like one split alone, give the folder that holds it"
            )
        return DataError(f"{wanted}; {guess_layout(self.archive)}")

    def _place(self, split: str) -> str:
        """Where there are pictures of a split, in whichever layout; empty if there are none."""
        for layout in LAYOUTS:
            for folder in _places(layout, split):
                below = [folder, *(f"{folder}/{one}" for one in FOLDERS.values())]
                if any(map(self._files, below)):
                    return f"{folder} has the layout {layout}"
        return ""


def _places(layout: str, split: str) -> list[str]:
    """Folders in which a split is found, as the authors' zip files unpack."""
    word = _SPLITS[split]
    if layout == "frames":
        return [word, f"{word}/{word}"]
    aligned = f"{word}_Aligned_Faces"
    places = [aligned, f"{aligned}/{aligned}", f"{aligned}_new", f"{aligned}_new/{aligned}"]
    return [outer + place for place in places for outer in (f"{word}/", "")]


def _is_picture(path: str) -> bool:
    return path.lower().endswith(_PICTURES)


def _movie(path: str) -> str:
    """Movie that a file's name begins with; names of another form are their own group."""
    stem = PurePosixPath(path).stem
    found = _MOVIE.fullmatch(stem)
    return found["movie"] if found else stem
