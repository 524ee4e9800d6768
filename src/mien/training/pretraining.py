"""What stems learn before expressions: attributes of faces, or faces themselves.

Weights of MS-Celeb-1M, which the papers start from, are no longer given out. Age, gender and
race of FairFace's faces are labels that make a network look at the whole face; Barlow Twins
needs none. A network of these objectives is an ordinary checkpoint whose classes are no
expressions, and another network starts from its stem.

Rows: with two views a criterion gets outputs of 2N rows, all first views first, and targets of
2N rows, the N of the pictures twice; see :class:`mien.data.loading.views.Views`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional

from .. import losses
from ..data.fairface import AGES, GENDERS, RACES
from ..errors import ModelError
from ..expressions import OtherClasses
from ..losses.twins import LAMBDA
from ..models import Output
from ..options import check_weight
from .objectives import Criterion, Objective, Sizes, Targets

FAIRFACE: Mapping[str, Sequence[str]] = {"age": AGES, "gender": GENDERS, "race": RACES}
"""Attributes in the order of the columns of targets."""

FAIRFACE_CLASSES = OtherClasses(
    f"{attribute} {name}" for attribute, names in FAIRFACE.items() for name in names
)
"""One for each column of the logits: 9 ages, 2 genders, 7 races."""

NO_CLASSES = OtherClasses(("face",))
"""Of a network that learned without labels; its classifier is as fresh as before."""


@dataclass(frozen=True, slots=True)
class Attributes(Objective):
    """Cross entropy of each attribute, added up.

    Attributes:
        names: of the attributes; terms of the loss are called so.
        groups: how many columns of the logits each has.
        weights: of each.
    """

    names: tuple[str, ...] = tuple(FAIRFACE)
    groups: tuple[int, ...] = tuple(map(len, FAIRFACE.values()))
    weights: tuple[float, ...] = (1.0,) * len(FAIRFACE)

    targets: ClassVar[Targets] = "attributes"

    def make(self, sizes: Sizes) -> Criterion:
        """For a network with as many logits as the groups have columns.

        Raises:
            ModelError: if it has others, or names, groups and weights do not fit each other.
        """
        if not len(self.names) == len(self.groups) == len(self.weights):
            raise ModelError(
                f"attributes {self.names}, groups {self.groups} and weights {self.weights} "
                "differ in length"
            )
        for name, weight in zip(self.names, self.weights, strict=True):
            check_weight(f"weight of {name}", weight)
        if sum(self.groups) != sizes.classes:
            raise ModelError(
                f"groups {self.groups} need {sum(self.groups)} classes, not {sizes.classes}"
            )
        return _Attributes(self)


class _Attributes(Criterion):
    """Of all rows; right is counted in the first views alone."""

    def __init__(self, record: Attributes, views: int = 1) -> None:
        super().__init__()
        self.record, self.views = record, views

    def terms(self, output: Output, targets: Tensor) -> dict[str, Tensor]:
        found = losses.attribute_losses(output.logits, targets, self.record.groups)
        weighted = zip(self.record.names, self.record.weights, found, strict=True)
        return {name: weight * one for name, weight, one in weighted}

    def right(self, output: Output, targets: Tensor) -> tuple[Tensor, int]:
        """Over all attributes: where every picture has all, the mean of their accuracies."""
        first = len(targets) // self.views
        right, number = losses.attributes_right(
            output.logits[:first], targets[:first], self.record.groups
        )
        return right.sum(), int(number.sum())


@dataclass(frozen=True, slots=True)
class Twins(Objective):
    """Barlow Twins; see :mod:`mien.losses.twins` for why this one.

    Attributes:
        width: D, of the projector's layers.
        redundancy: lambda, of the correlations of different dimensions.
        weight: of the whole loss, which is a sum over D dimensions; by default about their mean.
    """

    width: int = 1024
    redundancy: float = LAMBDA
    weight: float = 1 / 1024

    targets: ClassVar[Targets] = "attributes"
    views: ClassVar[int] = 2
    monitor: ClassVar[Literal["val_accuracy", "val_loss"]] = "val_loss"

    def make(self, sizes: Sizes) -> Criterion:
        """With a projector of the features.

        Raises:
            ModelError: naming the option that has a wrong value.
        """
        return _Twins(self, sizes.features)


class _Twins(Criterion):
    def __init__(self, record: Twins, features: int) -> None:
        super().__init__()
        check_weight("weight of the twins", record.weight)
        self.loss = losses.TwinsLoss(features, record.width, record.redundancy)
        self.weight = record.weight

    def terms(self, output: Output, targets: Tensor) -> dict[str, Tensor]:
        del targets
        # Zero, so that the classifier has a gradient, as several processes want it of all
        # weights; and all there is for a picture alone, the last of a validation part perhaps.
        nothing = 0.0 * output.logits.sum()
        if len(output.features) <= self.views:
            return {"twins": nothing + 0.0 * output.features.sum()}
        return {"twins": nothing + self.weight * self.loss(output.features)}

    views: ClassVar[int] = Twins.views

    def right(self, output: Output, targets: Tensor) -> tuple[Tensor, int]:
        """How many pictures are, of all in the batch, the most like their own other view."""
        del targets
        first, second = functional.normalize(output.features.float(), dim=1).chunk(2)
        nearest = (first @ second.T).argmax(dim=1)
        return (nearest == torch.arange(len(first), device=nearest.device)).sum(), len(first)


@dataclass(frozen=True, slots=True)
class AttributesAndTwins(Objective):
    """Both: labels of every view, and the views of one picture alike.

    Attributes:
        attributes: and their weights.
        twins: and their weight.
    """

    attributes: Attributes = field(default_factory=Attributes)
    twins: Twins = field(default_factory=Twins)

    targets: ClassVar[Targets] = "attributes"
    views: ClassVar[int] = Twins.views

    def make(self, sizes: Sizes) -> Criterion:
        """Both criteria side by side.

        Raises:
            ModelError: see :meth:`Attributes.make` and :meth:`Twins.make`.
        """
        self.attributes.make(sizes)  # for its refusals
        return _Both(_Attributes(self.attributes, self.views), _Twins(self.twins, sizes.features))


class _Both(Criterion):
    def __init__(self, attributes: _Attributes, twins: _Twins) -> None:
        super().__init__()
        self.attributes, self.twins = attributes, twins

    def terms(self, output: Output, targets: Tensor) -> dict[str, Tensor]:
        return self.attributes.terms(output, targets) | self.twins.terms(output, targets)

    def right(self, output: Output, targets: Tensor) -> tuple[Tensor, int]:
        """The attributes'."""
        return self.attributes.right(output, targets)
