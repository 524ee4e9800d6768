"""Accuracy on damaged faces of networks that learned from such, beside those that did not.

Of what is shipped on the public test, ``results/MODEL.public-test.json``; of all that was tried on
the part of the training faces that choices are made on, ``results/training/NAME.held-out.json``.
Both are records of ``mien evaluate --robustness``.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from number_cells import origins, share, table

ENDING = ".held-out.json"
TRAINED = ("noise", "blur", "jpeg", "low-resolution")
"""The kinds of damage of which there are steps for training, too."""
HEAD = ["majority %", "vote cross-entropy", *TRAINED, "other damage"]
CAPTION = (
    "On {}: accuracy with its 95 % interval under the protocol majority, and cross-entropy to all "
    "votes; then the mean accuracy over the strengths 1 to 5 of each kind of damage, and of the "
    "kinds that none learned from."
)


def block(records: Mapping[str, Mapping[str, Any]], faces: str, name: str, up: str) -> str:
    """A row for each network, and where it comes from.

    Args:
        records: by their paths in the repository, each with robustness.
        faces: that they are of, in words.
        name: what a row is called by: ``"model"`` or ``"recipe"``.
        up: from the page to the top of the repository.
    """
    rows = [[f"`{one[name]}`", *_numbers(one)] for one in records.values()]
    lines = [CAPTION.format(faces), "", *table([name, *HEAD], rows), ""]
    return "\n".join([*lines, *origins(records, up), ""])


def _numbers(record: Mapping[str, Any]) -> list[str]:
    scores = [one for one in record["scores"] if one["subset"] != "clean"]
    metrics = {one["protocol"]: one["metrics"] for one in scores}
    kinds: dict[str, list[float]] = {}
    for point in record["robustness"]:
        if point["strength"]:
            kinds.setdefault(point["corruption"], []).append(point["accuracy"]["value"])
    means = {kind: 100 * fmean(values) for kind, values in kinds.items()}
    others = [mean for kind, mean in means.items() if kind not in TRAINED]
    return [
        share(metrics["majority"]["accuracy"]),
        f"{metrics['all']['vote_cross_entropy']['value']:.3f}",
        *(f"{means[kind]:.1f}" for kind in TRAINED),
        f"{fmean(others):.1f}",
    ]
