"""The verb ``models``: what comes with mien, and what its cards say."""

from __future__ import annotations

import hashlib
import json as json_format
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from itertools import chain, groupby, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from .cli_lab import costs
from .errors import InputError, require

if TYPE_CHECKING:
    from .card import Card


def models(
    names: Positional[
        Annotated[
            tuple[str, ...],
            arg(metavar="[NAME|FILE...]", help_behavior_hint="(default: all that come with mien)"),
        ]
    ] = (),
    *,
    cost: bool = False,
    json: bool = False,
    debug: bool = False,
) -> int:
    """Show what models say of themselves: classes, data, numbers and limits.

    Args:
        names: Models that come with mien, or ONNX files with a card.
        cost: List instead what the lab's networks cost, beside the papers' figures.
        json: Write the whole cards or costs, one object a line.
        debug: Show the traceback of an error.
    """
    del debug
    if cost:
        if names:
            raise InputError("--cost is of the lab's networks, and takes no NAME or FILE")
        return costs(json=json)
    from .inference.session import Model
    from .zoo import SHIPPED, model_file

    for name in names or SHIPPED:
        path, shipped = model_file(name), SHIPPED.get(name)
        model, content = Model(path, threads=1), path.read_bytes()
        if json:
            listing = {
                "name": model.name,
                "summary": shipped.summary if shipped else "",
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "attention": model.has_attention,
                "card": json_format.loads(model.card.to_json()),
            }
            print(json_format.dumps(listing, ensure_ascii=False))
            continue
        summary = shipped.summary if shipped else str(path)
        print(f"{model.name}  {summary}, {len(content) / 1e6:.1f} MB")
        _tell_card(model.card, "yes" if model.has_attention else "no, it has no attention")
    return 0


def card_of(model: str) -> Card:
    """The card of a shipped model by its name, of an exported one, or of a checkpoint.

    Raises:
        NotFound: if there is no such file.
        UnknownName: if it looks like a name, and no shipped model has it.
        CardError: if the file has no card.
        ModelError: if it is damaged.
        MissingExtra: if it is a checkpoint, without the extra ``train``.
    """
    from .card import CHECKPOINT
    from .inference.session import Model
    from .zoo import model_file

    path = model_file(model)
    if path.suffix.lower() != CHECKPOINT:
        return Model(path, threads=1).card
    require("torch", "train")
    from .models.checkpoint import load_card

    return load_card(path)


def _tell_card(card: Card, heat_maps: str) -> None:
    _tell("expressions", str(card.labels))
    _tell("heat maps", heat_maps)
    _tell("trained on", card.data + (f" ({card.data_licence})" if card.data_licence else ""))
    for heading, line in zip(chain(["made from"], repeat("")), _origins(card), strict=False):
        _tell(heading, line)
    for one in card.measurements:
        where = f"{one.dataset} {one.split}".strip()
        print(f"  {where}, {one.protocol}, {one.images:,} images")
        _tell("", _values(one.values))
    _tell("intended use", card.intended_use)
    _tell("limits", card.limits)


def _tell(name: str, text: str) -> None:
    """Something of a card, if there is something, in lines that fit a terminal."""
    if not text:
        return
    width = max(60, min(100, shutil.get_terminal_size((100, 0)).columns))
    heading, rest = f"  {name:<13}", " " * 15
    print(
        textwrap.fill(
            text, width, initial_indent=heading, subsequent_indent=rest, break_on_hyphens=False
        )
    )


def _origins(card: Card) -> Iterator[str]:
    """A line for the card's model, and for each of its origins that has origins itself.

    The data of an origin is told once, and not where it is the model's own.
    """
    names = {one.sha256: one.name for one in card.origins}
    told = {card.data, ""}
    for of, group in groupby(card.origins, key=attrgetter("of")):
        roles: dict[str, list[str]] = {}
        for one in group:
            trained = "" if one.data in told else f", trained on: {one.data}"
            told.add(one.data)
            roles.setdefault(one.role, []).append(f"{one.name} ({one.sha256[:12]}{trained})")
        owed = "; ".join(f"{role} {' and '.join(them)}" for role, them in roles.items())
        yield f"{names[of]} ({of[:12]}) {owed}" if of else owed


def _values(values: Mapping[str, float]) -> str:
    """Numbers of a card in one line, without the ends of their intervals."""
    ends = {f"{name}_{end}" for name in values for end in ("low", "high")}
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.3g}"
        for name, value in values.items()
        if name not in ends
    )
