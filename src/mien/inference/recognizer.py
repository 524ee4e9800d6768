"""Pictures in, faces with their expressions out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..card import Card
from ..errors import InputError, MienError
from ..expressions import LabelSet
from ..faces import SMALLEST_FACE, Detection, Detector, Tracker, create_detector
from ..preprocess import Picture
from ..zoo import DEFAULT, model_file
from .ahead import ahead
from .face_heatmap import Heatmap, heatmap_of
from .results import Face
from .session import Model
from .source_files import CAMERA, Source, camera_index
from .sources import read_sources
from .video import Frame, ask_for_camera

_BATCH = 8

# Frames of a batch wait in memory together, so large photos go one by one.
_BATCH_PIXELS = 2**23


class Recognizer:
    """Finds the faces in pictures and recognises their expressions.

    Threads may share one; each process makes its own.

    Args:
        model: name of a shipped model, or an ONNX file that carries a card; by default the
            shipped model.
        detector: ``"mtcnn"``, ``"yunet"``, ``"retinaface"``, ``"none"`` (pictures are face
            crops already), or an object that finds faces.
        detector_model: file of the detector's network, where it needs one (YuNet, RetinaFace).
        min_face: side in pixels of the smallest face: no box with a shorter longer side is given.
        threads: how many the networks may use; ``None`` for one per core.
        min_confidence: below this probability a face keeps its probabilities but gets no
            expression.
        batch: how many frames go through the networks together.
        heatmap: give each face a map of where the network looked, for ``annotate``; of models
            that have attention.

    Raises:
        UnknownName: if no model or detector has that name.
        NotFound, ModelError, CardError: if a model file is missing, damaged or without card;
            ModelError, too, if heat maps are asked of a model without attention.
        InputError: if an option is out of range.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        detector: str | Detector = "mtcnn",
        detector_model: str | Path | None = None,
        min_face: int = SMALLEST_FACE,
        threads: int | None = None,
        min_confidence: float = 0.0,
        batch: int = _BATCH,
        heatmap: bool = False,
    ) -> None:
        if not 0 <= min_confidence <= 1:
            raise InputError(f"min_confidence is {min_confidence}, not between 0 and 1")
        for name, number in (("batch", batch), ("min_face", min_face), ("threads", threads)):
            if number is not None and not (isinstance(number, Integral) and 1 <= number < 2**31):
                raise InputError(f"{name} is {number}, not a whole number of at least 1")
        if not isinstance(detector, str) and not callable(detector):
            raise InputError(f"detector is {detector!r}, no name and no object that finds faces")
        self.model = Model(model_file(DEFAULT if model is None else model), threads=threads)
        if heatmap:
            self.model.require_attention()
        self.detector = (
            _detector(detector, detector_model, min_face, threads)
            if isinstance(detector, str)
            else detector
        )
        self.min_confidence = min_confidence
        self.batch = batch
        self.heatmap = heatmap

    @property
    def card(self) -> Card:
        """What the model says of itself."""
        return self.model.card

    @property
    def labels(self) -> LabelSet:
        """The expressions that the model tells apart, in its order."""
        return self.card.labels

    def __call__(self, source: Source | Sequence[Source]) -> list[Face]:
        """Recognise everything in a source; all rows are in memory at once.

        Args:
            source: path of a photo, folder or video, a glob, the bytes of a picture file, an
                array, uint8 (H, W, 3) RGB or (H, W) grey, or a list of these. For long videos
                and cameras, whose rows do not end, take :meth:`stream`.

        Returns:
            One record for each face, and one with ``face is None`` for each picture or
            frame without a face.

        Raises:
            InputError: if a source cannot be read.
        """
        sources = _as_list(source)
        for index in map(camera_index, sources):
            if index is not None:
                raise InputError(f"camera {index}: a camera does not end; take stream([...])")
        return [face for _, faces in self.stream(sources) for face in faces]

    def stream(
        self,
        sources: Source | Sequence[Source],
        *,
        every: int = 1,
        on_error: Callable[[MienError], None] | None = None,
        leave_out: Path | None = None,
    ) -> Iterator[tuple[Frame, list[Face]]]:
        """Recognise frame by frame, in bounded memory.

        Args:
            sources: as for calling the recognizer, and ``camera:N`` or a camera's index.
            every: of videos and cameras, take every how many-th frame.
            on_error: called with what could not be read, and the rest goes on; without it
                the error is raised. What was read before comes first in either case.
            leave_out: a folder that is not searched where it lies in one of the sources, such
                as the one that annotated pictures go to.

        Yields:
            Each frame with its records, in order.
        """
        if every < 1:
            raise InputError(f"every is {every}, not at least 1")
        tracks = _Tracks()
        named = _as_list(sources)
        for index in map(camera_index, named):
            if index is not None:
                ask_for_camera(index)
        read = read_sources(named, every=every, leave_out=leave_out)
        for item in ahead(_batches(read, self.batch)):
            if not isinstance(item, MienError):
                yield from zip(item, self._recognise(item, tracks), strict=True)
            elif on_error is None:
                raise item
            else:
                on_error(item)

    def _recognise(self, frames: list[Frame], tracks: _Tracks) -> list[list[Face]]:
        """Detect in all frames, classify all faces at once, and share the answers out."""
        found = self.detector([frame.picture for frame in frames])
        tracked = [tracks(frame, faces) for frame, faces in zip(frames, found, strict=True)]
        answers = self._classify(
            [
                (frame.picture, one)
                for frame, faces in zip(frames, tracked, strict=True)
                for one, _ in faces
            ]
        )
        return [
            self._faces(frame, faces, answers) for frame, faces in zip(frames, tracked, strict=True)
        ]

    def _classify(
        self, faces: Sequence[tuple[Picture, Detection]]
    ) -> Iterator[tuple[NDArray[np.float32], Heatmap | None]]:
        """For each face of a picture its probabilities, and where the network looked."""
        if not faces:
            return iter(())
        prepare = self.card.preprocess
        crops = [prepare.cut(picture, one.box, one.landmarks) for picture, one in faces]
        inputs = prepare.normalise(np.stack(crops))
        if not self.heatmap:
            return ((row, None) for row in self.model.probabilities(inputs))
        rows, maps = self.model.probabilities_and_attention(inputs)
        return (
            (row, heatmap_of(of_face, prepare, picture, one))
            for row, of_face, (picture, one) in zip(rows, maps, faces, strict=True)
        )

    def _faces(
        self,
        frame: Frame,
        detections: Sequence[tuple[Detection, int | None]],
        answers: Iterator[tuple[NDArray[np.float32], Heatmap | None]],
    ) -> list[Face]:
        """The records of one frame, of detections with their tracks; takes one answer for each."""
        if not detections:
            nobody = Face(
                source=frame.source,
                frame=frame.number,
                time_s=frame.time_s,
                model=self.model.name,
            )
            return [nobody]
        faces = []
        # ``answers`` comes last, so that zip takes none beyond this frame's.
        for number, ((detection, track), (row, heat)) in enumerate(
            zip(detections, answers, strict=False)
        ):
            best = int(np.argmax(row))
            confidence = float(row[best])
            faces.append(
                Face(
                    source=frame.source,
                    frame=frame.number,
                    time_s=frame.time_s,
                    face=number,
                    track=track,
                    box=detection.box or _whole(frame.picture),
                    detection_score=detection.score,
                    landmarks=detection.landmarks,
                    expression=(self.labels[best] if confidence >= self.min_confidence else None),
                    confidence=confidence,
                    probabilities=dict(zip(self.labels, row.tolist(), strict=True)),
                    model=self.model.name,
                    heatmap=heat,
                )
            )
        return faces


class _Tracks:
    """Numbers the faces over the frames of each video; a photo's have no track.

    An unsure one is a face of a video only where there was one before: of thousands of frames
    without anybody some show something that resembles one.
    """

    def __init__(self) -> None:
        self._source: str | None = None
        self._tracker: Tracker | None = None

    def __call__(
        self, frame: Frame, found: Sequence[Detection]
    ) -> Sequence[tuple[Detection, int | None]]:
        if frame.number is None:
            return [(one, None) for one in found]
        if self._tracker is None or frame.source != self._source or frame.number == 0:
            self._source, self._tracker = frame.source, Tracker()
        whole = _whole(frame.picture)
        placed = [replace(one, box=one.box or whole) for one in found]
        places = [
            place
            for place, one in enumerate(placed)
            if not one.unsure or self._tracker.follows(one)
        ]
        numbers = self._tracker([placed[place] for place in places])
        return [(found[place], number) for place, number in zip(places, numbers, strict=True)]


def _batches(
    items: Iterable[Frame | MienError], batch: int
) -> Generator[list[Frame] | MienError, None, None]:
    """Group frames; an error ends the group before it, so that order is kept."""
    group: list[Frame] = []
    pixels = 0
    for item in items:
        if isinstance(item, MienError):
            if group:
                yield group
            group, pixels = [], 0
            yield item
            continue
        group.append(item)
        pixels += item.picture.shape[0] * item.picture.shape[1]
        if len(group) == batch or pixels >= _BATCH_PIXELS or item.source.startswith(CAMERA):
            yield group
            group, pixels = [], 0
    if group:
        yield group


def _as_list(source: Source | Sequence[Source]) -> list[Source]:
    return list(source) if isinstance(source, list | tuple) else [source]  # type: ignore[list-item]


def _whole(picture: Picture) -> tuple[float, float, float, float]:
    return (0.0, 0.0, float(picture.shape[1]), float(picture.shape[0]))


def _detector(name: str, model: str | Path | None, min_face: int, threads: int | None) -> Detector:
    return create_detector(name, model=model, min_face=min_face, threads=threads)
