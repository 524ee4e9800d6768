"""Cut one picture's face and store it: the work of each process of ``mien data prepare``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...errors import DataError
from ...preprocess import Picture
from ..reader import Reader
from .alignment import usable_box
from .journal import Entry, State, write_whole, writing
from .prepare_settings import PictureFormat, Settings
from .prepared_table import file_of

_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]


@dataclass(frozen=True)
class FaceStore:
    """Called with a row of the reader, stores its face and tells what became of it.

    Attributes:
        reader: of the original copy.
        output: folder of the prepared copy.
        settings: how faces are found, cut and stored.
    """

    reader: Reader
    output: Path
    settings: Settings

    def file(self, row: int) -> str:
        """Where the picture of a row lies in the prepared copy."""
        return file_of(self.reader.split, row, self.reader.names[row], self.settings.picture_format)

    def __call__(self, row: int) -> Entry:
        """Do one picture.

        Raises:
            OutputError: if it cannot be written.
        """
        try:
            picture = self.reader.picture(row)
        except DataError as error:
            reason = str(error).removeprefix(f"{self.reader.root}: ")
            return Entry(row, "unreadable", reason=" ".join(reason.split()))
        state, crop = self.cut(picture, row)
        if crop is None:
            return Entry(row, state)
        data = encoded(crop, self.settings.picture_format)
        path = self.output / self.file(row)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
        return Entry(row, state, len(data))

    def cut(self, picture: Picture, row: int) -> tuple[State, Picture | None]:
        """A face, or what the rule puts in its place: the set's box, or the whole picture.

        Without a detector, a picture without a usable box has no face where others have boxes.
        """
        boxes = self.reader.table.boxes
        height, width = picture.shape[:2]
        own = usable_box(None if boxes is None else boxes[row].tolist(), width, height)
        boxless = boxes is not None and own is None and self.settings.detector == "none"
        face = None if boxless else self.settings.finder(picture, own)
        if face is not None:
            return "found", self.settings.preprocess.cut(picture, face.box, face.landmarks)
        if self.settings.missing == "drop":
            return "dropped", None
        return "kept", self.settings.preprocess.cut(picture, own)


def encoded(picture: Picture, picture_format: PictureFormat) -> bytes:
    """A picture (H, W, 3) RGB as a file; one with three equal channels in grey."""
    grey = bool(np.all(picture == picture[..., :1]))
    values: Any = picture[..., 0] if grey else picture[..., ::-1]
    settings = _JPEG if picture_format == "jpg" else []
    done, data = cv2.imencode(f".{picture_format}", np.ascontiguousarray(values), settings)
    if not done:
        raise DataError(f"OpenCV cannot write {picture_format}; choose the other format")
    return bytes(data)
