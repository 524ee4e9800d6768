"""Records of the models that come with mien, and where their files lie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError, NotFound, UnknownName

_WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """A runtime model inside the package.

    Attributes:
        name: what the user calls it.
        file: its file name in the package's folder of weights.
        sha256: of the file, in hexadecimal; empty while the model is not released.
        summary: one line for ``mien models``.
    """

    name: str
    file: str
    sha256: str
    summary: str


SHIPPED = {
    record.name: record
    for record in (
        ShippedModel(
            name="mien-small",
            file="mien-small.onnx",
            sha256="cac35a6c30175fbf12a8e33ec347bb7a4cfb6bde1b18e66144df93d02584479e",
            summary="eight expressions, grey 56-pixel faces, made for a CPU",
        ),
        ShippedModel(
            name="mien-robust",
            file="mien-robust.onnx",
            sha256="a6525f38be04467fbfe14a7090f488228e95399e19afa6f6b156e22d6b812fa6",
            summary="the same, also of noisy, blurred, compressed and coarse faces; 48 pixels",
        ),
    )
}

DEFAULT = "mien-small"
"""The model that is taken when none is named."""


def shipped_model(name: str = DEFAULT) -> Path:
    """The file of a shipped model, checked against its SHA-256.

    Raises:
        UnknownName: if no shipped model has that name.
        ModelError: if the file is missing or is not the one that was shipped.
    """
    if name not in SHIPPED:
        raise UnknownName("shipped model", name, SHIPPED)
    record = SHIPPED[name]
    path = _WEIGHTS / record.file
    try:
        # Read whole: a few megabytes, hashed in some ten milliseconds.
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path}: the shipped model cannot be read ({error.strerror}); "
            "install again with: pip install --force-reinstall mien"
        ) from None
    if record.sha256 and found != record.sha256:
        raise ModelError(
            f"{path}: the shipped model was changed (its SHA-256 is {found[:12]}..., not "
            f"{record.sha256[:12]}...); install again with: pip install --force-reinstall mien"
        )
    return path


def model_file(model: str | Path) -> Path:
    """A shipped model's file by its name, or the file that the user names.

    Args:
        model: a name or a path; a :class:`~pathlib.Path` is always one.

    Raises:
        NotFound: if there is no such file.
        UnknownName: if it looks like a name, and no shipped model has it.
        ModelError: as :func:`shipped_model`.
    """
    if isinstance(model, str) and model in SHIPPED:
        return shipped_model(model)
    path = Path(model)
    if path.is_file():
        return path
    if isinstance(model, Path) or path.exists() or path.suffix or len(path.parts) > 1:
        raise NotFound(f"{path}: there is no such model file")
    raise UnknownName("shipped model", str(model), SHIPPED)
