"""Made-up records of evaluations, with everything that a report can show."""

from __future__ import annotations

import numpy as np

from mien.evaluation.bootstrap import Estimate
from mien.evaluation.damage.corruptions import CORRUPTIONS
from mien.evaluation.metrics import class_scores
from mien.evaluation.record import Result
from mien.evaluation.reliability import reliability_bins
from mien.evaluation.risk import risk_curve
from mien.evaluation.scores import (
    Comparison,
    Gap,
    GroupScores,
    Mistake,
    RobustnessPoint,
    Scores,
)
from mien.preprocess import Picture

CLASSES = ("neutral", "anger", "fear")
COUNTS = ((900, 90, 10), (30, 60, 10), (6, 4, 10))


def around(value: float, reach: float = 0.02) -> Estimate:
    return Estimate(value, value - reach, value + reach)


def scores(protocol: str = "majority", subset: str = "whole", accuracy: float = 0.866) -> Scores:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.3, 1, 1120)
    correct = random.uniform(size=1120) < confidence
    return Scores(
        protocol=protocol,
        subset=subset,
        images=1120,
        metrics={
            "accuracy": around(accuracy),
            "balanced_accuracy": around(2 / 3),
            "negative_log_likelihood": around(0.4321),
        },
        classes=dict(zip(CLASSES, class_scores(COUNTS), strict=True)),
        confusion=COUNTS,
        reliability=reliability_bins(confidence, correct),
        risk=risk_curve(confidence, correct),
    )


def result(model: str = "small", accuracy: float = 0.866, **others: object) -> Result:
    points = tuple(
        RobustnessPoint(
            corruption=kind,
            strength=strength,
            images=200,
            accuracy=around(accuracy - 0.01 * strength * place),
        )
        for place, kind in enumerate(CORRUPTIONS, 1)
        for strength in range(6)
    )
    values: dict[str, object] = {
        "model": model,
        "model_sha256": "0123abcd",
        "dataset": "ferplus",
        "split": "public-test",
        "data_fingerprint": "fe12",
        "labels": CLASSES,
        "scores": (scores(accuracy=accuracy), scores("argmax", "clean", accuracy - 0.1)),
        "groups": (
            GroupScores(column="age", group="3-9", images=400, accuracy=around(0.8), judged=True),
            GroupScores(column="age", group="10-19", images=700, accuracy=around(0.9), judged=True),
            GroupScores(
                column="age", group="over 70", images=12, accuracy=around(0.5, 0.3), judged=False
            ),
        ),
        "gaps": (Gap(column="age", best="10-19", worst="3-9", difference=around(0.1, 0.05)),),
        "robustness": points,
        "mistakes": (
            Mistake(name="one.png", truth="fear", predicted="anger", confidence=0.987),
            Mistake(name="two.png", truth="anger", predicted="neutral", confidence=0.9),
        ),
        "settings": {"views": "flip"},
        "machine": {"processor": "Some CPU", "cores": 2, "python": "3.11.7"},
        "command": "mien evaluate small ferplus --root ferplus.zip",
        "date": "2026-01-31",
        "predictions": (0, 1, 2),
    }
    return Result(**(values | others))  # type: ignore[arg-type]


def comparison(first: str = "small", second: str = "large", p_value: float = 0.0123) -> Comparison:
    return Comparison(
        first=first,
        second=second,
        protocol="majority",
        subset="whole",
        images=1120,
        only_first=20,
        only_second=48,
        p_value=p_value,
        difference=Estimate(0.025, 0.011, 0.039),
    )


def crops() -> dict[str, Picture]:
    random = np.random.default_rng(1)
    return {
        "one.png": random.integers(0, 256, (48, 48), np.uint8),
        "two.png": random.integers(0, 256, (40, 30, 3), np.uint8),
    }
