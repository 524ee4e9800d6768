"""The faces of a split that are damaged on purpose, the same ones for every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...preprocess import Picture, Preprocess
from ..answers import Answers
from ..faces import Faces, FacesAsTheyAre
from ..scores import RobustnessPoint
from ..tasks import Task
from .robustness import draw, measure_robustness


@dataclass(frozen=True, slots=True)
class DamagedSample:
    """Some faces of a split.

    Attributes:
        faces: of the split.
        names: of its N pictures.
        task: which of them count, and as what.
        rows: int (K,), positions of the sample.
    """

    faces: Faces
    names: Sequence[str]
    task: Task
    rows: NDArray[np.intp]

    @classmethod
    def of(cls, faces: Faces, names: Sequence[str], task: Task, images: int) -> DamagedSample:
        """Those of the faces there are that :func:`~mien.evaluation.damage.robustness.draw` draws.

        Raises:
            DataError: if there is not one.
        """
        there = task.where(faces.there, task.subset)
        return cls(faces, names, task, draw(names, there, images))

    def measure(
        self,
        classify: Callable[[Sequence[Picture]], Answers],
        frame: Preprocess,
        progress: Callable[[int, int], None] | None = None,
    ) -> tuple[RobustnessPoint, ...]:
        """A model's accuracies, as :func:`~mien.evaluation.damage.robustness.measure_robustness`.

        Args:
            classify: answers crops, damaged or not.
            frame: frames faces in photographs.
            progress: told the crops done and the crops in all.
        """
        return measure_robustness(
            classify,
            FacesAsTheyAre(self.faces, self.rows, frame),
            [self.names[row] for row in self.rows],
            self.task.at(self.rows),
            progress=progress,
        )
