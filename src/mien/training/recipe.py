"""What a training run is, as a frozen record.

Rows of an ablation table are a recipe with some of its settings changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..data.loading.augmentation import Augmentation
from ..data.loading.sampling import PLANS
from ..data.split import HELD_OUT_SHARE
from ..errors import InputError, UnknownName
from ..expressions import LabelSet
from ..preprocess import Preprocess
from .objectives import CrossEntropy, Objective
from .optimisers import SGD, Optimiser
from .schedules import Cosine, Schedule
from .settings import changed
from .sources import Source

_CHOICES = {
    "targets": ("soft", "hard"),
    "selection": ("validation", "test"),
    "calibrated_on": ("all", "agreed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the result of a run, besides the data.

    Attributes:
        name: the recipe's own.
        model: name of the network, for ``create_model``.
        options: the builder's options.
        starts_from: what the paper's run starts from, for people to read; :func:`train` takes
            the file, and says so if there is none.
        data: what is trained on; several parts are put one after the other.
        labels: classes of the network; ``None`` for those of the (first) data set.
        test: what the result is reported on; ``None`` if nothing is.
        preprocess: how a picture becomes the network's input.
        augmentation: how training faces are varied.
        targets: ``"hard"``, a class, or ``"soft"``, the distribution of the votes.
        sampling: which faces an epoch has, one of :data:`mien.data.loading.sampling.PLANS`.
        teacher_share: part of the targets that comes from teachers' answers.
        teacher_temperature: teachers' logits are divided by it, on top of their calibration.
        unlabelled: faces without labels are part of the data; :func:`train` takes them.
        unlabelled_per_class: at most so many of them that teachers give the same class, so
            that frequent classes are not most of what is learned (Xie et al. 2020, section
            2); 0 for any number.
        validation_share: part of the training set, by content, that is held out to choose
            the checkpoint and to fit the temperature.
        calibrated_on: the pictures of it that the temperature is fitted on: ``"all"``, or
            ``"agreed"``, those with an expression that more than half of the votes are for. Of
            the others no answer is right for most people, so that their labels say little of
            how sure a network may be.
        selection: ``"validation"``; ``"test"`` chooses on the set that is reported, as the
            papers do, and marks the result as such.
        objective: the loss.
        optimiser: and its rate.
        schedule: of the rate.
        epochs: passes over the training part.
        steps: end after that many optimiser steps; 0 for ``epochs``.
        batch: pictures a step, of all processes together.
        clip_norm: largest L2 norm of all gradients together; 0 for any.
        clip_value: largest absolute value of each gradient; 0 for any.
        average_decay: of the exponential average of weights, per step; 0 for none.
        precision: Lightning's, such as ``"bf16-mixed"``; float32 takes the place of bfloat16
            where the hardware has no instructions for it.
        workers: processes that prepare pictures.
        seed: of weights, order and augmentation.
        limit: train on that many pictures only (``--smoke``); 0 for all.
        smoke_options: options that make the network small enough for :meth:`smoke`.
    """

    name: str
    model: str
    preprocess: Preprocess
    options: Mapping[str, Any] = field(default_factory=dict)
    starts_from: str = ""
    data: tuple[Source, ...] = (Source("ferplus"),)
    labels: LabelSet | None = None
    test: Source | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)
    targets: Literal["soft", "hard"] = "hard"
    sampling: str = "shuffle"
    teacher_share: float = 0.0
    teacher_temperature: float = 1.0
    unlabelled: bool = False
    unlabelled_per_class: int = 0
    validation_share: float = HELD_OUT_SHARE
    calibrated_on: Literal["all", "agreed"] = "all"
    selection: Literal["validation", "test"] = "validation"
    objective: Objective = field(default_factory=CrossEntropy)
    optimiser: Optimiser = field(default_factory=SGD)
    schedule: Schedule = field(default_factory=Cosine)
    epochs: int = 40
    steps: int = 0
    batch: int = 128
    clip_norm: float = 0.0
    clip_value: float = 0.0
    average_decay: float = 0.0
    precision: str = "bf16-mixed"
    workers: int = 2
    seed: int = 0
    limit: int = 0
    smoke_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                value, known = getattr(self, name), " or ".join(choices)
                raise InputError(f"{name} is {value!r}; choose {known}")
        if self.sampling not in PLANS:
            raise UnknownName("way of sampling", self.sampling, PLANS)
        if min(self.epochs, self.batch) < 1:
            raise InputError("epochs and batch are at least 1")
        counts = (self.seed, self.workers, self.limit, self.steps, self.unlabelled_per_class)
        if min(*counts, self.clip_norm, self.clip_value) < 0:
            raise InputError(
                "seed, workers, limit, steps, clips and unlabelled_per_class are at least 0"
            )
        if self.seed >= 2**63:
            raise InputError("seed is below 2^63")
        if self.clip_norm and self.clip_value:
            raise InputError("gradients are clipped by clip_norm or by clip_value, not by both")
        if not 0 <= self.teacher_share <= 1 or not 0 <= self.average_decay < 1:
            raise InputError("teacher_share and average_decay lie between 0 and 1")
        if not self.teacher_temperature > 0:
            raise InputError("teacher_temperature is above 0")
        if not self.data:
            raise InputError("a recipe needs data")
        if self.selection == "test" and self.test is None:
            raise InputError(f"{self.name} reports on nothing, so there is no test to select on")

    def smoke(self) -> Recipe:
        """The same recipe in a size that runs in seconds."""
        return replace(
            self,
            options={**self.options, **self.smoke_options},
            epochs=2,
            steps=0,
            batch=min(self.batch, 16),
            limit=32,
            workers=0,
            precision="32-true",
        )

    def with_settings(self, settings: Mapping[str, Any]) -> Recipe:
        """Change fields by their dotted names, as ``--set key=value`` gives them.

        ``optimiser.learning_rate=0.01``, ``objective.cluster=none``, ``options.heads=8``,
        ``preprocess.size=112``; see :mod:`mien.training.settings`.

        Raises:
            UnknownName: if a field is unknown.
            InputError: if a value is of the wrong type or out of range.
        """
        return changed(self, settings)
