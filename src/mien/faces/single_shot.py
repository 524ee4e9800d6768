"""What detectors share whose one network looks once at the whole picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import MienError, ModelError
from ..preprocess import Picture
from .boxes import suppress
from .crops import Octaves
from .detection import Detection
from .session import cores, open_session

Faces: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Scores (N,), boxes (N, 4) left, top, right, bottom, and landmarks (N, 5, 2): the eye on the
picture's left, the other, nose, left and right mouth corner; in pixels of the network's input."""

_ARCHIVE = b"PK\x03\x04"  # opens files of torch.save, which are zip files
_PICKLE, _PROTOCOLS = 0x80, range(2, 6)  # open those of PyTorch before 1.6


class SingleShot(ABC):
    """A detector on onnxruntime; see :class:`YuNet` for what its arguments mean.

    Attributes:
        title: the network's name in messages.
        needed: pixels that a face has in the network's input.
        remedy: what to do instead if a file is not such a network.
    """

    name: str
    title: ClassVar[str]
    needed: ClassVar[int]
    remedy: ClassVar[str]

    def __init__(
        self,
        model: Path | str,
        score_threshold: float,
        nms_threshold: float,
        min_face: float,
        max_side: int,
        threads: int | None,
        smaller: bool,
    ) -> None:
        if not 0 <= score_threshold <= 1 or not 0 <= nms_threshold <= 1:
            raise MienError(f"the thresholds of {self.title} are numbers between 0 and 1")
        if min_face < 1 or max_side < 1:
            raise MienError(f"min_face is {min_face} and max_side {max_side}; both are above zero")
        self._score_threshold, self._nms_threshold = score_threshold, nms_threshold
        self._zoom, self._max_side = self.needed / min_face, max_side
        self._smallest = 0.0 if smaller else min_face
        try:
            content = Path(model).read_bytes()
        except OSError as error:
            raise ModelError(f"{model}: cannot be read ({error.strerror})") from None
        if _from_pytorch(content):
            raise ModelError(f"{model}: holds weights of PyTorch, not ONNX; {self.remedy}")
        self._content, self._source = content, str(model)
        self._workers = threads or cores()
        try:
            self._session = open_session(content, self._source, threads)
        except ModelError as error:
            raise ModelError(f"{error}; {self.remedy}") from None
        self._input = self._checked(self._session, self._source)

    @abstractmethod
    def _checked(self, session: Any, source: str) -> str:
        """The input's name, if the model is the right one.

        Raises:
            ModelError: if not.
        """

    @abstractmethod
    def _look(self, session: Any, picture: Picture) -> Faces:
        """The faces of one picture that score enough, with all that overlap."""

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Faces of each picture, largest score first.

        Args:
            pictures: uint8 (H, W, 3) RGB, of any sizes.
        """
        if min(len(pictures), self._workers) < 2:
            return [self._detect(self._session, picture) for picture in pictures]
        workers, session = self._crew
        return list(workers.map(partial(self._detect, session), pictures))

    @cached_property
    def _crew(self) -> tuple[ThreadPoolExecutor, Any]:
        """For several pictures: one thread for each is faster than all threads for one."""
        session = open_session(self._content, self._source, threads=1)
        return ThreadPoolExecutor(self._workers, thread_name_prefix=f"mien-{self.name}"), session

    def _detect(self, session: Any, picture: Picture) -> list[Detection]:
        shrunk = self._shrunk(picture)
        (height, width), (rows, columns) = picture.shape[:2], shrunk.shape[:2]
        scores, boxes, points = self._look(session, shrunk)
        zoom = np.array([width / columns, height / rows])
        boxes, points = boxes * np.tile(zoom, 2), points * zoom
        large = (boxes[:, 2:] - boxes[:, :2]).max(1, initial=0) >= self._smallest
        scores, boxes, points = scores[large], boxes[large], points[large]
        found = []
        for face in suppress(boxes, scores, self._nms_threshold):
            left, top, right, bottom = boxes[face].tolist()
            box = (left, top, right - left, bottom - top)
            found.append(Detection(box, float(scores[face]), points[face].astype(np.float32)))
        return found

    def _shrunk(self, picture: Picture) -> Picture:
        zoom = min(self._zoom, self._max_side / max(picture.shape[:2]))
        return picture if zoom >= 1 else Octaves(picture).scaled(zoom)


def _from_pytorch(content: bytes) -> bool:
    """Whether this is what ``torch.save`` writes; an ONNX file never starts so."""
    if content.startswith(_ARCHIVE):
        return True
    return len(content) > 1 and content[0] == _PICKLE and content[1] in _PROTOCOLS
