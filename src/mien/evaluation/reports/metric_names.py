"""What the metrics of a record are called, in which unit, and which way is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..bootstrap import Estimate


@dataclass(frozen=True, slots=True)
class MetricName:
    """A metric as readers meet it.

    Attributes:
        title: short name.
        unit: ``"%"``, ``"points"`` of a hundred, or ``""`` for a plain number.
        better: which way is better; empty where neither is.
        meaning: one line of explanation.
    """

    title: str
    unit: Literal["%", "points", ""]
    better: Literal["higher", "lower", ""]
    meaning: str

    @property
    def heading(self) -> str:
        """The title with its unit, for the head of a table."""
        if self.unit == "points":
            return f"{self.title} in points"
        return f"{self.title} {self.unit}".rstrip()

    def value(self, number: float) -> str:
        """A number in the metric's unit, without the unit."""
        return f"{100 * number:.1f}" if self.unit else f"{number:.3f}"

    def interval(self, number: Estimate) -> str:
        """The two ends of the interval in the metric's unit."""
        return f"{self.value(number.low)} to {self.value(number.high)}"


METRICS: Mapping[str, MetricName] = MappingProxyType(
    {
        "accuracy": MetricName("accuracy", "%", "higher", "share of the pictures answered rightly"),
        "balanced_accuracy": MetricName(
            "balanced accuracy", "%", "higher", "mean recall of the classes; each counts alike"
        ),
        "macro_f1": MetricName("macro F1", "%", "higher", "mean F1 of the classes"),
        "f1_accuracy": MetricName(
            "0.67 F1 + 0.33 accuracy", "%", "higher", "macro F1 and accuracy in one number"
        ),
        "found": MetricName(
            "found", "%", "higher", "share of the pictures that have an answer, as of found faces"
        ),
        "accuracy_of_found": MetricName(
            "accuracy of found", "%", "higher", "accuracy where a face was found"
        ),
        "accuracy_direct": MetricName(
            "accuracy direct", "%", "higher", "accuracy on the faces as the data set cuts them"
        ),
        "loss": MetricName("loss", "points", "lower", "accuracy that finding the faces costs"),
        "expected_calibration_error": MetricName(
            "ECE", "%", "lower", "expected calibration error: distance of confidence and accuracy"
        ),
        "negative_log_likelihood": MetricName(
            "NLL", "", "lower", "negative log-likelihood of the true class, in nats"
        ),
        "area_under_risk_coverage": MetricName(
            "AURC", "%", "lower", "area under the curve of risk against coverage: its mean risk"
        ),
        "vote_agreement": MetricName(
            "vote agreement",
            "%",
            "higher",
            "mean share of the raters' votes for expressions, without lone ones, for the answer",
        ),
        "vote_cross_entropy": MetricName(
            "vote cross-entropy", "", "lower", "cross-entropy with the raters' votes, in nats"
        ),
    }
)


def metric_name(name: str) -> MetricName:
    """Of a metric of a record; one that is not known is a plain number under its own name."""
    return METRICS.get(name) or MetricName(name.replace("_", " "), "", "", "")


def in_order(names: Iterable[str]) -> list[str]:
    """Names of metrics without doubles, in the order in which readers meet them."""
    given = dict.fromkeys(names)
    return [name for name in METRICS if name in given] + [
        name for name in given if name not in METRICS
    ]


def task_title(protocol: str, subset: str) -> str:
    """A protocol and a subset in words; the whole split goes without saying."""
    return protocol if subset == "whole" else f"{protocol}, {subset}"
