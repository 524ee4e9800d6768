"""Means over an epoch, exact and in a form that a checkpoint can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Tally:
    """Sums of named numbers.

    Lightning keeps running means of its own, but does not save them: of an epoch that is
    continued they would cover the rest alone. These are Python's numbers, float64.

    Attributes:
        count: how often numbers were added.
    """

    def __init__(self) -> None:
        self.count = 0
        self.sums: dict[str, float] = {}

    def add(self, numbers: Mapping[str, float]) -> None:
        """Add the numbers of one step."""
        self.count += 1
        for name, value in numbers.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """By name; nothing where nothing was added."""
        return {name: value / self.count for name, value in self.sums.items()}

    def clear(self) -> None:
        """Begin again."""
        self.count, self.sums = 0, {}

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"count": self.count, "sums": dict(self.sums)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue there."""
        self.count, self.sums = state["count"], dict(state["sums"])
