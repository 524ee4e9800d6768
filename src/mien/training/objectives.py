"""What a run minimises: records for recipes, and the criterion that each makes.

A criterion sees a network's whole output and one tensor of targets, so that one loop serves
all losses. Which columns that tensor has, its record says by :attr:`Objective.targets`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import torch
from torch import Tensor, nn

from .. import losses
from ..errors import ModelError
from ..losses.joint import Cluster, Partition
from ..losses.two_task import Expression
from ..models import Output

Targets: TypeAlias = Literal["classes", "classes and units", "attributes"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a criterion must know of the network.

    Attributes:
        classes: M, columns of the logits.
        features: D, dimensions of ``Output.features``.
        pooled: D', of ``Output.pooled``; D where a network has none.
    """

    classes: int
    features: int
    pooled: int


class Criterion(nn.Module):
    """A loss over outputs; its parameters, such as centres, learn beside the network's."""

    def terms(self, output: Output, targets: Tensor) -> dict[str, Tensor]:
        """The weighted parts of the loss, by name; the loss is their sum."""
        raise NotImplementedError

    def forward(self, output: Output, targets: Tensor) -> Tensor:
        """The loss, a scalar."""
        return torch.stack(list(self.terms(output, targets).values())).sum()

    def right(self, output: Output, targets: Tensor) -> tuple[Tensor, int]:
        """How many of how many answers are right; of a distribution the largest class counts."""
        labels = targets.argmax(dim=1) if targets.is_floating_point() else targets
        return (output.logits.argmax(dim=1) == labels).sum(), len(labels)


class Objective(ABC):
    """A recipe's record of its loss.

    Attributes:
        targets: ``"classes"``: int64 (N,) class indices or float (N, M) distributions;
            ``"classes and units"``: int64 (N, 1 + U), a class (-1 for none), then action units
            (1, 0, or -1 for unknown); ``"attributes"``: int64 (N, A), one column an attribute.
        views: how often each picture is in a batch, varied independently: the batch is
            (views * N, 3, H, W), first all first views.
        monitor: by which validation number the best epoch is chosen.
    """

    targets: ClassVar[Targets] = "classes"
    views: ClassVar[int] = 1
    monitor: ClassVar[Literal["val_accuracy", "val_loss"]] = "val_accuracy"

    @abstractmethod
    def make(self, sizes: Sizes) -> Criterion:
        """The criterion for a network of these sizes."""


@dataclass(frozen=True, slots=True)
class CrossEntropy(Objective):
    """Cross entropy; MSA-Net's is scaled by 0.6 (Eq. 2).

    Attributes:
        scale: of the loss.
        label_smoothing: share of a target that is spread over all classes.
    """

    scale: float = 1.0
    label_smoothing: float = 0.0

    def make(self, sizes: Sizes) -> Criterion:
        """The same for all sizes."""
        del sizes
        return _Entropy(losses.CrossEntropy(self.scale, self.label_smoothing))


class _Entropy(Criterion):
    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def terms(self, output: Output, targets: Tensor) -> dict[str, Tensor]:
        return {"entropy": self.loss(output.logits, targets)}


@dataclass(frozen=True, slots=True)
class Joint(Objective):
    """DAN's joint loss, Eq. 7; see :class:`mien.losses.JointLoss` for the attributes.

    Networks without ``Output.pooled`` get the clusters of their features.
    """

    cluster: Cluster = "affinity"
    partition: Partition = "code"
    cluster_weight: float = 1.0
    partition_weight: float = 1.0
    centres: int | None = None
    label_smoothing: float = 0.0

    def make(self, sizes: Sizes) -> Criterion:
        """With centres of the pooled features' width."""
        return _Joint(
            losses.JointLoss(
                sizes.classes,
                sizes.pooled,
                cluster=self.cluster,
                partition=self.partition,
                cluster_weight=self.cluster_weight,
                partition_weight=self.partition_weight,
                centres=self.centres,
                label_smoothing=self.label_smoothing,
            )
        )


class _Joint(Criterion):
    def __init__(self, loss: losses.JointLoss) -> None:
        super().__init__()
        self.loss = loss

    def terms(self, output: Output, targets: Tensor) -> dict[str, Tensor]:
        pooled = output.features if output.pooled is None else output.pooled
        terms = self.loss.terms(output.logits, pooled, output.heads, targets)
        return {name: self.loss.weights.get(name, 1.0) * one for name, one in terms.items()}


@dataclass(frozen=True, slots=True)
class TwoTask(Objective):
    """APViT on Aff-Wild2: expressions and action units, 10 to 1 (section 4.1)."""

    expression: Expression = "cross_entropy"
    expression_weight: float = 10.0
    unit_weight: float = 1.0
    gamma: float = 2.0

    targets: ClassVar[Targets] = "classes and units"

    def make(self, sizes: Sizes) -> Criterion:
        """The same for all sizes."""
        del sizes
        return _TwoTask(
            losses.TwoTaskLoss(
                self.expression, self.expression_weight, self.unit_weight, self.gamma
            )
        )


class _TwoTask(Criterion):
    def __init__(self, loss: losses.TwoTaskLoss) -> None:
        super().__init__()
        self.loss = loss

    def terms(self, output: Output, targets: Tensor) -> dict[str, Tensor]:
        if output.action_units is None:
            raise ModelError("the network has no action units; set options.action_units")
        labels, units = targets[:, 0], targets[:, 1:]
        return {"tasks": self.loss(output.logits, output.action_units, labels, units)}

    def right(self, output: Output, targets: Tensor) -> tuple[Tensor, int]:
        labels = targets[:, 0]
        known = losses.labelled(labels)
        right = (output.logits.argmax(dim=1) == labels) & known
        return right.sum(), int(known.sum())
