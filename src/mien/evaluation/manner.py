"""How models are asked: which views of a picture, whose boxes, which damage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import InputError, UnknownName
from ..faces.detection import Detector
from .answering import BATCH
from .views import VIEWS, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How models are asked.

    Attributes:
        view: ``"plain"``, ``"flip"`` or ``"ten-crop"``, see :mod:`mien.evaluation.views`.
        detector: finds the faces in the data set's own pictures, from end to end; ``None``
            takes them as the data set has them.
        found_by: what the record says of the detector's own settings.
        robustness: on how many pictures the answers to damaged ones are measured; 0 for all,
            ``None`` not to measure them.
        batch: how many pictures go through a network together.
    """

    view: View = "plain"
    detector: Detector | None = None
    found_by: Mapping[str, str | int | float] = field(default_factory=dict)
    robustness: int | None = None
    batch: int = BATCH

    def __post_init__(self) -> None:
        if self.view not in VIEWS:
            raise UnknownName("view", self.view, VIEWS)
        if self.robustness is not None and self.robustness < 0:
            raise InputError(f"robustness is {self.robustness} pictures, not at least 0")
        if self.robustness is not None and self.detector is not None:
            raise InputError(
                "robustness is measured on faces as the data set has them; ask for it without "
                "--end-to-end"
            )

    @property
    def settings(self) -> dict[str, str | int | float]:
        """What the record says of it."""
        said: dict[str, str | int | float] = {}
        if self.view != "plain":
            said["views"] = self.view
        if self.detector is not None:
            said |= {"detector": self.detector.name, **self.found_by}
        return said
