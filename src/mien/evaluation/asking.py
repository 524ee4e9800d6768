"""Ask each model for its answers: to the faces of a split, and to damaged ones."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from ..preprocess import Picture
from .answering import Cut, Progress
from .answers import MISSED, Answers
from .contenders import Contender
from .damage.corruptions import CORRUPTIONS, STRENGTHS
from .damage.sample import DamagedSample
from .detected import DetectedFaces
from .faces import Faces
from .framing import framing_warning
from .manner import Manner
from .passes import Passes
from .predictions import Predictions
from .scores import RobustnessPoint
from .split import Split

log = logging.getLogger("mien")


class Asking:
    """Models and the faces that they are shown.

    Tables are read at once, and every network is asked for one face, so that what is wrong with
    the last of them is said before the first has worked for an hour.

    Args:
        contenders: the models.
        opened: the split, with its tasks.
        manner: how they are asked.
        progress: called now and then with the faces done and the faces in all.

    Attributes:
        faces: of the split.
        rehearsed: by the name of each model, the answers of a table; of a network those to one
            picture, with no answer to the others.

    Raises:
        DataError: if a table does not fit the split, or a picture cannot be read.
        ModelError: if a network fails, or does not answer what is said of it.
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        opened: Split,
        manner: Manner,
        progress: Progress | None,
    ) -> None:
        self._opened, self._manner = opened, manner
        self.faces = Faces(opened.reader)
        task, names, images = opened.tasks[0], opened.reader.names, manner.robustness
        self._sample = (
            None
            if images is None
            else DamagedSample.of(self.faces, names, task, images or len(names))
        )
        self.rehearsed = {one.name: self._rehearse(one) for one in contenders}
        networks = sum(not isinstance(one.source, Predictions) for one in contenders)
        damages = 0 if self._sample is None else len(self._sample.rows) * _damages()
        self._passes = Passes(networks * (len(opened.reader) + damages), progress)

    def answers(self, one: Contender) -> Answers:
        """A model's answers to the whole split."""
        if isinstance(one.source, Predictions):
            return self.rehearsed[one.name]
        return one.source.answer(
            self._cut(),
            len(self._opened.reader),
            view=self._manner.view,
            batch=self._manner.batch,
            progress=self._passes,
        )

    def robustness(self, one: Contender) -> tuple[RobustnessPoint, ...]:
        """Accuracies on damaged pictures, the same ones for every model; none of a table.

        Where they are whole photographs, each model's faces are cut as its card says.
        """
        if self._sample is None or isinstance(one.source, Predictions):
            return ()
        network, manner = one.source, self._manner

        def classify(pictures: Sequence[Picture]) -> Answers:
            return network(pictures, view=manner.view, batch=manner.batch)

        return self._sample.measure(classify, one.preprocess, self._passes)

    def _cut(self) -> Cut:
        detector = self._manner.detector
        return self.faces if detector is None else DetectedFaces(self._opened.reader, detector)

    def _rehearse(self, one: Contender) -> Answers:
        reader, tasks = self._opened.reader, self._opened.tasks
        counting = np.any([task.counts for task in tasks], axis=0)
        if isinstance(one.source, Predictions):
            return one.source.answers(reader, counting)
        preprocess = one.source.card.preprocess
        if self._manner.detector is None and (
            warning := framing_warning(preprocess, reader.preprocess)
        ):
            log.warning("%s", warning)
        row = int(np.flatnonzero(counting)[0])
        first = one.source.answer(
            lambda _rows, prepared: self.faces([row], prepared), 1, view=self._manner.view
        )
        predicted = np.full(len(reader), MISSED, np.int64)
        predicted[row] = first.predicted[0]
        return Answers(first.labels, predicted)


def _damages() -> int:
    """How often each picture of the sample is shown."""
    return 1 + len(CORRUPTIONS) * len(STRENGTHS)
