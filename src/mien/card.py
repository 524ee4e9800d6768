"""What a model says of itself.

A card travels inside every checkpoint (safetensors header) and every runtime model (ONNX
metadata) as JSON under :data:`CARD_KEY`. Classes, preprocessing and calibration are read
from it, never assumed; a model without a card is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .errors import CardError, MienError
from .expressions import LabelSet, OtherClasses
from .preprocess import Preprocess

CARD_KEY = "mien.card"
CHECKPOINT = ".safetensors"
"""How the names of files end that hold a network of the lab and its card."""
RUNTIME_MODEL = ".onnx"
"""How those of runtime models end."""
CARD_FORMAT = 2
"""The newest that is read. Cards of expressions are written as format 1, which all versions of
mien read; those of other classes as format 2, which a mien that knows none refuses."""

_LABELS = {1: "labels", 2: "other_classes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Numbers measured on one split under one protocol.

    Attributes:
        dataset: such as ``"ferplus"``.
        split: such as ``"public-test"``.
        protocol: which pictures count and what their label is, such as ``"majority"``.
        images: how many pictures the numbers stand for.
        values: metric name to value; fractions, not per cent.
        file: that holds them: under ``results/``, or in the folder of the run; empty for what
            was found out when the model was written.
    """

    dataset: str
    split: str
    protocol: str
    images: int
    values: Mapping[str, float]
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A network that a model, or one of its origins, takes weights or answers from.

    Attributes:
        role: such as ``"starts from"`` or ``"taught by"``.
        name: of the network, or of its file if it has no card.
        sha256: of its file.
        data: what it was trained on, as its card says; empty if it has none.
        of: SHA-256 of the origin that owes it; empty if it is the model itself.
    """

    role: str
    name: str
    sha256: str
    data: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Who a model is, what it expects, what it answers, and how far to trust it.

    Attributes:
        name: the model's own name, such as ``"mien-small"``.
        architecture: name of the builder, for ``create_model``.
        arguments: the builder's options, without the number of classes.
        labels: what class index 0, 1, 2, ... stand for; :class:`OtherClasses` for a network that
            others start from, and that answers no expressions.
        preprocess: how a picture is prepared.
        temperature: logits are divided by it before the softmax (Guo et al. 2017).
        data: what the model itself was trained on; :attr:`origins` tell of theirs.
        data_licence: the licence of that data, and of its origins'.
        recipe: name of the recipe, empty if there was none.
        seed: of the run.
        commit: git commit of the code that trained it.
        measurements: numbers with their protocol.
        origins: networks that it comes from, the nearest first, and each one's own.
        intended_use: what it is for.
        limits: what it is not for, and where it is weak.
    """

    name: str
    architecture: str
    labels: LabelSet
    preprocess: Preprocess
    arguments: Mapping[str, Any] = field(default_factory=dict)
    temperature: float = 1.0
    data: str = ""
    data_licence: str = ""
    recipe: str = ""
    seed: int | None = None
    commit: str = ""
    measurements: tuple[Measurement, ...] = ()
    origins: tuple[Origin, ...] = ()
    intended_use: str = ""
    limits: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise CardError(f"the card's temperature is {self.temperature}, not above zero")
        if not isinstance(self.arguments, Mapping):
            raise CardError("the card's arguments are not names with values")

    def with_(self, **changes: Any) -> Card:
        """The card with some fields changed."""
        return replace(self, **changes)

    def to_json(self) -> str:
        """The card as it is stored in a model file."""
        version = 2 if isinstance(self.labels, OtherClasses) else 1
        values: dict[str, Any] = {"format": version}
        for item in fields(self):
            key = _LABELS[version] if item.name == "labels" else item.name
            values[key] = getattr(self, item.name)
        values[_LABELS[version]] = [str(name) for name in self.labels]
        values["preprocess"] = self.preprocess.to_dict()
        values["arguments"] = dict(self.arguments)
        for name in ("measurements", "origins"):
            values[name] = [
                {part.name: getattr(one, part.name) for part in fields(one)}
                for one in getattr(self, name)
            ]
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, source: str = "the card") -> Card:
        """Read a card.

        Args:
            text: what :meth:`to_json` gave.
            source: the model's file, for messages.

        Raises:
            CardError: if the card is damaged or of a newer format than this mien reads.
        """
        try:
            values = json.loads(text)
            version = int(values.pop("format"))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise CardError(f"{source}: its card cannot be read; export the model again") from None
        if version > CARD_FORMAT:
            raise CardError(
                f"{source}: its card has format {version}, this mien reads up to {CARD_FORMAT}; "
                "bring a newer one with: pip install --upgrade mien"
            )
        try:
            kind = OtherClasses if version == 2 else LabelSet
            labels = kind.of(_names(values.pop(_LABELS[version])))
            values["preprocess"] = Preprocess.from_dict(values["preprocess"])
            values["measurements"] = tuple(Measurement(**one) for one in values["measurements"])
            values["origins"] = tuple(Origin(**one) for one in values.get("origins", ()))
            return cls(labels=labels, **values)
        except (KeyError, TypeError, ValueError, AttributeError, MienError) as error:
            raise CardError(f"{source}: its card is damaged ({error}); export it again") from None


def _names(values: Any) -> list[str]:
    if not isinstance(values, list):
        raise CardError("its classes are not a list")
    return values


_EXPORT = "export it from its checkpoint with: mien export CHECKPOINT -o model.onnx"


def read_card(metadata: Mapping[str, str], source: str, remedy: str = _EXPORT) -> Card:
    """Find the card in a model file's metadata.

    Args:
        metadata: of the file.
        source: the file's name, for messages.
        remedy: how a file of its kind gets a card.

    Raises:
        CardError: if there is none, with the command that adds one.
    """
    text = metadata.get(CARD_KEY)
    if text is None:
        raise CardError(
            f"{source}: the model has no card, so its classes and preprocessing are unknown; "
            f"{remedy}"
        )
    return Card.from_json(text, source)
