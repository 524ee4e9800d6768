"""What a training run is, as a frozen record.

Rows of an ablation table are ``dataclasses.replace`` of one recipe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from ..data.loading.augmentation import Augmentation
from ..data.loading.sampling import PLANS
from ..errors import InputError, UnknownName
from ..preprocess import Preprocess

_OPTION = "options."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the result of a run, besides the data.

    Attributes:
        name: the recipe's own.
        model: name of the network, for ``create_model``.
        options: the builder's options.
        preprocess: how a picture becomes the network's input.
        augmentation: how training faces are varied.
        targets: ``"soft"``, the distribution of votes, or ``"hard"``, its largest class.
        sampling: which faces an epoch has, one of :data:`mien.data.loading.sampling.PLANS`.
        teacher_share: part of the targets that comes from a teacher's answers.
        merge_votes: pixel-identical copies share the sum of their votes.
        validation_share: part of the training set, by content, that is held out to choose
            the checkpoint and to fit the temperature.
        epochs: passes over the training part.
        batch: pictures a step.
        optimiser: ``"sgd"``, or ``"adamw"`` (Loshchilov and Hutter 2019).
        learning_rate: the largest, reached after ``warm_up``.
        warm_up: share of all steps with rising rate; then it falls by a cosine to zero.
        momentum: Nesterov's, of SGD.
        weight_decay: on weights of convolutions and linear layers only; of AdamW decoupled.
        label_smoothing: of the cross entropy.
        average_decay: of the exponential average of weights, per step; 0 for none.
        precision: Lightning's, such as ``"bf16-mixed"``.
        workers: processes that prepare pictures.
        seed: of weights, order and augmentation.
        limit: train on that many pictures only (``--smoke``); 0 for all.
    """

    name: str
    model: str
    preprocess: Preprocess
    options: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Augmentation = field(default_factory=Augmentation)
    targets: Literal["soft", "hard"] = "soft"
    sampling: str = "shuffle"
    teacher_share: float = 0.0
    merge_votes: bool = True
    validation_share: float = 0.08
    epochs: int = 24
    batch: int = 128
    optimiser: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.1
    warm_up: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0
    average_decay: float = 0.998
    precision: str = "bf16-mixed"
    workers: int = 1
    seed: int = 0
    limit: int = 0

    def __post_init__(self) -> None:
        if self.targets not in ("soft", "hard"):
            raise InputError(f"targets is {self.targets!r}; choose soft or hard")
        if self.optimiser not in ("sgd", "adamw"):
            raise InputError(f"optimiser is {self.optimiser!r}; choose sgd or adamw")
        if self.sampling not in PLANS:
            raise UnknownName("way of sampling", self.sampling, PLANS)
        if min(self.epochs, self.batch) < 1 or min(self.seed, self.workers, self.limit) < 0:
            raise InputError("epochs and batch are at least 1; seed, workers and limit at least 0")
        if not 0 <= self.teacher_share <= 1 or not 0 <= self.average_decay < 1:
            raise InputError("teacher_share and average_decay lie between 0 and 1")

    def smoke(self) -> Recipe:
        """The same recipe in a size that runs in seconds."""
        return replace(self, epochs=2, batch=32, limit=256, workers=0, precision="32-true")

    def with_settings(self, settings: Mapping[str, str]) -> Recipe:
        """Change plain fields from text, as ``--set key=value`` gives them.

        ``options.NAME`` sets an option of the network's builder: a number, a list, true,
        false or null as in JSON, and anything else as text.

        Raises:
            UnknownName: if a field is unknown.
            InputError: if a value is of the wrong type or out of range.
        """
        plain = {
            one.name: type(getattr(self, one.name))
            for one in fields(self)
            if isinstance(getattr(self, one.name), bool | int | float | str)
        }
        changes: dict[str, Any] = {"options": dict(self.options)}
        for key, text in settings.items():
            if key.startswith(_OPTION):
                changes["options"][key.removeprefix(_OPTION)] = _option(text)
                continue
            if key not in plain:
                raise UnknownName("plain field of a recipe", key, plain)
            changes[key] = _parse(key, text, plain[key])
        return replace(self, **changes)


def _option(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _parse(key: str, text: str, kind: type) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        raise InputError(f"--set {key}={text}: this needs a value like {kind.__name__}") from None
