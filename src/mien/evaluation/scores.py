"""What is measured of one model on one split, as numbers that a record can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .bootstrap import Estimate
from .metrics import ClassScores


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """The answers whose confidence lies in one bin (Guo et al. 2017, section 2).

    Attributes:
        low: lower edge of the bin.
        high: upper edge; it belongs to the bin.
        images: how many answers.
        confidence: their mean confidence; 0 without answers.
        accuracy: share of them that is right; 0 without answers.
    """

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """How often a model errs that answers only where it is surest.

    Attributes:
        coverage: share of the pictures that are answered.
        risk: share of these answers that is wrong.
        confidence: of the least sure of them.
    """

    coverage: float
    risk: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Numbers of one subset of a split under one protocol.

    Attributes:
        protocol: which pictures count and what their label is, such as ``"majority"``.
        subset: ``"whole"``; ``"clean"``, without copies of training pictures; ``"scenes"``,
            faces pasted into scenes; or a named list of pictures such as ``"pose-30"``.
        images: how many pictures the numbers stand for.
        clusters: how many persons, videos or photos they are of, which the intervals draw as
            wholes; 0 where they draw single pictures.
        metrics: name to number with its 95 % interval; fractions, not per cent.
        classes: expression to precision, recall, F1 and number of pictures.
        confusion: pictures by true (row) and predicted (column) class; empty for scenes. A
            face that was not found has a last column of its own where any was missed.
        reliability: the reliability diagram; empty without probabilities.
        risk: the curve of risk against coverage, from least to full coverage; empty without
            probabilities.
    """

    protocol: str
    subset: str
    images: int
    clusters: int = 0
    metrics: Mapping[str, Estimate]
    classes: Mapping[str, ClassScores] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    risk: tuple[RiskPoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScores:
    """Accuracy of one group of people or pictures.

    Attributes:
        column: of the metadata, such as ``"gender"``.
        group: a value of it.
        images: how many pictures.
        clusters: of how many persons, videos or photos they are, as in :class:`Scores`.
        accuracy: with its 95 % interval.
        judged: whether the group is large enough for a judgement.
    """

    column: str
    group: str
    images: int
    clusters: int = 0
    accuracy: Estimate
    judged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The largest difference of accuracy between two judged groups of a column.

    Attributes:
        column: of the metadata.
        best: the group with the highest accuracy.
        worst: the one with the lowest.
        difference: of the two accuracies, with its 95 % interval.
    """

    column: str
    best: str
    worst: str
    difference: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustnessPoint:
    """Accuracy on pictures that were damaged on purpose.

    Attributes:
        corruption: such as ``"blur"``.
        strength: 1 to 5; 0 for the pictures as they are.
        images: how many pictures.
        clusters: of how many persons, videos or photos they are, as in :class:`Scores`.
        accuracy: with its 95 % interval.
    """

    corruption: str
    strength: int
    images: int
    clusters: int = 0
    accuracy: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A wrong answer, the surer the worse.

    Attributes:
        name: of the picture, as the data set names it.
        truth: the true class.
        predicted: the answer.
        confidence: in it.
    """

    name: str
    truth: str
    predicted: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two models on the same pictures under one protocol.

    Attributes:
        first: name of a model.
        second: name of the other.
        protocol: which pictures count and what their label is.
        subset: as in :class:`Scores`.
        images: how many pictures.
        clusters: as in :class:`Scores`.
        only_first: how many the first alone has right.
        only_second: how many the second alone has right.
        p_value: of the two-sided test that both are as often right: McNemar's exact one, or of
            clusters the one that exchanges the two models in whole clusters.
        difference: accuracy of the second minus that of the first, with its 95 % interval
            over pairs.
    """

    first: str
    second: str
    protocol: str
    subset: str
    images: int
    clusters: int = 0
    only_first: int
    only_second: int
    p_value: float
    difference: Estimate
