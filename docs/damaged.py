"""Networks that learned from damaged faces beside those that did not, as a table.

From ``results/training/NAME.held-out.json``, records of ``mien evaluate --subset held-out
--robustness``: the part of the training faces that choices are made on.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from number_cells import share, table

ENDING = ".held-out.json"
TRAINED = ("noise", "blur", "jpeg", "low-resolution")
"""The kinds of damage of which there are steps for training, too."""
HEAD = ["recipe", "majority %", "vote cross-entropy", *TRAINED, "other damage"]
CAPTION = (
    "On held-out training faces: accuracy with its 95 % interval under the protocol majority, and "
    "cross-entropy to all votes; then the mean accuracy over the strengths 1 to 5 of each kind of "
    "damage, and of the kinds that none learned from."
)


def block(records: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each network, and where it comes from.

    Args:
        records: by their paths in the repository, each with robustness.
    """
    lines = [CAPTION, "", *table(HEAD, [_row(one) for one in records.values()]), ""]
    lines += [
        f"- [`{path}`](../{path}), by `{one['command']}`, {one['date'][:10]}, "
        f"commit {one['commit'][:7]}"
        for path, one in records.items()
    ]
    return "\n".join([*lines, ""])


def _row(record: Mapping[str, Any]) -> list[str]:
    metrics = {one["protocol"]: one["metrics"] for one in record["scores"]}
    kinds: dict[str, list[float]] = {}
    for point in record["robustness"]:
        if point["strength"]:
            kinds.setdefault(point["corruption"], []).append(point["accuracy"]["value"])
    means = {kind: 100 * fmean(values) for kind, values in kinds.items()}
    others = [mean for kind, mean in means.items() if kind not in TRAINED]
    return [
        f"`{record['recipe']}`",
        share(metrics["majority"]["accuracy"]),
        f"{metrics['all']['vote_cross_entropy']['value']:.3f}",
        *(f"{means[kind]:.1f}" for kind in TRAINED),
        f"{fmean(others):.1f}",
    ]
