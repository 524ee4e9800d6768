"""Runs that another table has made already.

Tables share rows: DAN as it is stands in its Tables 1 and 2, in its Figure 5 among the numbers of
heads, and in the comparison of all networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from ..errors import NotFound
from ..evaluation.record import Result, read_result

DIGEST = "recipe_sha256"
"""Under which a record's settings say which recipe, and which start, it is of."""
MADE_FOR = "made_for"
"""Under which they name the record that was made, where another table's is taken over."""

Twins: TypeAlias = Mapping[tuple[str, int | None], tuple[Result, ...]]
"""Records by recipe's digest and seed."""


def records_in(folders: Iterable[Path]) -> Twins:
    """All records of other tables.

    Args:
        folders: of them, such as ``results/ablations/networks.cpu``.

    Raises:
        NotFound: if one of them holds no record.
        DataError: if a record is damaged.
    """
    found: dict[tuple[str, int | None], tuple[Result, ...]] = {}
    for folder in folders:
        paths = sorted(folder.glob("*.seed-*.json"))
        if not paths:
            raise NotFound(
                f"--reuse {folder}: there are no records of a table's runs; give the --output of "
                "another mien ablate, such as runs/networks.cpu"
            )
        for path in paths:
            record = read_result(path)
            place = f"{folder.resolve().name}/{path.stem}"
            record = replace(record, settings={MADE_FOR: place, **record.settings})
            key = (str(record.settings.get(DIGEST, "")), record.seed)
            found[key] = (*found.get(key, ()), record)
    return found


def twin_of(
    twins: Twins, digest: str, seed: int, fingerprint: str, *, damaged: bool
) -> Result | None:
    """The record of a run of the same recipe, start and seed, on the same split.

    Args:
        twins: to look among.
        digest: of the recipe and its start.
        seed: of the run.
        fingerprint: of the split that is reported; empty if that is not at hand.
        damaged: whether answers to damaged pictures are wanted; where not, they are left out.
    """
    for one in twins.get((digest, seed), ()):
        if fingerprint in ("", one.data_fingerprint) and (one.robustness or not damaged):
            return one if damaged else replace(one, robustness=())
    return None
