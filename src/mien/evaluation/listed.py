"""Subsets by name: the published lists of turned and covered faces, and what training holds out.

The lists are those of Region Attention Networks (Wang et al. 2020), which
:mod:`mien.data.subsets` reads. They do not come with mien: the user names the folder that
holds the authors' files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data import subsets
from ..data.affectnet import AffectNet
from ..data.rafdb import RAFDB
from ..data.reader import Reader
from ..data.split import HELD_OUT_SHARE, altered, held_out
from ..errors import DataError, InputError, NotFound, UnknownName

LISTS: Mapping[str, Mapping[str, str]] = {
    AffectNet.name: {
        "pose-30": "pose_30_affectnet_list.txt",
        "pose-45": "pose_45_affectnet_list.txt",
        "occlusion": "occlusion_affectnet_list.txt",
    },
    RAFDB.name: {
        "pose-30": "rafdb_pose_30_list.txt",
        "pose-45": "rafdb_pose_45_list.txt",
        "occlusion": "rafdb_occlusion_list.txt",
    },
}
"""The authors' file of each subset, by data set and name: faces turned by more than 30 and by
more than 45 degrees, and faces that something covers."""

HELD_OUT = "held-out"
"""The part of a training split that recipes choose and calibrate on, and do not learn from."""


def find_list(dataset: str, subset: str, folder: Path | None = None) -> Path:
    """The file of a subset.

    Args:
        dataset: name of the data set.
        subset: ``"pose-30"``, ``"pose-45"``, ``"occlusion"``, or a file in one of their formats.
        folder: that holds the authors' files; only for subsets by name.

    Raises:
        InputError: if the data set has no lists, or the folder is not named.
        UnknownName: if there is no such subset.
        NotFound: if the folder has no such file.
    """
    if dataset not in LISTS:
        raise InputError(
            f"--subset {subset}: lists of pictures are for {' and '.join(LISTS)}, not for "
            f"{dataset}, which has {HELD_OUT}"
        )
    if subset not in LISTS[dataset]:
        path = Path(subset)
        if path.is_file() or path.suffix or len(path.parts) > 1:
            return path
        raise UnknownName(f"subset of {dataset}", subset, (*LISTS[dataset], HELD_OUT))
    if folder is None:
        raise InputError(
            f"--subset {subset}: name the folder that holds {LISTS[dataset][subset]} with --lists"
        )
    path = folder / LISTS[dataset][subset]
    if not path.is_file():
        raise NotFound(f"{path}: the list of {subset} of {dataset} is not there; check --lists")
    return path


def keep_listed(
    reader: Reader, chosen: Sequence[str], folder: Path | None = None
) -> dict[str, NDArray[np.bool_]]:
    """Thin a reader to the pictures of some subsets, and tell which picture is in which.

    Args:
        reader: the split; afterwards it has the N pictures that at least one subset names.
        chosen: names, :data:`HELD_OUT` among them, or files.
        folder: that holds the authors' files.

    Returns:
        bool (N,) for each subset, by its name; a file goes by its name without suffix.

    Raises:
        InputError: as :func:`find_list`, or if nothing is held out of the split.
        UnknownName, NotFound: as :func:`find_list`.
        DataError: if a list does not fit the copy, or two go by one name.
    """
    rows: dict[str, NDArray[np.intp]] = {}
    for one in chosen:
        path = None if one == HELD_OUT else find_list(reader.name, one, folder)
        name = one if path is None or one in LISTS[reader.name] else path.stem
        if name in rows:
            raise DataError(f"--subset {one}: there is a subset {name} already")
        rows[name] = _held_out(reader) if path is None else subsets.subset(reader, path)
        if not len(rows[name]):
            listed = "held out" if path is None else f"on {path}"
            raise DataError(f"--subset {one}: no picture of the split {reader.split} is {listed}")
    union = np.unique(np.concatenate(list(rows.values())))
    reader.keep(union)
    return {name: np.isin(union, listed) for name, listed in rows.items()}


def _held_out(reader: Reader) -> NDArray[np.intp]:
    """Rows of what recipes hold out of a training split."""
    if {"test", "val", "valid", "validation", "dev"} & set(re.split(r"[\W_]+", reader.split)):
        raise InputError(
            f"--subset {HELD_OUT}: nothing is held out of {reader.split}; name the split that "
            "was trained on, such as --split train"
        )
    if altered(reader):
        raise InputError(
            f"--subset {HELD_OUT}: the pictures of {reader.root} may have been cut or resized, and "
            "their content decides what is held out; name a copy with the pictures as they are "
            "given out"
        )
    return np.flatnonzero(held_out(reader, HELD_OUT_SHARE))
