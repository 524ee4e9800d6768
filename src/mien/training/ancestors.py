"""What a run owes to other networks: those that it starts from, and its teachers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..card import CARD_KEY, RUNTIME_MODEL, Card, Origin, read_card
from ..evaluation.provenance import file_sha256
from ..inference.session import Model

STARTS, TAUGHT = "starts from", "taught by"


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A file that a run takes weights or answers from.

    Attributes:
        role: such as :data:`STARTS` or :data:`TAUGHT`.
        file: its name.
        sha256: of its content.
        card: what it says of itself; ``None`` for files of others.
    """

    role: str
    file: str
    sha256: str
    card: Card | None

    def origin(self) -> Origin:
        """For the card of what comes of it."""
        name, data = (self.card.name, self.card.data) if self.card else (self.file, "")
        return Origin(role=self.role, name=name, sha256=self.sha256, data=data)

    def record(self) -> dict[str, str]:
        """For the record of the run."""
        name = "" if self.card is None else self.card.name
        return {"role": self.role, "file": self.file, "name": name, "sha256": self.sha256}


def ancestors(start: Iterable[Path], teachers: Iterable[Path]) -> tuple[Ancestor, ...]:
    """Of a run."""
    return (*of_files(STARTS, start), *of_files(TAUGHT, teachers))


def of_files(role: str, paths: Iterable[Path]) -> tuple[Ancestor, ...]:
    """Files that have the same part in what comes of them."""
    return tuple(Ancestor(role, path.name, file_sha256(path), _card(path)) for path in paths)


def origins(owed: Sequence[Ancestor]) -> tuple[Origin, ...]:
    """For a card: all that is owed, and what those owe in their turn, each once."""
    theirs = (
        replace(further, of=further.of or one.sha256)
        for one in owed
        if one.card
        for further in one.card.origins
    )
    return tuple(dict.fromkeys((*(one.origin() for one in owed), *theirs)))


def licences(own: str, owed: Iterable[Ancestor]) -> str:
    """Of all data that a network has seen, each once: its own, and what its ancestors saw."""
    seen = (own, *(one.card.data_licence for one in owed if one.card))
    return "; ".join(dict.fromkeys(one for one in seen if one))


def _card(path: Path) -> Card | None:
    if path.suffix.lower() == RUNTIME_MODEL:
        return Model(path).card
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError):
        return None
    return read_card(metadata, str(path)) if CARD_KEY in metadata else None
