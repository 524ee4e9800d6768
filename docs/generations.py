"""The networks that led to the shipped one, each taught by those before it, as a table.

``results/mien-small.public-test.json`` is what ``mien evaluate`` wrote of the shipped network,
``results/training/RECIPE.public-test.json`` of a former one, and ``results/training/RECIPE.json``
the ``run.json`` of its training, where that was kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from number_cells import share, table

Record: TypeAlias = Mapping[str, Any]

HEAD = ["recipe", "taught by", "M parameters", "epochs", "minutes", "validation %", "argmax %"]
HEAD += ["majority %", "balanced %", "calibration error %"]
ENDING = ".public-test.json"
CAPTION = (
    "Small networks on FER+'s public test, with 95 % intervals; balanced accuracy and calibration "
    "error under the protocol majority."
)


def block(tests: Mapping[str, Record], runs: Mapping[str, Record]) -> str:
    """The oldest first, and where each row comes from.

    Args:
        tests: evaluations by their paths in the repository.
        runs: of their trainings, by recipe; those that were not kept leave cells empty.
    """
    paths = sorted(tests, key=lambda path: str(tests[path]["date"]))
    rows = [_row(tests[path], runs.get(tests[path]["recipe"])) for path in paths]
    lines = [CAPTION, "", *table(HEAD, rows), ""]
    # What a command's `mien-small` is depends on when it was run.
    lines += [
        f"- [`{path}`](../{path}), by `{tests[path]['command']}`, {tests[path]['date'][:10]}, "
        f"commit {tests[path]['commit'][:7]}"
        for path in paths
    ]
    return "\n".join([*lines, ""])


def _row(test: Record, run: Record | None) -> list[str]:
    scores = {(one["protocol"], one["subset"]): one["metrics"] for one in test["scores"]}
    majority = scores["majority", "whole"]
    return [
        f"`{test['recipe']}`",
        *(_training(run) if run else [""] * 5),
        share(scores["argmax", "whole"]["accuracy"]),
        share(majority["accuracy"]),
        share(majority["balanced_accuracy"]),
        share(majority["expected_calibration_error"]),
    ]


def _training(run: Record) -> list[str]:
    """Teachers, parameters, epochs, minutes, and accuracy on the validation part."""
    teachers = [f"`{Path(one['file']).stem}`" for one in run["owed"] if one["role"] == "taught by"]
    chosen = next(one for one in run["history"] if one["epoch"] == run["chosen_epoch"])
    return [
        ", ".join(teachers),
        f"{run['parameters'] / 1e6:.2f}",
        f"{len(run['history'])}",
        f"{run['seconds'] / 60:.0f}",
        f"{100 * chosen['val_accuracy']:.1f}",
    ]
