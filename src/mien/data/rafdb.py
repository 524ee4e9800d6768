"""RAF-DB (Li, Deng and Du 2017), the part with one basic expression a face.

The layout is the official one, as a folder or a zip file, at the root or in ``basic``:

- ``EmoLabel/list_patition_label.txt``: ``train_00001.jpg 5``, labels from 1; or, as APViT has
  it, ``EmoLabel/train.txt`` and ``EmoLabel/test.txt``, where names may end in ``_aligned.jpg``;
- ``Image/aligned/train_00001_aligned.jpg``: faces of 100 pixels, aligned by the authors;
- ``Image/original/train_00001.jpg``: the photographs, with
  ``Annotation/boundingbox/train_00001_boundingbox.txt`` (left, top, right, bottom) and
  ``Annotation/manual/train_00001_manu_attri.txt`` (eyes, nose and mouth corners, a line each,
  then gender, race and age as numbers).

A third folder is common, of faces aligned anew with MTCNN on a template of 224 pixels:
``Image/aligned_224/train_00001.jpg``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..expressions import LabelSet
from ..options import check_choice
from . import subsets
from .annotations import Annotations, Published
from .parts.layouts import guess_layout
from .reader import Reader

Images = Literal["aligned", "aligned_224", "original"]

GENDERS = ("male", "female", "unsure")
RACES = ("Caucasian", "African-American", "Asian")
AGES = ("0-3", "4-19", "20-39", "40-69", "70+")

_LISTS = ("EmoLabel/list_patition_label.txt", "EmoLabel/{split}.txt")
_ROW = re.compile(r"(?P<name>(?P<split>train|test)_\d+)(_aligned)?\.jpg\s+(?P<label>\d+)")
_FILES = {"aligned": "_aligned.jpg", "aligned_224": ".jpg", "original": ".jpg"}
_SIDES = {"aligned": 100, "aligned_224": 224, "original": None}
_LABELS = LabelSet.of(
    ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"),
)


def _counts(*counts: int) -> dict[str, int]:
    return dict(zip(_LABELS, counts, strict=True))


class RAFDB(Reader):
    """One split of RAF-DB's basic expressions.

    Args:
        root: folder or zip file.
        split: ``"train"`` or ``"test"``.
        images: which of the three folders the pictures come from. Only ``"original"`` has
            boxes, landmarks and the attributes ``gender``, ``race`` and ``age``, each where
            the copy has its folder.
        subset: a list of turned or covered faces, see :mod:`mien.data.subsets`.
    """

    name = "rafdb"
    title = "RAF-DB"
    citation = "RAF-DB (Li, Deng and Du 2017)"
    labels = _LABELS
    splits = ("train", "test")
    published = (
        Published("train", 12_271, "RAF-DB", _counts(1290, 281, 717, 4772, 1982, 705, 2524)),
        Published("train", 12_264, "MSA-Net, as printed"),
        Published("test", 3_068, "RAF-DB", _counts(329, 74, 160, 1185, 478, 162, 680)),
        Published("test", 3_061, "MSA-Net, as printed"),
    )

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        images: Images = "aligned",
        subset: Path | str | None = None,
    ) -> None:
        check_choice("images", images, _FILES)
        self._images = images
        super().__init__(root, split, originals={"images": images})
        if subset is not None:
            self.table = self.table.rows(subsets.subset(self, subset))

    def _annotations(self) -> Annotations:
        base, file = self._list()
        classes = self._labels_by_name(base + file)
        names = list(classes)
        self.side = _SIDES[self._images]
        original = self._images == "original"
        points, attributes = self._manual(base, names) if original else (None, {})
        return Annotations(
            names=names,
            files=[f"{base}Image/{self._images}/{name}{_FILES[self._images]}" for name in names],
            classes=np.array(list(classes.values()), np.int64),
            boxes=self._boxes(base, names) if original else None,
            landmarks=points,
            attributes=attributes,
        )

    def _list(self) -> tuple[str, str]:
        """Where EmoLabel lies, and the list within."""
        files = [one.format(split=self.split) for one in _LISTS]
        for base in ("", "basic/"):
            for file in files:
                if self.archive.has(base + file):
                    return base, file
        raise DataError(
            f"{self.root}: {files[0]} is missing, and so is {files[1]}; is this the folder that "
            f"holds EmoLabel and Image? {guess_layout(self.archive)}"
        )

    def _labels_by_name(self, member: str) -> dict[str, int]:
        """Classes of this split's pictures, in the list's order."""
        classes: dict[str, int] = {}
        for number, line in enumerate(self._text(member).splitlines(), 1):
            if not line.strip():
                continue
            row = _ROW.fullmatch(line.strip())
            if row is None:
                raise DataError(
                    f"{self.root}: line {number} of {member} is not like 'train_00001.jpg 5': "
                    f"{line[:80]!r}"
                )
            label = int(row["label"])
            if not 1 <= label <= len(self.labels):
                raise DataError(
                    f"{self.root}: line {number} of {member} has the label {label}; labels go "
                    f"from 1 to {len(self.labels)}"
                )
            if row["split"] != self.split:
                continue
            if row["name"] in classes:
                raise DataError(f"{self.root}: {member} lists {row['name']} twice")
            classes[row["name"]] = label - 1
        return classes

    def _boxes(self, base: str, names: list[str]) -> NDArray[np.float64] | None:
        """Left, top, width and height; ``None`` if the copy has no boxes."""
        files = [f"{base}Annotation/boundingbox/{name}_boundingbox.txt" for name in names]
        if not self._any(files):
            return None
        corners = np.array([self._numbers(file, 4) for file in files])
        return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)

    def _manual(
        self, base: str, names: list[str]
    ) -> tuple[NDArray[np.float64] | None, dict[str, list[str]]]:
        """Landmarks (N, 5, 2) and attributes; nothing if the copy has none."""
        files = [f"{base}Annotation/manual/{name}_manu_attri.txt" for name in names]
        if not self._any(files):
            return None, {}
        values = np.array([self._numbers(file, 13) for file in files])
        kinds = {"gender": GENDERS, "race": RACES, "age": AGES}
        attributes = {}
        for (kind, known), column in zip(kinds.items(), values[:, 10:].T, strict=True):
            wrong = ~np.isin(column, np.arange(len(known)))
            if wrong.any():
                first = int(wrong.argmax())
                raise DataError(
                    f"{self.root}: {files[first]} has the {kind} {column[first]:g}; it goes "
                    f"from 0 to {len(known) - 1}"
                )
            attributes[kind] = [known[int(value)] for value in column]
        return values[:, :10].reshape(-1, 5, 2), attributes

    def _any(self, files: list[str]) -> bool:
        """Whether the copy has this folder; all of a few files would have to be lost."""
        return any(self.archive.has(file) for file in files[:8])

    def _numbers(self, member: str, count: int) -> list[float]:
        try:
            values = [float(value) for value in self._text(member).split()]
        except ValueError as error:
            raise DataError(f"{self.root}: {member} is damaged ({error})") from None
        if len(values) != count or not np.isfinite(values).all():
            raise DataError(f"{self.root}: {member} does not hold {count} numbers")
        return values

    def _text(self, member: str) -> str:
        data = self.archive.read(member)
        if data is None:
            raise DataError(f"{self.root}: {member} is missing")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{self.root}: {member} is not UTF-8 text ({error})") from None
