"""The networks that led to the shipped one, each taught by those before it, as a table.

``results/mien-small.public-test.json`` is what ``mien evaluate`` wrote of the shipped network,
``results/training/RECIPE.public-test.json`` of a former one, and ``results/training/RECIPE.json``
the ``run.json`` of its training, where that was kept. Files that end in ``.scenes.json`` are of the
same networks on faces in larger pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from number_cells import origins, share, table

Record: TypeAlias = Mapping[str, Any]

HEAD = ["recipe", "taught by", "M parameters", "epochs", "minutes", "validation %", "argmax %"]
HEAD += ["majority %", "balanced %", "calibration error %", "in scenes %"]
ENDING, SCENES = ".public-test.json", ".scenes.json"
CAPTION = (
    "Small networks on FER+'s public test, with 95 % intervals; balanced accuracy, calibration "
    "error and the accuracy in scenes under the protocol majority."
)


def block(
    tests: Mapping[str, Record], scenes: Mapping[str, Record], runs: Mapping[str, Record]
) -> str:
    """The oldest first, and where each row comes from.

    Args:
        tests: evaluations by their paths in the repository.
        scenes: evaluations of the same networks in scenes, likewise.
        runs: of their trainings, by recipe; those that were not kept leave cells empty.
    """
    paths = sorted(tests, key=lambda path: str(tests[path]["date"]))
    found = {one["recipe"]: one for one in scenes.values()}
    rows = [
        [*_row(test, runs.get(test["recipe"])), _in_scenes(found.get(test["recipe"]))]
        for test in (tests[path] for path in paths)
    ]
    lines = [CAPTION, "", *table(HEAD, rows), ""]
    # What a command's `mien-small` is depends on when it was run.
    lines += origins({path: tests[path] for path in paths} | dict(scenes), "../")
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


def _in_scenes(test: Record | None) -> str:
    """Of all faces; one that was not found counts as wrong."""
    scores = [] if test is None else test["scores"]
    return "".join(share(one["metrics"]["accuracy"]) for one in scores if one["subset"] == "scenes")


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
