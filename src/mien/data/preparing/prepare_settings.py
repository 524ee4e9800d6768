"""The settings of ``mien data prepare``, which a copy keeps from its first picture to its last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from ...errors import InputError, UnknownName
from ...faces.mtcnn_weights import SHA256
from ...preprocess import Preprocess
from .alignment import Align, FaceFinder, face_preprocess

Missing = Literal["keep", "drop"]
PictureFormat = Literal["png", "jpg"]

METHOD = 1
"""Of finding and choosing faces; to be raised when the same settings give other pictures."""

_SMALLEST, _LARGEST = 16, 1024


@dataclass(frozen=True)
class Settings:
    """How faces are found, cut and stored; :func:`.prepare.prepare` explains each.

    Raises:
        InputError: if the size is out of range, or the alignment needs a detector.
        UnknownName: if a word is unknown.
        ModelError: if the detector's file is missing or wrong.
    """

    size: int = 112
    detector: str = "mtcnn"
    detector_model: Path | str | None = None
    missing: Missing = "keep"
    align: Align | None = None
    picture_format: PictureFormat = "png"
    like: Preprocess | None = None

    def __post_init__(self) -> None:
        check_words("rule for missing faces", self.missing, get_args(Missing))
        check_words("picture format", self.picture_format, get_args(PictureFormat))
        if self.align is not None:
            check_words("alignment", self.align, get_args(Align))
        if self.align is not None and self.like is not None:
            raise InputError("faces are aligned one way, or cut as a model cuts them, not both")
        if not (isinstance(self.size, int) and _SMALLEST <= self.size <= _LARGEST):
            raise InputError(
                f"the size is {self.size}; choose it between {_SMALLEST} and {_LARGEST}"
            )
        if self.detector == "none" and "similarity" in (self.align, self.like and self.like.align):
            raise InputError(
                "without a detector there are no landmarks to align by; "
                "choose a detector, or the alignment square"
            )
        self.finder.open()

    @cached_property
    def finder(self) -> FaceFinder:
        """Finds the faces."""
        return FaceFinder(self.detector, self.detector_model)

    @cached_property
    def preprocess(self) -> Preprocess:
        """How the faces are cut."""
        if self.like is not None:
            return face_preprocess(self.size, self.like)
        default: Align = "square" if self.detector == "none" else "similarity"
        return face_preprocess(self.size, self.align or default)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they come back from JSON."""
        digests = list(SHA256.values()) if self.detector == "mtcnn" else []
        if self.detector_model is not None:
            digests = [hashlib.sha256(Path(self.detector_model).read_bytes()).hexdigest()]
        values = {
            "method": METHOD,
            "detector": self.detector,
            "detector_sha256": digests,
            "preprocess": self.preprocess.to_dict(),
            "missing": self.missing,
            "picture_format": self.picture_format,
        }
        plain: dict[str, Any] = json.loads(json.dumps(values))
        return plain


def check_words(kind: str, word: str, known: tuple[str, ...]) -> None:
    """Refuse a word that is not among the known ones.

    Raises:
        UnknownName: naming the kind.
    """
    if word not in known:
        raise UnknownName(kind, word, known)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which settings differ, in words; empty if none does."""
    first, second = _options(before), _options(now)
    names = [name for name in second if first.get(name) != second[name]]
    found = [f"--{name} {first.get(name)}, not {second[name]}" for name in names]
    if "detector" not in names and before.get("detector_sha256") != now["detector_sha256"]:
        found.append("another file of the detector")
    if not found and before["preprocess"] != now["preprocess"]:
        found.append("faces cut as another model cuts them, or another version of mien does")
    if not found and before != now:
        found.append("another version of mien, which finds or cuts faces otherwise")
    return "; ".join(found)


def _options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """By their names on the command line."""
    cut = settings["preprocess"]
    return {
        "size": cut.get("size"),
        "align": cut.get("align"),
        "detector": settings.get("detector"),
        "missing": settings.get("missing"),
        "format": settings.get("picture_format"),
    }
