"""The verb ``models``: what comes with mien, and what its cards say."""

from __future__ import annotations

import json as json_format
import shutil
import textwrap
from collections.abc import Mapping

from .cli_lab import costs


def models(*, cost: bool = False, json: bool = False, debug: bool = False) -> int:
    """List the models that come with mien.

    Args:
        cost: List instead what the lab's networks cost, beside the papers' figures.
        json: Write the whole cards or costs, one object a line.
        debug: Show the traceback of an error.
    """
    del debug
    if cost:
        return costs(json=json)
    from .inference.session import Model
    from .zoo import SHIPPED, shipped_model

    for record in SHIPPED.values():
        path = shipped_model(record.name)
        model, size = Model(path, threads=1), path.stat().st_size
        card = model.card
        if json:
            listing = {
                "name": record.name,
                "summary": record.summary,
                "bytes": size,
                "sha256": record.sha256,
                "attention": model.has_attention,
                "card": json_format.loads(card.to_json()),
            }
            print(json_format.dumps(listing, ensure_ascii=False))
            continue
        print(f"{record.name}  {record.summary}, {size / 1e6:.1f} MB")
        _tell("expressions", str(card.labels))
        _tell("heat maps", "yes" if model.has_attention else "no, it has no attention")
        _tell("trained on", f"{card.data} ({card.data_licence})")
        for one in card.measurements:
            print(f"  {one.dataset} {one.split}, {one.protocol}, {one.images:,} images")
            _tell("", _values(one.values))
        _tell("intended use", card.intended_use)
        _tell("limits", card.limits)
    return 0


def _tell(name: str, text: str) -> None:
    """Something of a card, in lines that fit a terminal."""
    width = max(60, min(100, shutil.get_terminal_size((100, 0)).columns))
    print(textwrap.fill(text, width, initial_indent=f"  {name:<13}", subsequent_indent=" " * 15))


def _values(values: Mapping[str, float]) -> str:
    """Numbers of a card in one line, without the ends of their intervals."""
    ends = {f"{name}_{end}" for name in values for end in ("low", "high")}
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.3g}"
        for name, value in values.items()
        if name not in ends
    )
