"""Which pictures an epoch has, and in which order: a function of epoch and seed alone.

A plan draws whole epochs, on every process the same. What of it a process gets, and where it
continues, is :class:`mien.data.loading.samplers.EpochSampler`'s part.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, InputError, UnknownName

Indices: TypeAlias = NDArray[np.int64]

THRESHOLD = 0.15
"""APViT's: classes with a smaller share of the pictures are repeated."""


class Plan(ABC):
    """The epochs of a data set."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of draws in every epoch."""

    @abstractmethod
    def indices(self, epoch: int, seed: int) -> Indices:
        """The positions of an epoch's pictures in their order, int64 (len(self),)."""

    def fingerprint(self) -> str:
        """SHA-256 of the way of drawing and what it draws from."""
        digest = hashlib.sha256(type(self).__name__.encode())
        for one in fields(self):  # type: ignore[arg-type]
            digest.update(np.asarray(getattr(self, one.name)).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Shuffle(Plan):
    """Every one of ``length`` pictures once."""

    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise DataError("there are no pictures to draw from")

    def __len__(self) -> int:
        return self.length

    def indices(self, epoch: int, seed: int) -> Indices:
        """A fresh permutation."""
        return _generator(epoch, seed).permutation(self.length)


@dataclass(frozen=True, slots=True, eq=False)
class _ByClass(Plan):
    """Plans that look at ``classes``, int64 (N,), of N pictures.

    Raises:
        DataError: if there are no pictures, or some without a class.
    """

    classes: Indices

    def __post_init__(self) -> None:
        if not len(self.classes):
            raise DataError("there are no pictures to draw from")
        if without := int((self.classes < 0).sum()):
            raise DataError(f"{without} pictures have no class to draw by; leave them out")

    def members(self) -> list[Indices]:
        """Positions of each class's pictures, for the classes that there are."""
        order = np.argsort(self.classes, kind="stable")
        counts = np.bincount(self.classes)
        groups = np.split(order, np.cumsum(counts)[:-1])
        return [group for group in groups if len(group)]


class Balanced(_ByClass):
    """As many draws as pictures, with replacement, each class as likely as any other.

    DAN on AffectNet and RAN: the weight of a picture is 1 / count of its class.
    """

    __slots__ = ()

    def __len__(self) -> int:
        return len(self.classes)

    def indices(self, epoch: int, seed: int) -> Indices:
        """Independent draws."""
        counts = np.bincount(self.classes)
        weights = 1 / counts[self.classes]
        return _generator(epoch, seed).choice(len(self), len(self), p=weights / weights.sum())


class UpSampled(_ByClass):
    """Every class as often as the largest (TransFER).

    All pictures of a class are repeated equally often; what is still missing is drawn afresh
    every epoch, without replacement.
    """

    __slots__ = ()

    def __len__(self) -> int:
        counts = np.bincount(self.classes)
        return int(counts.max() * np.count_nonzero(counts))

    def indices(self, epoch: int, seed: int) -> Indices:
        """Shuffled repeats."""
        generator = _generator(epoch, seed)
        groups = self.members()
        most = max(len(group) for group in groups)
        # A permutation per round; the last one is cut short.
        drawn = [
            np.concatenate([generator.permutation(group) for _ in range(-(-most // len(group)))])
            for group in groups
        ]
        return generator.permutation(np.concatenate([one[:most] for one in drawn]))


@dataclass(frozen=True, slots=True, eq=False)
class Repeated(_ByClass):
    """Every picture as often as its class's share of the pictures demands, rounded up.

    APViT's ways; ``"square-root"`` is that of Gupta et al. 2019 (LVIS), section 4.1.

    Attributes:
        rule: ``"square-root"``: max(1, sqrt(threshold / share)) times; ``"reciprocal"``: the
            largest share over the share.
        threshold: a share, for the square root.
    """

    rule: Literal["square-root", "reciprocal"] = "square-root"
    threshold: float = THRESHOLD

    def __post_init__(self) -> None:
        _ByClass.__post_init__(self)
        if self.rule not in ("square-root", "reciprocal"):
            raise InputError(f"rule is {self.rule!r}; choose square-root or reciprocal")

    def times(self) -> Indices:
        """How often a picture of each class comes, int64 (M,); 0 for absent classes."""
        counts = np.bincount(self.classes)
        present = np.maximum(counts, 1)
        if self.rule == "reciprocal":
            times = -(-counts.max() // present)
        else:
            roots = np.sqrt(self.threshold * len(self.classes) / present)
            # What the arithmetic adds to a whole number must not count as another time.
            times = np.ceil(np.maximum(1, roots.round(9))).astype(np.int64)
        return np.where(counts > 0, times, 0)

    def __len__(self) -> int:
        return int(self.times()[self.classes].sum())

    def indices(self, epoch: int, seed: int) -> Indices:
        """Shuffled repeats."""
        repeats = np.repeat(np.arange(len(self.classes)), self.times()[self.classes])
        return _generator(epoch, seed).permutation(repeats)


@dataclass(frozen=True, slots=True, eq=False)
class Limited(_ByClass):
    """At most ``most`` pictures of every class, others each epoch."""

    most: int

    def __post_init__(self) -> None:
        _ByClass.__post_init__(self)
        if self.most < 1:
            raise InputError(f"most is {self.most}; it must be at least 1")

    def __len__(self) -> int:
        return int(np.minimum(np.bincount(self.classes), self.most).sum())

    def indices(self, epoch: int, seed: int) -> Indices:
        """A fresh draw without replacement, shuffled."""
        generator = _generator(epoch, seed)
        drawn = [generator.permutation(group)[: self.most] for group in self.members()]
        return generator.permutation(np.concatenate(drawn))


PLANS: Mapping[str, Callable[[Indices], Plan]] = {
    "shuffle": lambda classes: Shuffle(len(classes)),
    "balanced": Balanced,
    "up-sampled": UpSampled,
    "square-root": Repeated,
    "reciprocal": lambda classes: Repeated(classes, "reciprocal"),
}
"""The plans that need nothing but the classes, by the name that recipes give them."""


def make_plan(name: str, classes: Indices) -> Plan:
    """The plan called ``name`` for pictures of these classes, int64 (N,).

    Raises:
        UnknownName: if there is none.
        DataError: if there are no pictures, or some lack the class that the plan needs.
    """
    if name not in PLANS:
        raise UnknownName("way of sampling", name, PLANS)
    return PLANS[name](classes)


def strided_rows(
    groups: Sequence[str] | NDArray[np.generic],
    labels: Indices,
    frames: Indices,
    strides: Mapping[int, int],
) -> NDArray[np.intp]:
    """Rows that stay when videos are thinned: the first of every k frames of a run.

    A run is a stretch of frames of one group with one label, in the order of the frames;
    frames that the table lacks do not end it. ceil(n / k) of its n frames stay. LLA-Net keeps
    every 12th neutral and every second happy frame of Aff-Wild2 that way.

    Args:
        groups: (N,), the person in the video. Two people in one video are two groups: their
            frames have the same numbers.
        labels: (N,), of each frame.
        frames: (N,), number of the frame within its group.
        strides: k for each label that is thinned.

    Returns:
        Positions of the rows that stay, ascending.

    Raises:
        InputError: if a stride is below 1.
        DataError: if the columns are of different lengths.
    """
    if not len(groups) == len(labels) == len(frames):
        raise DataError(f"{len(groups)} groups, {len(labels)} labels and {len(frames)} frames")
    if any(stride < 1 for stride in strides.values()):
        raise InputError(f"strides are {dict(strides)}; each must be at least 1")
    _, people = np.unique(np.asarray(groups), return_inverse=True)
    order = np.lexsort((frames, people))
    person, label = people[order], np.asarray(labels)[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (person[1:] != person[:-1]) | (label[1:] != label[:-1])
    places = np.arange(len(order))
    since = places - np.maximum.accumulate(np.where(begins, places, 0))
    known, kinds = np.unique(label, return_inverse=True)
    steps = np.array([strides.get(int(one), 1) for one in known], np.int64)
    return np.sort(order[since % steps[kinds] == 0])


def _generator(epoch: int, seed: int) -> np.random.Generator:
    return np.random.default_rng((seed, epoch))
