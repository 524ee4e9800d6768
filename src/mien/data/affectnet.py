"""AffectNet (Mollahosseini, Hasani and Mahoor 2017), its manually annotated part.

Both releases are read, as folders or zip files, and told apart by what lies at the root:

- ``Manually_Annotated_Images/<number>/<hash>.jpg`` with ``training.csv`` and
  ``validation.csv`` beside it or in ``Manually_Annotated_file_lists``. A name is
  ``<number>/<hash>.jpg``; a picture that the table lists again is called ``…#2``. The
  pictures are photographs, with a box each and, on request, 68 landmarks.
- ``train_set`` and ``val_set`` with ``images/<number>.jpg``, faces of 224 pixels, and
  ``annotations/<number>_exp.npy``, and ``<number>_lnd.npy`` with 68 landmarks. A name is the
  number. The numbers say nothing of the hashes, so that names of the two releases cannot be
  matched.

The tables also hold pictures without an expression, uncertain ones and such without a face
(8, 9, 10); these are left out. Valence and arousal are not read.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, SplitMissing
from ..expressions import LabelSet
from ..options import check_choice
from . import subsets
from .annotations import Annotations, Published
from .parts.affectnet_table import POINTS, read_table
from .parts.layouts import guess_layout
from .parts.repeated_names import told_apart
from .reader import Reader

_TABLES = {"train": "training.csv", "val": "validation.csv"}
_TABLE_FOLDERS = (
    *("", "Manually_Annotated_file_lists/", "Manually_Annotated/", "Manually_Annotated_Images/"),
    "Manually_Annotated/Manually_Annotated_file_lists/",
)
_IMAGE_FOLDERS = (
    *("Manually_Annotated_Images/", "Manually_Annotated/Manually_Annotated_Images/"),
    *("Manually_Annotated/", ""),
)
_SUFFIX = "_exp.npy"
_DROPPED = 10  # the largest label that stands for no expression
_SIDE = 224
_LABELS = LabelSet.of(
    ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
)
_SEVEN = LabelSet(_LABELS.expressions[:7])
_COUNTS = (74_874, 134_415, 25_459, 14_090, 6_378, 3_803, 24_882, 3_750)
_TRAIN: dict[str, int] = dict(zip(_LABELS, _COUNTS, strict=True))


class AffectNet(Reader):
    """One split of AffectNet.

    Args:
        root: folder or zip file in one of the two layouts.
        split: ``"train"`` or ``"val"``.
        classes: 7 leaves out contempt, and the label set has seven expressions.
        landmarks: read the 68 landmarks: 300 MB for the training split, and in the second
            layout a file for each picture. Prepared copies have none.
        subset: a list of turned or covered faces, see :mod:`mien.data.subsets`.
    """

    name = "affectnet"
    title = "AffectNet"
    citation = "AffectNet (Mollahosseini, Hasani and Mahoor 2017)"
    labels = _LABELS
    splits = ("train", "val")
    published = (
        Published("train", 287_651, "AffectNet, eight classes", _TRAIN),
        Published("train", 287_568, "DAN, as printed, eight classes"),
        Published(
            "train", 283_901, "AffectNet, seven classes", {one: _TRAIN[one] for one in _SEVEN}
        ),
        Published("val", 4_000, "AffectNet, eight classes", dict.fromkeys(_LABELS, 500)),
        Published("val", 3_999, "AffectNet, eight classes, train_set and val_set"),
        Published("val", 3_500, "AffectNet, seven classes", dict.fromkeys(_SEVEN, 500)),
    )

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        classes: Literal[7, 8] = 8,
        landmarks: bool = False,
        subset: Path | str | None = None,
    ) -> None:
        check_choice("classes", str(classes), ("7", "8"))
        self._landmarks = landmarks
        super().__init__(root, split, originals={"landmarks": landmarks})
        if classes == 7:
            self._drop_contempt()
        if subset is not None:
            self.table = self.table.rows(subsets.subset(self, subset))

    def _drop_contempt(self) -> None:
        # After the table is read: it may be a prepared one of all eight classes.
        column = self.table.classes
        if column is None:
            raise DataError(f"{self.root}: the prepared copy of AffectNet has no classes")
        kept = np.flatnonzero(column != len(_SEVEN))
        if not len(kept):
            raise DataError(f"{self.root}: no picture but of contempt is listed")
        self.table = self.table.rows(kept)
        self.labels = _SEVEN

    def _annotations(self) -> Annotations:
        file = _TABLES[self.split]
        for folder in _TABLE_FOLDERS:
            if self.archive.has(folder + file):
                return self._from_table(folder + file)
        members = self._arrays(self.split)
        if not members:
            what = f"neither {file} nor {self.split}_set/annotations/*{_SUFFIX} is here"
            if any(map(self._has, self.splits)):
                raise SplitMissing(
                    f"{self.root}: the split {self.split} is not in this copy, {what}"
                )
            raise DataError(f"{self.root}: {what}; {self._what_else()}")
        return self._from_arrays(members)

    def _arrays(self, split: str) -> list[str]:
        """Annotations of a split in the layout of arrays."""
        files = self.archive.files(f"{split}_set/annotations")
        return [member for member in files if member.endswith(_SUFFIX)]

    def _has(self, split: str) -> bool:
        """Whether a split is annotated, in either layout."""
        tables = (folder + _TABLES[split] for folder in _TABLE_FOLDERS)
        return any(map(self.archive.has, tables)) or bool(self._arrays(split))

    def _what_else(self) -> str:
        if any(member.endswith(_SUFFIX) for member in self.archive.files("annotations")):
            return f"it looks like one split alone, give the folder that holds {self.split}_set"
        return guess_layout(self.archive)

    def _from_table(self, member: str) -> Annotations:
        data = self.archive.read(member) or b""
        table = read_table(data, f"{self.root}: {member}", landmarks=self._landmarks)
        classes = np.array(table.labels, np.int64)
        self._check_labels(classes, table.files, member)
        kept = np.flatnonzero(classes < len(_LABELS))
        files = [table.files[place] for place in kept]
        folder = self._image_folder(files)
        return Annotations(
            names=told_apart(files),
            files=[folder + file for file in files],
            classes=classes[kept],
            boxes=table.boxes[kept],
            landmarks=None if table.landmarks is None else table.landmarks[kept],
        )

    def _image_folder(self, files: list[str]) -> str:
        """Where the pictures lie: the first folder with one of the first few of them."""
        for folder in _IMAGE_FOLDERS:
            if any(self.archive.has(folder + file) for file in files[:16]):
                return folder
        return _IMAGE_FOLDERS[0]

    def _from_arrays(self, members: list[str]) -> Annotations:
        self.side = _SIDE
        # A few contents stand for all; reading an array is far slower than looking it up.
        known: dict[bytes, int] = {}
        labels = []
        for member in members:
            data = self.archive.read(member) or b""
            if data not in known:
                known[data] = _label(data, f"{self.root}: {member}")
            labels.append(known[data])
        classes = np.array(labels, np.int64)
        names = [member.rpartition("/")[2].removesuffix(_SUFFIX) for member in members]
        self._check_labels(classes, names, f"{self.split}_set/annotations")
        kept = np.flatnonzero(classes < len(_LABELS))
        names = [names[place] for place in kept]
        return Annotations(
            names=names,
            files=[f"{self.split}_set/images/{name}.jpg" for name in names],
            classes=classes[kept],
            landmarks=self._points(names) if self._landmarks else None,
        )

    def _points(self, names: Sequence[str]) -> NDArray[np.float64]:
        """68 landmarks for each name, (N, 68, 2)."""
        points = np.empty((len(names), POINTS, 2))
        for row, name in zip(points, names, strict=True):
            member = f"{self.split}_set/annotations/{name}_lnd.npy"
            data = self.archive.read(member)
            if data is None:
                raise DataError(f"{self.root}: {member} is missing; read without landmarks")
            row[:] = _points(data, f"{self.root}: {member}")
        return points

    def _check_labels(self, labels: NDArray[np.int64], names: list[str], member: str) -> None:
        wrong = np.flatnonzero((labels < 0) | (labels > _DROPPED))
        if len(wrong):
            more = f"; so are {len(wrong) - 1} more" if len(wrong) > 1 else ""
            raise DataError(
                f"{self.root}: {names[wrong[0]]} in {member} has the expression "
                f"{labels[wrong[0]]}, outside 0 to {_DROPPED}{more}"
            )


def _label(data: bytes, what: str) -> int:
    """The one number of an ``.npy`` file, which some releases store as text."""
    try:
        value = np.load(io.BytesIO(data), allow_pickle=False)
        number = float(np.asarray(value).reshape(()).item())
    except (ValueError, EOFError, TypeError, OSError):
        # NumPy's own messages tell how to load what should not be loaded.
        raise DataError(f"{what} is not an array of one number; copy it again") from None
    if not number.is_integer():
        raise DataError(f"{what} holds {number:g}, which is no label")
    return int(number)


def _points(data: bytes, what: str) -> NDArray[np.float64]:
    """Landmarks (68, 2) of an ``.npy`` file, which holds them in a row: x, y, x, y, …"""
    try:
        values = np.asarray(np.load(io.BytesIO(data), allow_pickle=False), np.float64)
        return values.reshape(POINTS, 2)
    except (ValueError, EOFError, TypeError, OSError):
        raise DataError(f"{what} does not hold {POINTS} landmarks") from None
