"""Splits and classes that are a copy's own, and not the same in all copies of a data set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from ...errors import DataError
from ...expressions import LabelSet
from ..annotations import Annotations
from ..archive import Archive
from ..preparing.manifest import read_manifest
from .expression_names import is_among


def of_prepared(archive: Archive, split: str) -> tuple[tuple[str, ...], LabelSet | None] | None:
    """The splits of a prepared copy, and the label set of one; ``None`` for an original copy.

    A split that is not prepared is among them: what becomes of it, is said where it is read.

    Raises:
        DataError: if the manifest is damaged, or of a newer format.
    """
    manifest = read_manifest(archive)
    if manifest is None:
        return None
    splits = tuple(dict.fromkeys((*manifest.splits, split)))
    names = manifest.splits[split].class_names if split in manifest.splits else ()
    return splits, LabelSet.of(names) if names else None


def splits_of_prepared(archive: Archive) -> tuple[str, ...] | None:
    """The splits of a prepared copy; ``None`` for an original copy.

    Raises:
        DataError: if the manifest is damaged, or of a newer format.
    """
    manifest = read_manifest(archive)
    return None if manifest is None else tuple(manifest.splits)


def without(
    table: Annotations, labels: LabelSet, ignore: Collection[str], where: str
) -> tuple[Annotations, LabelSet]:
    """The table and the label set without the classes that go by these names.

    The name ``""`` leaves out pictures without a class.

    Raises:
        DataError: if nothing remains.
    """
    kept = [one for one in labels if not is_among(one, ignore)]
    unlabelled = not is_among("", ignore)
    if table.classes is None or (len(kept) == len(labels) and unlabelled):
        return table, labels
    # The last is for pictures without a class.
    stays = np.array([*(one in kept for one in labels), unlabelled])[table.classes]
    if not kept or not stays.any():
        raise DataError(f"{where}: every picture is left out")
    rest = table.rows(np.flatnonzero(stays))
    places = np.array([*(kept.index(one) if one in kept else -1 for one in labels), -1], np.int64)
    rest = replace(rest, classes=places[table.classes[stays]])
    return rest, LabelSet(tuple(kept))
