"""Calibration errors of several checkpoints on the part of FER+ that was held out of training.

    python halves.py FERPLUS HALVES CHECKPOINT ...

Ends with a line of JSON: for each network and protocol the mean error over halves, by what the
temperature was fitted on, and what a network would show whose confidence is exact.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from together import answers

from mien.data.ferplus import FERPlus
from mien.data.ferplus_protocols import protocol_labels
from mien.evaluation.calibration import fit_temperature
from mien.evaluation.reliability import expected_calibration_error
from mien.training.copies import Copies
from mien.training.parts import load_parts
from mien.training.soup import recipe_of
from mien.training.targets import agreed_on, column_of_classes

PROTOCOLS = ("argmax", "majority")


def main(ferplus: str, halves: str, *files: str) -> None:
    """The held-out part by the last one's recipe; all are to have the same."""
    parts = load_parts(recipe_of(Path(files[-1])), Copies({"ferplus": Path(ferplus)}))
    classes = column_of_classes(parts.held_targets)
    whole = FERPlus(Path(ferplus))
    places = {name: place for place, name in enumerate(whole.names)}
    votes = whole.votes[[places[name] for name in parts.held.names]]
    faces = {protocol: protocol_labels(votes, protocol) for protocol in PROTOCOLS}
    agreed = agreed_on(parts.held_targets)
    print(
        json.dumps(
            {
                Path(file).parent.name: errors(
                    np.log(answers(file, parts.held, classes)[0]),
                    {"all": np.ones_like(agreed), "agreed": agreed},
                    classes,
                    faces,
                    int(halves),
                )
                for file in files
            }
        )
    )


def errors(
    logits: NDArray[np.float64],
    fitted: Mapping[str, NDArray[np.bool_]],
    classes: NDArray[np.intp],
    faces: Mapping[str, tuple[NDArray[np.int64], NDArray[np.bool_]]],
    halves: int,
) -> dict[str, dict[str, float]]:
    """Mean over halves, by protocol and by what is fitted on."""
    draw = np.random.default_rng(0)
    found: dict[str, dict[str, list[float]]] = {
        protocol: {name: [] for name in (*fitted, "exact")} for protocol in faces
    }
    for _ in range(halves):
        mine = draw.permutation(len(logits)) < len(logits) // 2
        for name, kind in fitted.items():
            chosen = mine & kind
            temperature = fit_temperature(logits[chosen], classes[chosen])
            probabilities = softmax(logits / temperature, axis=1)
            for protocol, (labels, counts) in faces.items():
                shown = ~mine & counts
                confidence = probabilities[shown].max(axis=1)
                hits = probabilities[shown].argmax(axis=1) == labels[shown]
                found[protocol][name].append(expected_calibration_error(confidence, hits))
                if name == "agreed":
                    chance = draw.random(len(confidence)) < confidence
                    found[protocol]["exact"].append(expected_calibration_error(confidence, chance))
    return {
        protocol: {name: float(np.mean(values)) for name, values in one.items()}
        for protocol, one in found.items()
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
