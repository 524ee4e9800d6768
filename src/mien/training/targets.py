"""What a network is to answer for each picture of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..data.cifar10 import CIFAR10
from ..data.fairface import FairFace
from ..data.ferplus import FERPlus
from ..data.ferplus_protocols import vote_distribution
from ..data.part import AnnotatedPictures
from ..errors import DataError, LabelMismatch
from ..expressions import BASIC8, LabelSet, OtherClasses
from .pretraining import FAIRFACE_CLASSES
from .recipe import Recipe

Found: TypeAlias = tuple[NDArray[np.generic], NDArray[np.bool_]]
"""Targets of all pictures (N, ...), and which of them have any (N,)."""


def labels_of(recipe: Recipe, data: AnnotatedPictures) -> LabelSet:
    """The classes of a recipe's network: the recipe's own, or else those of its (first) data."""
    if recipe.labels is not None:
        return recipe.labels
    if recipe.objective.targets == "attributes":
        return FAIRFACE_CLASSES
    return native_labels(data)


def native_labels(data: AnnotatedPictures) -> LabelSet:
    """The label set of a data set, also of one whose classes are no expressions."""
    if isinstance(data, CIFAR10):
        return OtherClasses(data.class_names)
    return data.labels


def check_labels(recipe: Recipe, labels: LabelSet, parts: Sequence[AnnotatedPictures]) -> None:
    """Refuse a label set that does not fit the data.

    Args:
        recipe: for the message.
        labels: classes of the network.
        parts: what is taken of each source.

    Raises:
        LabelMismatch: if a part has pictures of a class that ``labels`` lacks, or no part
            knows one of ``labels``; naming both sets.
    """
    if recipe.objective.targets == "attributes":
        return
    for data in parts:
        lacking = [one for one in _occurring(data) if one not in labels]
        if lacking:
            raise LabelMismatch(
                f"{recipe.name} has the classes [{labels}], and {data.title} has "
                f"[{native_labels(data)}]: the recipe lacks {', '.join(lacking)}; take a recipe "
                "with these classes, or a source with only=... that leaves them out"
            )
    known = {str(one) for data in parts for one in native_labels(data)}
    unknown = [one for one in map(str, labels) if one not in known]
    if unknown:
        sets = " and ".join(f"[{native_labels(data)}] of {data.title}" for data in parts)
        raise LabelMismatch(
            f"{recipe.name} has the classes [{labels}], and the data has {sets}: the data lacks "
            + ", ".join(unknown)
        )


def targets_of(
    recipe: Recipe, data: AnnotatedPictures, labels: LabelSet, *, tested: bool = False
) -> Found:
    """The targets that a recipe's loss wants, see :attr:`Objective.targets`.

    Args:
        recipe: decides the kind.
        data: the pictures.
        labels: classes of the network.
        tested: whether they are the split that is reported on, in which a picture counts as
            its protocol says.

    Returns:
        Targets of all pictures, and which of them have any: int64 (N,) classes, -1 for none;
        float32 (N, M) distributions; int64 (N, 1 + U), a class and action units; or int64
        (N, A), one column an attribute.

    Raises:
        DataError: if the data set has no such annotations.
    """
    kind = recipe.objective.targets
    if kind == "attributes":
        return _attributes(data)
    if kind == "classes and units":
        return _classes_and_units(data, labels, tested)
    if isinstance(data, FERPlus):
        return _votes(recipe, data, labels, tested)
    classes = _classes(data, labels)
    known = classes >= 0
    if recipe.targets == "hard":
        return classes, known
    if not recipe.teacher_share:
        raise DataError(
            f"{recipe.name} wants soft targets, and {data.title} has no votes to make them of; "
            "give teachers a share, or set targets=hard"
        )
    return np.eye(len(labels), dtype=np.float32)[classes] * known[:, None], known


def column_of_classes(targets: NDArray[np.generic]) -> NDArray[np.int64]:
    """The class of each picture, int64 (N,): of a distribution the largest, of several columns
    the first; -1 for none."""
    if np.issubdtype(targets.dtype, np.floating):
        return np.asarray(targets.argmax(axis=1), np.int64)
    return np.asarray(targets if targets.ndim == 1 else targets[:, 0], np.int64)


def agreed_on(targets: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where more than half of the votes are for one class, bool (N,); labels always are."""
    if np.issubdtype(targets.dtype, np.floating):
        return np.asarray(targets.max(axis=1) > 0.5)
    return np.ones(len(targets), np.bool_)


def _votes(recipe: Recipe, data: FERPlus, labels: LabelSet, tested: bool) -> Found:
    """Of FER+: every face with a vote for an expression counts, unless a protocol says more."""
    distribution, usable = vote_distribution(data.votes)
    if labels.expressions != BASIC8.expressions:
        distribution = np.asarray(labels.reorder(distribution, BASIC8), np.float32)
        total = distribution.sum(axis=1, keepdims=True)
        usable = total[:, 0] > 0
        distribution = (distribution / np.where(total > 0, total, 1)).astype(np.float32)
    if tested or data.protocol != "argmax":
        classes = data.classes_in(labels)
        if recipe.targets == "hard":
            return classes, classes >= 0
        usable = usable & (classes >= 0)
    if recipe.targets == "hard":
        return distribution.argmax(axis=1), usable
    return distribution, usable


def _classes(data: AnnotatedPictures, labels: LabelSet) -> NDArray[np.int64]:
    if not isinstance(data, CIFAR10):
        return data.classes_in(labels)
    if data.table.classes is None:
        raise DataError(f"{data.title}: the copy has no classes")
    places = np.array([labels.index(one) for one in data.class_names], np.int64)
    return places[data.table.classes]


def _classes_and_units(data: AnnotatedPictures, labels: LabelSet, tested: bool) -> Found:
    units = data.table.action_units
    if units is None and tested and data.units:  # expressions alone are reported on
        units = np.full((len(data), len(data.units)), -1, np.int8)
    if units is None:
        raise DataError(
            f"{data.title} has no action units; with Aff-Wild2 the option task=both brings them"
        )
    none = np.full(len(data), -1, np.int64)
    classes = none if data.table.classes is None else data.classes_in(labels)
    columns = np.column_stack([classes, units.astype(np.int64)])
    known: NDArray[np.bool_] = np.any(columns >= 0, axis=1)
    return columns, known


def _attributes(data: AnnotatedPictures) -> Found:
    if not isinstance(data, FairFace):
        raise DataError(f"{data.title} has no age, gender and race to learn; FairFace has")
    columns = np.stack([data.ages, data.genders, data.races], axis=1).astype(np.int64)
    return columns, np.ones(len(data), np.bool_)


def _occurring(data: AnnotatedPictures) -> list[str]:
    """The classes that pictures of a data set have."""
    classes = data.table.classes
    if classes is None:
        return []
    names = list(map(str, native_labels(data)))
    return [names[place] for place in np.unique(classes[classes >= 0])]
