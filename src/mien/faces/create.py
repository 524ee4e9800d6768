"""Detectors by name."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, UnknownName
from .detection import SMALLEST_FACE, Detector
from .mtcnn import MTCNN
from .whole import WholePicture
from .yunet import YuNet

DETECTORS = ("mtcnn", "yunet", "none")


def create_detector(
    name: str,
    *,
    model: Path | str | None = None,
    min_face: int = SMALLEST_FACE,
    threads: int | None = None,
) -> Detector:
    """Build a face detector.

    Args:
        name: ``"mtcnn"``, ``"yunet"`` or ``"none"`` (each picture is a face crop already).
        model: the detector's own file, for YuNet.
        min_face: side of the smallest face looked for, in pixels.
        threads: how many to compute with; by default one for each physical core.

    Raises:
        UnknownName: if no detector is called ``name``.
        InputError: if YuNet gets no file, or another detector gets one.
        ModelError: if the detector's weights or file are missing or wrong.
    """
    if model is not None and name != "yunet":
        raise InputError(f"--detector-model is for yunet, not for {name}; add --detector yunet")
    if name == "mtcnn":
        return MTCNN(min_face=min_face, threads=threads)
    if name == "yunet":
        if model is None:
            raise InputError("the detector yunet needs its file; name it with --detector-model")
        return YuNet(model, min_face=min_face, threads=threads)
    if name == "none":
        return WholePicture()
    raise UnknownName("detector", name, DETECTORS)
