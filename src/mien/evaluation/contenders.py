"""What is measured: models by name or file, and tables of somebody's predictions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..card import Card
from ..errors import InputError
from ..preprocess import Preprocess
from .classifier import Classifier, load_classifier
from .foreign import Foreign
from .predictions import Predictions, is_table

_FRAME = Preprocess(size=112)
"""Frames faces in the pictures of reports where no model says how."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One of the models that are measured side by side.

    Attributes:
        name: that reports call it by, different from the others'.
        called: how the command line calls it: a name, or a file without its folder.
        source: the model, or the table of its predictions.
    """

    name: str
    called: str
    source: Classifier | Predictions

    @property
    def card(self) -> Card | None:
        """What it says of itself; ``None`` of a table."""
        return self.source.card if isinstance(self.source, Classifier) else None

    @property
    def preprocess(self) -> Preprocess:
        """How it frames faces."""
        return _FRAME if self.card is None else self.card.preprocess

    @property
    def sha256(self) -> str:
        """Of its file."""
        return self.source.sha256

    @property
    def settings(self) -> dict[str, str | int | float]:
        """What its record says of how it was read."""
        if isinstance(self.source, Predictions):
            return {"predictions": self.called}
        if self.source.said is None:
            return {}
        card = self.source.card
        return {
            "labels": str(card.labels),
            "size": card.preprocess.size,
            "colour": card.preprocess.colour,
            "mean": ", ".join(f"{one:g}" for one in card.preprocess.mean),
            "std": ", ".join(f"{one:g}" for one in card.preprocess.std),
            "answers": "probabilities" if self.source.said.probabilities else "logits",
        }

    def network(self, what: str) -> Classifier:
        """The model itself.

        Args:
            what: needs it, for the message.

        Raises:
            InputError: if there is only a table.
        """
        if isinstance(self.source, Predictions):
            raise InputError(
                f"{self.called}: {what} needs the model itself, and this is a table of predictions"
            )
        return self.source


def load_contenders(
    models: Sequence[str | Path | Classifier],
    *,
    threads: int | None = None,
    foreign: Foreign | None = None,
) -> tuple[Contender, ...]:
    """Load what is to be measured.

    Args:
        models: names of shipped models, ONNX files, checkpoints, or tables of predictions
            (CSV, TSV, Parquet).
        threads: for the networks.
        foreign: what to take ONNX files for that have no card.

    Returns:
        In the same order. Files whose cards have the same name are called by what differs in
        their paths; where that is nothing, the second ends in ``#2``.

    Raises:
        InputError: if there is no model, or ``foreign`` fits none.
        MienError: if one cannot be read.
    """
    if not models:
        raise InputError("there is no model to evaluate")
    sources = [
        one if isinstance(one, Classifier) else _loaded(one, threads, foreign) for one in models
    ]
    found = [
        Contender(name, one.card.name if isinstance(one, Classifier) else Path(one).name, source)
        for name, one, source in zip(_names(models, sources), models, sources, strict=True)
    ]
    said = (one.source.said for one in found if isinstance(one.source, Classifier))
    if foreign is not None and not any(said):
        raise InputError("--labels is for ONNX models without a card, and there is none of them")
    return tuple(found)


def _names(
    models: Sequence[str | Path | Classifier], sources: Sequence[Classifier | Predictions]
) -> list[str]:
    """A name of its own for each."""
    cards = [one.card.name if isinstance(one, Classifier) else one.path.stem for one in sources]
    files = [_file(one) for one in models]
    names: list[str] = []
    for name, file in zip(cards, files, strict=True):
        if file is not None and cards.count(name) > 1:
            alike = [other for card, other in zip(cards, files, strict=True) if card == name]
            name = file.relative_to(_above(file, alike)).with_suffix("").as_posix()
        same = sum(other.partition(" #")[0] == name for other in names)
        names.append(f"{name} #{same + 1}" if same else name)
    return names


def _above(file: Path, alike: Sequence[Path | None]) -> str:
    """The folder that all files lie in; where they lie on several drives, the file's own drive."""
    try:
        return os.path.commonpath([one.parent for one in alike if one is not None])
    except ValueError:
        return file.anchor


def _file(model: str | Path | Classifier) -> Path | None:
    """Where a model lies, if it is a file of the user's."""
    if isinstance(model, Classifier) or not Path(model).is_file():
        return None
    return Path(model).absolute()


def _loaded(
    model: str | Path, threads: int | None, foreign: Foreign | None
) -> Classifier | Predictions:
    if is_table(model):
        return Predictions(Path(model))
    return load_classifier(model, threads=threads, foreign=foreign)
