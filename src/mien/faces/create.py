"""Detectors by name."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, UnknownName
from .detection import SMALLEST_FACE, Detector
from .mtcnn import AGAIN, MTCNN, SURE_AGAIN
from .retinaface import RetinaFace
from .whole import WholePicture
from .yunet import YuNet

DETECTORS = ("mtcnn", "yunet", "retinaface", "none")

_WITH_FILE: dict[str, type[YuNet] | type[RetinaFace]] = {"yunet": YuNet, "retinaface": RetinaFace}


def create_detector(
    name: str,
    *,
    model: Path | str | None = None,
    min_face: int = SMALLEST_FACE,
    threads: int | None = None,
    unsure: bool = True,
    smaller: bool = False,
) -> Detector:
    """Build a face detector.

    Args:
        name: ``"mtcnn"``, ``"yunet"``, ``"retinaface"`` or ``"none"`` (each picture is a face
            crop already).
        model: the detector's own file, for YuNet and RetinaFace.
        min_face: side of the smallest face to be found, in pixels.
        threads: how many to compute with; by default one for each physical core.
        unsure: whether MTCNN gives the best face of a picture in which it is sure of none.
        smaller: give faces smaller than ``min_face``, too, where some are found nevertheless.

    Raises:
        UnknownName: if no detector is called ``name``.
        InputError: if YuNet or RetinaFace gets no file, or another detector gets one.
        ModelError: if the detector's weights or file are missing or wrong.
    """
    if name in _WITH_FILE:
        detector = _WITH_FILE[name]
        if model is None:
            raise InputError(
                f"the detector {name} needs its file, named with --detector-model; "
                f"{detector.remedy}"
            )
        return detector(model, min_face=min_face, threads=threads, smaller=smaller)
    if model is not None and name in DETECTORS:
        raise InputError(
            f"--detector-model is for {' and '.join(_WITH_FILE)}, not for {name}; "
            f"add --detector {' or '.join(_WITH_FILE)}"
        )
    if name == "mtcnn":
        again = AGAIN if unsure else SURE_AGAIN
        return MTCNN(min_face=min_face, threads=threads, again=again, smaller=smaller)
    if name == "none":
        return WholePicture()
    raise UnknownName("detector", name, DETECTORS)
