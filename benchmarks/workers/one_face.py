"""Cost of networks, and milliseconds of one face by PyTorch and by ONNX Runtime, in turns.

    python one_face.py ROUNDS MODEL ...

A MODEL is a checkpoint of the lab. Ends with a line of JSON: by recipe the trained parameters,
the multiply-adds, and the time of each round.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from mien.evaluation.classifier import Classifier, load_classifier, of_network
from mien.export import export
from mien.models import load_model
from mien.models.cost import count

FACES = 10
"""So many are answered in a round, one by one."""


def main(rounds: str, *models: str) -> None:
    """Each network once in each round, so that a busy moment hits them alike."""
    answers: dict[str, dict[str, Any]] = {}
    pairs: dict[str, dict[str, Classifier]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, model in enumerate(models):
            network, card = load_model(model)
            if card.recipe in pairs:
                raise SystemExit(f"{model}: another model is of {card.recipe}, too")
            exported = Path(folder, f"{number}.onnx")
            export(model, exported)
            pairs[card.recipe] = {
                "torch": of_network(network.eval(), card),
                "onnx": load_classifier(exported),
            }
            cost = count(network, card.preprocess.size)
            answers[card.recipe] = {
                "parameters": cost.parameters,
                "multiply_adds": cost.multiply_adds,
                "torch": [],
                "onnx": [],
            }
        for turn in range(int(rounds) + 1):
            for recipe, pair in pairs.items():
                for name, classifier in pair.items():
                    seen = milliseconds(classifier)
                    if turn:  # the first round only wakes everything up
                        answers[recipe][name].append(seen)
    print(json.dumps(answers))


def milliseconds(classifier: Classifier) -> float:
    """Of one face, on average over some."""
    size = classifier.card.preprocess.size
    face = np.random.default_rng(0).standard_normal((1, 3, size, size)).astype(np.float32)
    start = time.perf_counter()
    for _ in range(FACES):
        classifier.probabilities(face)
    return 1000 * (time.perf_counter() - start) / FACES


if __name__ == "__main__":
    main(*sys.argv[1:])
